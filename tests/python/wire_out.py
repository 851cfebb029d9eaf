"""Answers as a service writes them: from a tree, as botocore's parsers make it, back to the wire."""

import base64
import calendar
import json
import re
import struct
from email.utils import format_datetime
from xml.sax.saxutils import escape, quoteattr


def encode(protocol, service, operation, tree, headers, before):
    """Headers and body of an answer. The headers that are no members stay as they are, and so does the element around a
    document, which the model does not name everywhere: it is taken from the body as it was before."""
    shape = operation.output_shape
    if protocol == "smithy-rpc-v2-cbor":
        return headers, cbor(shape, tree)
    if protocol == "json":
        return headers, text(jsonish(shape, tree))
    if protocol == "query":
        inner = xml_members(shape, tree)
        wrapper = shape.serialization.get("resultWrapper")
        inner = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
        inner += "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        return headers, envelope(f"{operation.name}Response", service, inner)
    if protocol == "ec2":
        inner = "<requestId>1</requestId>" + xml_members(shape, tree)
        return headers, envelope(f"{operation.name}Response", service, inner)
    return rest(protocol, service, shape, tree, headers, before)


def text(value):
    return json.dumps(value).encode()


def envelope(name, service, inner):
    namespace = service.metadata.get("xmlNamespace", "")
    return f'<?xml version="1.0"?><{name} xmlns={quoteattr(namespace)}>{inner}</{name}>'.encode()


def rest(protocol, service, shape, tree, headers, before):
    headers = dict(headers)
    bodily = {}
    for name, member in shape.members.items():
        location = member.serialization.get("location")
        if location == "header":
            key = member.serialization.get("name", name).lower()
            headers.pop(key, None)
            if name in tree:
                headers[key] = header(member, tree[name])
        elif location is None and name in tree:
            bodily[name] = tree[name]
    payload = shape.serialization.get("payload")
    if payload:
        member = shape.members[payload]
        if payload not in bodily:
            return headers, b""
        if member.type_name != "structure":
            value = bodily[payload]
            return headers, value if isinstance(value, bytes) else value.encode()
        shape, bodily = member, bodily[payload]
    if protocol == "rest-json":
        return headers, text(jsonish(shape, bodily))
    if not before:
        return headers, b""
    around = re.search(r"<(\w+)([^>]*?)/?>", before.decode())
    return headers, f"<{around[1]}{around[2]}>{xml_members(shape, bodily)}</{around[1]}>".encode()


def header(shape, value):
    if shape.type_name == "timestamp":
        return format_datetime(value, usegmt=True)
    return scalar(shape, value)


def scalar(shape, value):
    """A value as XML and headers have it."""
    kind = shape.type_name
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        return instant(value, shape.serialization.get("timestampFormat", "iso8601"))
    if kind == "blob":
        return base64.b64encode(value).decode()
    return str(value)


def instant(value, form):
    seconds = calendar.timegm(value.utctimetuple())
    if form == "iso8601":
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if form == "rfc822":
        return format_datetime(value, usegmt=True)
    return seconds


def jsonish(shape, value):
    kind = shape.type_name
    if kind == "structure":
        return {
            member.serialization.get("name", name): jsonish(member, value[name])
            for name, member in shape.members.items()
            if name in value
        }
    if kind == "list":
        return [jsonish(shape.member, one) for one in value]
    if kind == "map":
        return {key: jsonish(shape.value, one) for key, one in value.items()}
    if kind == "timestamp":
        return instant(value, shape.serialization.get("timestampFormat", "unixTimestamp"))
    if kind == "blob":
        return base64.b64encode(value).decode()
    return value


def xml_members(shape, value):
    parts = []
    for name, member in shape.members.items():
        if name in value:
            parts.append(xml(member, value[name], member.serialization.get("name", name)))
    return "".join(parts)


def xml(shape, value, name):
    kind = shape.type_name
    if kind == "structure":
        attributes = "".join(
            f" {member.serialization['name']}={quoteattr(str(value[inner]))}"
            for inner, member in shape.members.items()
            if member.serialization.get("xmlAttribute") and inner in value
        )
        if attributes:
            attributes += ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        plain = {
            inner: one
            for inner, one in value.items()
            if not shape.members[inner].serialization.get("xmlAttribute")
        }
        return f"<{name}{attributes}>{xml_members(shape, plain)}</{name}>"
    if kind == "list":
        flattened = shape.serialization.get("flattened")
        inner = shape.member.serialization.get("name", name if flattened else "member")
        parts = "".join(xml(shape.member, one, name if flattened else inner) for one in value)
        return parts if flattened else f"<{name}>{parts}</{name}>"
    if kind == "map":
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        parts = [
            xml(shape.key, key, key_name) + xml(shape.value, one, value_name) for key, one in value.items()
        ]
        if shape.serialization.get("flattened"):
            return "".join(f"<{name}>{part}</{name}>" for part in parts)
        return f"<{name}>{''.join(f'<entry>{part}</entry>' for part in parts)}</{name}>"
    return f"<{name}>{escape(scalar(shape, value))}</{name}>"


def cbor(shape, value):
    kind = shape.type_name
    if kind == "structure":
        known = [(name, member) for name, member in shape.members.items() if name in value]
        return head(5, len(known)) + b"".join(
            cbor_text(name) + cbor(member, value[name]) for name, member in known
        )
    if kind == "list":
        return head(4, len(value)) + b"".join(cbor(shape.member, one) for one in value)
    if kind == "map":
        return head(5, len(value)) + b"".join(
            cbor_text(key) + cbor(shape.value, one) for key, one in value.items()
        )
    if kind == "boolean":
        return b"\xf5" if value else b"\xf4"
    if kind in ("integer", "long"):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if kind in ("float", "double"):
        return b"\xfb" + struct.pack(">d", value)
    if kind == "timestamp":
        return head(6, 1) + b"\xfb" + struct.pack(">d", value.timestamp())
    if kind == "blob":
        return head(2, len(value)) + value
    return cbor_text(value)


def cbor_text(value):
    encoded = value.encode()
    return head(3, len(encoded)) + encoded


def head(major, number):
    """The first bytes of a CBOR item."""
    for limit, code, form in ((24, None, ""), (1 << 8, 24, "B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I")):
        if number < limit:
            return bytes([major << 5 | (number if code is None else code)]) + (
                struct.pack(form, number) if form else b""
            )
    return bytes([major << 5 | 27]) + struct.pack(">Q", number)
