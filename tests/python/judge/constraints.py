"""What a model demands of a value beyond its form: required members, lengths, ranges, patterns, enums."""

import functools

import regex

from .scalars import INVALID


# Where AWS answers what its own model lacks, by the shape's name.
_ANSWERED_BESIDES = {
    # EC2's reference of InternetGatewayAttachment: "For an internet gateway, the state is available when attached".
    "AttachmentStatus": {"available"},
    # EC2's reference of DescribeVpcEndpoints: the state of its example.
    "State": {"available"},
}

# Where AWS answers forms that it no longer takes, by the shape's name.
_ANSWERED_FORMS = {
    # What was signed up with is kept, and numbers were long taken without their country's code.
    "ContactInformationPhoneNumber": r"[\s0-9()+-]+",
}


class Constraints:
    """Checks values against shapes, and remembers the patterns that it could not read.

    `of_answers`: the values come from the service, which holds itself less strictly to its model than its clients.
    """

    def __init__(self, of_answers=False):
        self._of_answers = of_answers
        self.unread_patterns = set()

    def check(self, shape, value, path, findings):
        """`value`: dicts by member name, lists, typed scalars; INVALID where something was reported already."""
        if value is INVALID or value is None:
            return
        kind = shape.type_name
        if kind == "structure":
            self._structure(shape, value, path, findings)
        elif kind == "list":
            self._size(shape, len(value), path, "members", findings)
            for index, member in enumerate(value):
                self.check(shape.member, member, f"{path}[{index}]", findings)
        elif kind == "map":
            self._size(shape, len(value), path, "entries", findings)
            for key, member in value.items():
                self.check(shape.key, key, f"{path}.key", findings)
                self.check(shape.value, member, f"{path}.{key}", findings)
        elif kind in ("string", "character"):
            self._string(shape, value, path, findings)
        elif kind == "blob":
            self._size(shape, len(value), path, "bytes", findings)
        elif kind in ("integer", "long", "float", "double"):
            self._range(shape, value, path, findings)

    def _structure(self, shape, value, path, findings):
        # The same test as botocore's own: a document has any form.
        if getattr(shape, "is_document_type", False):
            return
        for name in shape.required_members:
            if value.get(name) is None:
                findings.add(f"{path}.{name}", "is required and missing")
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            findings.add(path, f"is a union and has {len(value)} members instead of one")
        for name, member in value.items():
            self.check(shape.members[name], member, f"{path}.{name}", findings)

    def _string(self, shape, value, path, findings):
        self._size(shape, len(value), path, "characters", findings)
        allowed = shape.enum
        besides = _ANSWERED_BESIDES.get(shape.name, ()) if self._of_answers else ()
        if allowed and value not in allowed and value not in besides:
            findings.add(path, f"is {value!r}, which is none of {', '.join(sorted(allowed))}")
        pattern = shape.metadata.get("pattern")
        if self._of_answers:
            pattern = _ANSWERED_FORMS.get(shape.name, pattern)
        if pattern is not None:
            compiled = _compile(pattern)
            if compiled is None:
                self.unread_patterns.add(pattern)
            elif not compiled.fullmatch(value):
                findings.add(path, f"is {value!r}, which does not match {pattern}")

    def _size(self, shape, size, path, unit, findings):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        # Answers have empty lists and maps where a client must send a member, such as GuardDuty's tags.
        empty = self._of_answers and size == 0 and shape.type_name in ("list", "map")
        if least is not None and size < least and not empty:
            findings.add(path, f"has {size} {unit}, and at least {least} are asked for")
        if most is not None and size > most:
            findings.add(path, f"has {size} {unit}, and at most {most} are allowed")

    def _range(self, shape, value, path, findings):
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if least is not None and value < least:
            findings.add(path, f"is {value}, and at least {least} is asked for")
        if most is not None and value > most:
            findings.add(path, f"is {value}, and at most {most} is allowed")


@functools.cache
def _compile(pattern):
    """The models' patterns are Java's; the regex module reads nearly all of them as they are."""
    try:
        return regex.compile(pattern, regex.V1)
    except regex.error:
        return None
