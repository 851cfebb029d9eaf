"""JSON read into the tree of a shape, strictly."""

import json

from . import scalars
from .scalars import INVALID


def parse(text, path, findings):
    """The document, or INVALID."""
    try:
        return json.loads(text)
    except ValueError as error:
        findings.add(path, f"is no JSON: {error}")
        return INVALID


def value(shape, data, path, findings):
    kind = shape.type_name
    if data is None or data is INVALID:
        return data
    if kind == "structure":
        return structure(shape, data, path, findings)
    if kind == "list":
        if not isinstance(data, list):
            return _wrong(path, findings, "list", data)
        return [value(shape.member, item, f"{path}[{index}]", findings) for index, item in enumerate(data)]
    if kind == "map":
        if not isinstance(data, dict):
            return _wrong(path, findings, "map", data)
        return {key: value(shape.value, item, f"{path}.{key}", findings) for key, item in data.items()}
    return scalars.of_json(shape, data, path, findings)


def structure(shape, data, path, findings, besides=()):
    """The members that stand in the object. `besides`: further names that are let pass."""
    if getattr(shape, "is_document_type", False):
        return data
    if not isinstance(data, dict):
        return _wrong(path, findings, "structure", data)
    by_wire_name = {
        member.serialization.get("name", name): name
        for name, member in shape.members.items()
        if "location" not in member.serialization
    }
    result = {}
    for wire_name, item in data.items():
        name = by_wire_name.get(wire_name)
        if name is not None:
            result[name] = value(shape.members[name], item, f"{path}.{name}", findings)
        elif wire_name not in besides:
            findings.add(f"{path}.{wire_name}", "is an unknown member")
    return result


def _wrong(path, findings, kind, data):
    findings.add(path, f"is no {kind}: {data!r}")
    return INVALID
