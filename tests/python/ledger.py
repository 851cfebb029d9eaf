"""What AWS's answers have in them, by botocore's model, and each answer with one member changed.

    python -m ledger EXCHANGES LEDGER CHANGED

EXCHANGES has a line for each answer: {"call", "region", "status", "headers", "body" (base64)}. LEDGER is JSON:
{"depths": the calls to look at, each with how deep (1 for the members of the output alone, 0 for all),
 "home": the home region, "prepared": answers that are changed beforehand: {"call", "set": members with their values},
 "values": further values to try, by call and member}.
CHANGED gets a line for each changed answer: {"exchange" (the line that it is made of), "prepared" (the line of CHANGED with
the answer that it is to be compared with, if that is not the one in EXCHANGES), "member", "change", "headers", "body"}.
Printed is a JSON object: for each call its members, each with the values that it may have if the model enumerates them.

A member is written as its path: `trailList[].Name`, `Attributes{Policy}` for an entry of a map.
"""

import base64
import copy
import datetime
import json
import re
import sys

from botocore import parsers

from judge.exchange import service_model
from wire_out import encode

# A value that no model has.
UNKNOWN = "VALUE_OF_TOMORROW"

# So many of the enumerated values are tried where there are more.
VALUES = 12


def operation_of(call):
    service, operation = call.split(":")
    model = service_model(service)
    return model, model.operation_model(operation)


class Members:
    """The members of a call's output: its shapes by their paths. Maps get the keys that the model or an answer names."""

    def __init__(self, shape, depth):
        self.depth = depth
        self.known = {}
        if shape is not None:
            self.structure(shape, "", ())

    def structure(self, shape, outer, above):
        for name, member in shape.members.items():
            self.member(member, f"{outer}.{name}" if outer else name, (*above, shape.name))

    def member(self, shape, path, above):
        self.known[path] = shape
        if self.depth and len(above) >= self.depth:
            return
        self.inner(shape, path, above)

    def inner(self, shape, path, above):
        if shape.name in above:
            return
        if shape.type_name == "structure":
            self.structure(shape, path, above)
        elif shape.type_name == "list":
            inner = shape.member
            if inner.type_name != "structure" and getattr(inner, "enum", None):
                self.known[f"{path}[]"] = inner
            self.inner(inner, f"{path}[]", above)
        elif shape.type_name == "map":
            for key in getattr(shape.key, "enum", None) or []:
                self.entry(shape, path, key, above)

    def entry(self, shape, path, key, above=()):
        place = f"{path}{{{key}}}"
        if place not in self.known:
            self.known[place] = shape.value
            self.inner(shape.value, place, above)

    def meet(self, shape, value, path, above=()):
        """Adds the keys of maps that an answer has."""
        if self.depth or shape.name in above:
            return
        if shape.type_name == "structure":
            for name, member in shape.members.items():
                if name in (value or {}):
                    self.meet(member, value[name], f"{path}.{name}" if path else name, (*above, shape.name))
        elif shape.type_name == "list":
            for one in value or []:
                self.meet(shape.member, one, f"{path}[]", above)
        elif shape.type_name == "map":
            for key, one in (value or {}).items():
                self.entry(shape, path, key, above)
                self.meet(shape.value, one, f"{path}{{{key}}}", above)


def sample(shape, above=()):
    """A value of a shape, with what is required in it, and all that is not deep."""
    if getattr(shape, "enum", None):
        return shape.enum[0]
    kind = shape.type_name
    if kind == "structure":
        if shape.name in above:
            return {}
        return {
            name: sample(member, (*above, shape.name))
            for name, member in shape.members.items()
            if name in shape.required_members or len(above) < 2 and not shape.metadata.get("union")
        }
    if kind == "list":
        return [sample(shape.member, above)]
    if kind == "map":
        return {sample(shape.key, above): sample(shape.value, above)}
    if kind in ("string", "character"):
        return "sample"
    if kind == "boolean":
        return True
    if kind in ("integer", "long"):
        return 7
    if kind in ("float", "double"):
        return 7.5
    if kind == "timestamp":
        return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return b"sample"


def some(enum):
    return enum if len(enum) <= VALUES else enum[:3]


def typed(shape, value):
    """A value of the ledger as botocore has it: `now-10d` is a time."""
    kind = shape.type_name
    if kind == "structure":
        return {name: typed(shape.members[name], one) for name, one in value.items()}
    if kind == "list":
        return [typed(shape.member, one) for one in value]
    if kind == "map":
        return {key: typed(shape.value, one) for key, one in value.items()}
    if kind == "timestamp":
        days = re.fullmatch(r"now([+-]\d+)d", value)[1]
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        return now + datetime.timedelta(days=int(days))
    return value


def put(shape, tree, path, value):
    """Puts a value at a path, in the first element of each list on the way."""
    for part in re.findall(r"[^.\[\]{}]+|\[\]|\{[^}]*\}", path):
        if part == "[]":
            key, shape = 0, shape.member
        elif part.startswith("{"):
            key, shape = part[1:-1], shape.value
        else:
            key, shape = part, shape.members[part]
            if key not in tree:
                tree[key] = [] if shape.type_name == "list" else {}
        holder, tree = tree, tree[key] if key != 0 or tree else None
    holder[key] = typed(shape, value)


def others(shape, value):
    """Other values than the one that is there, each with its name."""
    enum = getattr(shape, "enum", None)
    kind = shape.type_name
    if enum:
        for other in [*some(enum), UNKNOWN]:
            if other != value:
                yield other, other
    elif kind in ("string", "character"):
        yield "longer", f"{value}x"
        yield "empty", ""
        if value in ("true", "false"):
            yield "flipped", "true" if value == "false" else "false"
        if value.isdigit():
            yield "more", str(int(value) + 1)
        for effect, other in (("Allow", "Deny"), ("Deny", "Allow")):
            if f'"{effect}"' in value:
                yield other, value.replace(f'"{effect}"', f'"{other}"')
    elif kind == "boolean":
        yield "flipped", not value
    elif kind in ("integer", "long", "float", "double"):
        yield "more", value + 1
        yield "less", value - 1
        yield "much", value * 1000 + 1000
        yield "zero", type(value)(0)
    elif kind == "timestamp":
        for days in (400, 3, -3, -400):
            yield f"{days} days", value + datetime.timedelta(days=days)
    elif kind == "blob":
        yield "longer", value + b"x"
        yield "empty", b""
    elif kind == "list":
        yield "empty", []
        yield "another", [*value, sample(shape.member)]
        if len(value) > 1:
            yield "first", value[:1]
            yield "rest", value[1:]
    elif kind == "map":
        yield "empty", {}
        yield "another", {**value, **sample(shape)}


def additions(shape):
    enum = getattr(shape, "enum", None)
    for value in [*some(enum), UNKNOWN] if enum else [sample(shape)]:
        yield f"added {value}" if enum else "added", value
    if shape.type_name in ("integer", "long"):
        yield "added 100000", 100000
    if shape.type_name == "boolean":
        yield "added false", False


class Changes:
    """Every change of one answer: `(member, change, whole answer)`."""

    def __init__(self, shape, tree, depth, values):
        self.tree = tree
        self.depth = depth
        self.values = values
        self.found = []
        self.structure(shape, self.tree, "", ())

    def add(self, member, change, holder, key, value):
        """Records the whole answer as it is with another value in one place."""
        kept = holder[key] if isinstance(holder, list) or key in holder else None
        had = isinstance(holder, list) or key in holder
        if value is None:
            del holder[key]
        else:
            holder[key] = value
        self.found.append((member, change, copy.deepcopy(self.tree)))
        if value is None and isinstance(holder, list):
            holder.insert(key, kept)
        elif had:
            holder[key] = kept
        else:
            del holder[key]

    def given(self, shape, path):
        """The values that the ledger has for a member."""
        for at, value in enumerate(self.values.get(path, [])):
            yield f"given {at}", typed(shape, value)

    def kept(self, within):
        """The changes of some members, or all: the first and the last of each kind."""
        kinds = {}
        for member, change, whole in self.found:
            if within is None or any(member.startswith(outer) for outer in within):
                kinds.setdefault((member, change), []).append(whole)
        ranked = []
        for (member, change), wholes in kinds.items():
            places = dict.fromkeys((0, len(wholes) - 1))
            for rank, at in enumerate(places):
                ranked.append((rank, member, change, wholes[at]))
        ranked.sort(key=lambda one: one[0])
        return [one[1:] for one in ranked]

    def structure(self, shape, value, outer, above):
        for name, member in shape.members.items():
            path = f"{outer}.{name}" if outer else name
            if value.get(name) is None:
                for change, other in [*additions(member), *self.given(member, path)]:
                    self.add(path, change, value, name, other)
            else:
                self.value(member, value, name, path, (*above, shape.name))
                self.add(path, "absent", value, name, None)

    def value(self, shape, holder, key, path, above):
        value = holder[key]
        for change, other in [*others(shape, value), *self.given(shape, path)]:
            self.add(path, change, holder, key, other)
        if self.depth and len(above) >= self.depth or shape.name in above:
            return
        if shape.type_name == "structure":
            self.structure(shape, value, path, above)
        elif shape.type_name == "list":
            for at, one in enumerate(value):
                if isinstance(one, dict) or shape.member.type_name in ("list", "map"):
                    self.inner(shape.member, value, at, f"{path}[]", above)
                elif getattr(shape.member, "enum", None):
                    for change, other in others(shape.member, one):
                        self.add(f"{path}[]", change, value, at, other)
                else:
                    for change, other in others(shape.member, one):
                        self.add(path, f"element {change}", value, at, other)
                    self.add(path, "element absent", value, at, None)
        elif shape.type_name == "map":
            for name in list(value):
                place = f"{path}{{{name}}}"
                self.value(shape.value, value, name, place, above)
                self.add(place, "absent", value, name, None)

    def inner(self, shape, holder, at, path, above):
        if shape.type_name == "structure":
            if shape.name not in above:
                self.structure(shape, holder[at], path, above)
        else:
            self.value(shape, holder, at, path, above)


def read(entry):
    """The protocol of an answer, and its tree."""
    service, operation = operation_of(entry["call"])
    cbor = entry["headers"].get("content-type") == "application/cbor"
    protocol = "smithy-rpc-v2-cbor" if cbor else service.resolved_protocol
    received = {
        "status_code": entry["status"],
        "headers": entry["headers"],
        "body": base64.b64decode(entry["body"]),
        "context": {"operation_name": operation.name},
    }
    tree = parsers.create_parser(protocol).parse(received, operation.output_shape)
    tree.pop("ResponseMetadata", None)
    return protocol, tree


class Out:
    """The changed answers as they are written."""

    def __init__(self, file):
        self.file = file
        self.lines = 0

    def write(self, entry, number, protocol, prepared, member, change, whole):
        service, operation = operation_of(entry["call"])
        before = base64.b64decode(entry["body"])
        headers, text = encode(protocol, service, operation, whole, entry["headers"], before)
        line = {
            "exchange": number,
            "prepared": prepared,
            "member": member,
            "change": change,
            "headers": headers,
            "body": base64.b64encode(text).decode(),
        }
        self.file.write(json.dumps(line) + "\n")
        self.lines += 1
        return self.lines - 1


def main():
    exchanges, ledger, changed = sys.argv[1:]
    ledger = json.loads(ledger)
    depths = ledger["depths"]
    members = {
        call: Members(operation_of(call)[1].output_shape, depth) for call, depth in depths.items()
    }
    with open(exchanges, encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    # The home region comes first: what it shows need not be tried elsewhere.
    order = sorted(enumerate(entries), key=lambda one: one[1]["region"] != ledger["home"])
    with open(changed, "w", encoding="utf-8") as file:
        out = Out(file)
        for number, entry in order:
            call = entry["call"]
            if call not in depths or entry["status"] >= 300:
                continue
            shape = operation_of(call)[1].output_shape
            if shape is None:
                continue
            protocol, tree = read(entry)
            members[call].meet(shape, tree, "")
            # An answer that is written anew must be understood as it was.
            out.write(entry, number, protocol, None, "", "written anew", tree)
            values = ledger["values"].get(call, {})
            for one in Changes(shape, tree, depths[call], values).kept(None):
                out.write(entry, number, protocol, None, *one)
            for prepared in ledger["prepared"]:
                if prepared["call"] != call:
                    continue
                other = copy.deepcopy(tree)
                try:
                    for path, value in prepared["set"].items():
                        put(shape, other, path, value)
                except (KeyError, IndexError, TypeError):
                    # This answer has nothing to put it in.
                    continue
                line = out.write(entry, number, protocol, None, "", "prepared", other)
                for one in Changes(shape, other, depths[call], values).kept(list(prepared["set"])):
                    out.write(entry, number, protocol, line, *one)
    told = {
        call: {path: list(getattr(shape, "enum", None) or []) for path, shape in found.known.items()}
        for call, found in members.items()
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
