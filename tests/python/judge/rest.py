"""Where REST protocols put the members of a request: path, query, headers, body."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from . import json_tree, scalars, xml_tree
from .scalars import INVALID

# Headers that belong to signing, checksums and the SDKs themselves; any other `x-amz-…` must be a member.
_CARRIER = re.compile(
    r"x-amz-(date|content-sha256|security-token|user-agent|s3session-token|te|trailer|sdk-.*|checksum-.*)"
)


def read(request, operation, service, findings):
    """The input as a tree, from every place that the operation binds."""
    shape = operation.input_shape
    members = shape.members if shape else {}
    url = urlsplit(request["uri"])
    headers = request["headers"]
    host = url.netloc or headers.get("host", "")
    values = {}

    if request["method"] != operation.http["method"]:
        findings.add("request", f"goes by {request['method']} instead of {operation.http['method']}")
    template, _, fixed = operation.http["requestUri"].partition("?")
    path = _addressed(service, host, url.path)
    values.update(_labels(template, path, members, findings))
    values.update(_query(fixed, url.query, operation, members, findings))
    values.update(_headers(headers, members, findings))
    values.update(_body(request["body"], shape, service, findings) or {})
    _host_prefix(operation, host, values, findings)
    _checksum(operation, headers, findings)
    return values if shape else None


def _located(members, *locations):
    for name, member in members.items():
        if member.serialization.get("location") in locations:
            yield name, member, member.serialization.get("name", name)


def _addressed(service, host, path):
    """S3 takes the bucket in the host as well; the model knows it in the path alone."""
    bucket = re.match(r"(.+)\.s3[.-]", host) if service.service_name == "s3" else None
    return f"/{bucket[1]}{path}" if bucket else path


def _labels(template, path, members, findings):
    parts = re.split(r"\{([^}]+)\}", template)
    form = "".join(
        (r"(.+)" if part.endswith("+") else r"([^/]+)") if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    )
    match = re.fullmatch(form + "/?", path)
    if not match:
        findings.add("request", f"goes to {path} instead of {template}")
        return {}
    texts = dict(zip((label.rstrip("+") for label in parts[1::2]), match.groups()))
    return {
        name: scalars.of_text(member, unquote(texts[wire_name]), f"request.{name}", findings, "iso8601")
        for name, member, wire_name in _located(members, "uri")
    }


def _query(fixed, query, operation, members, findings):
    sent = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        sent.setdefault(key, []).append(text)
    for key, text in parse_qsl(fixed, keep_blank_values=True):
        if sent.pop(key, None) != [text]:
            findings.add(f"request.?{key}", f"is not in the query, and belongs to {operation.name}")
    # The SDKs of S3 name the operation here.
    if sent.get("x-id") == [operation.name]:
        del sent["x-id"]
    values, maps = {}, []
    for name, member, wire_name in _located(members, "querystring"):
        here = f"request.{name}"
        if member.type_name == "map":
            maps.append(name)
        elif wire_name in sent:
            texts = sent.pop(wire_name)
            if member.type_name == "list":
                values[name] = [
                    scalars.of_text(member.member, text, here, findings, "iso8601") for text in texts
                ]
            else:
                if len(texts) > 1:
                    findings.add(here, f"is sent {len(texts)} times")
                values[name] = scalars.of_text(member, texts[0], here, findings, "iso8601")
    for name in maps:
        values[name], sent = {key: texts[0] for key, texts in sent.items()}, {}
    for key in sent:
        findings.add(f"request.?{key}", "is an unknown parameter")
    return values


def _headers(headers, members, findings):
    values = response_headers(headers, members, "request", findings)
    known = {wire_name.lower() for _, _, wire_name in _located(members, "header")}
    prefixes = tuple(wire_name.lower() for _, _, wire_name in _located(members, "headers"))
    for header in headers:
        if header.startswith("x-amz-") and header not in known and not _CARRIER.fullmatch(header):
            if not (prefixes and header.startswith(prefixes)):
                findings.add(f"request.{header}", "is an unknown header")
    return values


def response_headers(headers, members, side, findings):
    """Members that stand in headers, of either side."""
    values = {}
    for name, member, wire_name in _located(members, "header"):
        text = headers.get(wire_name.lower())
        if text is None:
            continue
        here = f"{side}.{name}"
        if member.type_name == "list":
            parts = [part.strip() for part in text.split(",")]
            values[name] = [scalars.of_text(member.member, part, here, findings, "rfc822") for part in parts]
        else:
            values[name] = scalars.of_text(member, text, here, findings, "rfc822")
    for name, _, wire_name in _located(members, "headers"):
        prefix = wire_name.lower()
        found = {key[len(prefix) :]: text for key, text in headers.items() if key.startswith(prefix)}
        if found:
            values[name] = found
    return values


def _body(body, shape, service, findings):
    """The payload member, or the members without a place of their own."""
    payload = shape.serialization.get("payload") if shape else None
    bodily = (
        [name for name, member in shape.members.items() if "location" not in member.serialization]
        if shape
        else []
    )
    if not bodily:
        if body:
            findings.add("request", f"has a body, and the operation takes none: {body[:80]!r}")
        return {}
    if payload:
        member = shape.members[payload]
        if member.type_name != "structure":
            return {payload: body} if body else {}
        return {payload: _document(body, member, f"request.{payload}", service, findings)} if body else {}
    return _document(body, shape, "request", service, findings) if body else {}


def _document(body, shape, path, service, findings):
    if service.resolved_protocol == "rest-json":
        tree = json_tree.value(shape, json_tree.parse(body, path, findings), path, findings)
        return None if tree is INVALID else tree
    root = xml_tree.parse(body, path, findings)
    if root is None:
        return None
    expected = shape.serialization.get("name", shape.name)
    if xml_tree.local(root.tag) != expected:
        findings.add(path, f"is the element {xml_tree.local(root.tag)} instead of {expected}")
    wanted = shape.serialization.get("xmlNamespace", {}).get("uri", "").rstrip("/")
    if wanted and xml_tree.namespace(root) != wanted:
        findings.add(path, f"is in the namespace {xml_tree.namespace(root)!r} instead of {wanted!r}")
    return xml_tree.structure(shape, root, path, findings)


def _host_prefix(operation, host, values, findings):
    prefix = (operation.endpoint or {}).get("hostPrefix")
    if prefix is None:
        return
    try:
        expected = prefix.format(**values)
    except KeyError:
        # The missing member is reported where required members are.
        return
    if not host.startswith(expected):
        findings.add("request", f"goes to the host {host!r}, which does not begin with {expected!r}")


def _checksum(operation, headers, findings):
    required = operation.http_checksum_required or operation.http_checksum.get("requestChecksumRequired")
    if required and not any(name == "content-md5" or name.startswith("x-amz-checksum-") for name in headers):
        findings.add("request", "carries no checksum, and the operation asks for one")
