"""XML read into the tree of a shape. Unlike an SDK's parser this reader overlooks nothing."""

import xml.etree.ElementTree as ElementTree

from . import scalars


def parse(text, path, findings):
    """The root element, or None."""
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        findings.add(path, f"is no XML: {error}")
        return None


def local(name):
    """A name without its namespace."""
    return name.rpartition("}")[2]


def namespace(element):
    """The namespace of an element, without the slash that some services add at its end."""
    return element.tag.rpartition("}")[0].lstrip("{").rstrip("/")


def value(shape, element, path, findings):
    kind = shape.type_name
    if kind == "structure":
        return structure(shape, element, path, findings)
    if kind == "list":
        wire_name = shape.member.serialization.get("name", "member")
        _no_text(element, path, findings)
        for child in element:
            if local(child.tag) != wire_name:
                findings.add(f"{path}.{local(child.tag)}", f"is unknown: list members are called {wire_name}")
        return _items(shape, [child for child in element if local(child.tag) == wire_name], path, findings)
    if kind == "map":
        _no_text(element, path, findings)
        for child in element:
            if local(child.tag) != "entry":
                findings.add(f"{path}.{local(child.tag)}", "is unknown: map entries are called entry")
        return _map(shape, [child for child in element if local(child.tag) == "entry"], path, findings)
    for child in element:
        findings.add(f"{path}.{local(child.tag)}", f"is unknown: a {kind} has no members")
    return scalars.of_text(shape, element.text or "", path, findings, "iso8601")


def structure(shape, element, path, findings, besides=()):
    """The members that stand in the element. `besides`: further elements that are let pass.

    Members with a place elsewhere (header, status) are no part of the element.
    """
    _no_text(element, path, findings)
    groups = {}
    for child in element:
        groups.setdefault(local(child.tag), []).append(child)
    attributes = {local(name): text for name, text in element.attrib.items()}
    result = {}
    for name, member in shape.members.items():
        serialization = member.serialization
        if "location" in serialization:
            continue
        here = f"{path}.{name}"
        wire_name = serialization.get("name", name)
        if serialization.get("xmlAttribute"):
            text = attributes.get(wire_name.rpartition(":")[2])
            if text is not None:
                result[name] = scalars.of_text(member, text, here, findings, "iso8601")
            continue
        if member.type_name in ("list", "map") and serialization.get("flattened"):
            if member.type_name == "list":
                wire_name = member.member.serialization.get("name", wire_name)
            found = groups.pop(wire_name, None)
            if found is not None:
                result[name] = (_items if member.type_name == "list" else _map)(member, found, here, findings)
            continue
        found = groups.pop(wire_name, None)
        if found is None:
            continue
        if len(found) > 1:
            findings.add(here, f"stands {len(found)} times")
        result[name] = value(member, found[0], here, findings)
    for wire_name in groups:
        if wire_name not in besides:
            findings.add(f"{path}.{wire_name}", "is an unknown element")
    return result


def _items(shape, elements, path, findings):
    return [value(shape.member, child, f"{path}[{index}]", findings) for index, child in enumerate(elements)]


def _map(shape, entries, path, findings):
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    result = {}
    for index, entry in enumerate(entries):
        children = {local(child.tag): child for child in entry}
        if set(children) != {key_name, value_name}:
            findings.add(f"{path}[{index}]", f"is no entry of {key_name} and {value_name}")
            continue
        key = children[key_name].text or ""
        result[key] = value(shape.value, children[value_name], f"{path}.{key}", findings)
    return result


def _no_text(element, path, findings):
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    if text.strip():
        findings.add(path, f"holds the text {text.strip()!r} beside its members")
