"""Requests of the query and ec2 protocols: a form, read into the tree of the input shape."""

from urllib.parse import parse_qsl

from . import scalars
from .scalars import INVALID


class _Node:
    """`Filter.1.Name=x` is a node `Filter` with a child `1` with a child `Name` of text `x`."""

    def __init__(self):
        self.text = None
        self.children = {}


def read(body, operation, service, findings):
    """The input as a tree; Action and Version are checked here."""
    path = "request"
    try:
        pairs = parse_qsl(body, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError as error:
        findings.add(path, f"is no form: {error}")
        return INVALID
    root = _Node()
    for key, text in pairs:
        node = root
        for part in key.split("."):
            node = node.children.setdefault(part, _Node())
        if node.text is not None:
            findings.add(f"{path}.{key}", "is sent twice")
        node.text = text
    for name, expected in (("Action", operation.name), ("Version", service.api_version)):
        node = root.children.pop(name, None)
        if node is None or node.text != expected:
            findings.add(f"{path}.{name}", f"is {node and node.text!r} instead of {expected!r}")
    reader = _Reader(service.resolved_protocol in ("ec2",), findings)
    if operation.input_shape is None:
        for name in root.children:
            findings.add(f"{path}.{name}", "is unknown: the operation takes nothing")
        return None
    return reader.structure(operation.input_shape, root, path)


class _Reader:
    def __init__(self, ec2, findings):
        self.ec2 = ec2
        self.findings = findings

    def value(self, shape, node, path):
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape, node, path)
        if kind == "list":
            return self.list(shape, node, path)
        if kind == "map":
            return self.map(shape, node, path)
        for name in node.children:
            self.findings.add(f"{path}.{name}", f"is unknown: a {kind} has no members")
        if node.text is None:
            return INVALID
        return scalars.of_text(shape, node.text, path, self.findings, "iso8601")

    def structure(self, shape, node, path):
        if node.text:
            self.findings.add(path, f"is a structure, and the text {node.text!r} was sent")
        by_wire_name = {self.wire_name(name, member): name for name, member in shape.members.items()}
        result = {}
        for wire_name, child in node.children.items():
            name = by_wire_name.get(wire_name)
            if name is None:
                self.findings.add(f"{path}.{wire_name}", "is no member of the input")
            else:
                result[name] = self.value(shape.members[name], child, f"{path}.{name}")
        return result

    def wire_name(self, name, shape):
        """As the SDKs' serialisers form it."""
        serialization = shape.serialization
        if self.ec2:
            if "queryName" in serialization:
                return serialization["queryName"]
            located = serialization.get("name", name)
            return located[0].upper() + located[1:]
        if shape.type_name == "list" and serialization.get("flattened"):
            return shape.member.serialization.get("name", serialization.get("name", name))
        return serialization.get("name", name)

    def list(self, shape, node, path):
        if node.text == "" and not node.children:
            # How the query protocol, and only it, sends an empty list.
            if self.ec2:
                self.findings.add(path, "is an empty list, which this protocol does not send")
            return []
        if node.text is not None:
            self.findings.add(path, f"is a list, and the text {node.text!r} was sent")
        if not self.ec2 and not shape.serialization.get("flattened"):
            node = self.only_child(node, shape.member.serialization.get("name", "member"), path)
        return [
            self.value(shape.member, item, f"{path}[{index}]") for index, item in self.numbered(node, path)
        ]

    def map(self, shape, node, path):
        if not shape.serialization.get("flattened"):
            node = self.only_child(node, "entry", path)
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        result = {}
        for index, entry in self.numbered(node, path):
            key, value = entry.children.get(key_name), entry.children.get(value_name)
            if key is None or value is None or len(entry.children) != 2:
                self.findings.add(f"{path}[{index}]", f"is no entry of {key_name} and {value_name}")
                continue
            result[key.text] = self.value(shape.value, value, f"{path}.{key.text}")
        return result

    def only_child(self, node, name, path):
        for other in node.children:
            if other != name:
                self.findings.add(f"{path}.{other}", f"is unknown: list members stand under {name}")
        return node.children.get(name, _Node())

    def numbered(self, node, path):
        """The children 1, 2, 3 in order, with indices from 0."""
        expected = [str(number) for number in range(1, len(node.children) + 1)]
        if sorted(node.children) != sorted(expected):
            self.findings.add(
                path, f"is numbered {', '.join(node.children)} instead of from 1 on without gaps"
            )
            return []
        return [(index, node.children[number]) for index, number in enumerate(expected)]
