"""The protocol rpc-v2-cbor: the path tells the operation, and input and output are the bodies, logged in base64."""

import base64
import binascii
from datetime import datetime
from urllib.parse import urlsplit

from botocore.parsers import ResponseParserError, RpcV2CBORParser

from . import json_tree
from .scalars import INVALID

PROTOCOL = "smithy-rpc-v2-cbor"
_HEADERS = {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}


def read(request, operation, service, findings):
    """The input as a tree; method, path and headers are checked here."""
    if request["method"] != "POST":
        findings.add("request", f"goes by {request['method']} instead of POST")
    expected = f"/service/{service.metadata['targetPrefix']}/operation/{operation.name}"
    path = urlsplit(request["uri"]).path
    if path != expected:
        findings.add("request", f"goes to {path} instead of {expected}")
    _headers(request["headers"], "request", findings)
    if operation.input_shape is None:
        return None
    return _tree(operation.input_shape, request["body"], "request", findings)


def output(response, operation, findings):
    """The output as a tree."""
    _headers(response["headers"], "response", findings)
    data = document(response["body"], "response", findings)
    if operation.output_shape is None:
        if data not in ({}, INVALID):
            findings.add("response", f"has a body, and the operation answers none: {data!r}")
        return None
    return (
        INVALID if data is INVALID else json_tree.structure(operation.output_shape, data, "response", findings)
    )


def document(body, path, findings):
    """What is in a body, timestamps as seconds since 1970; or INVALID."""
    try:
        raw = base64.b64decode(body, validate=True)
        if not raw:
            return {}
        parser = RpcV2CBORParser()
        stream = parser.get_peekable_stream_from_bytes(raw)
        data = parser.parse_data_item(stream)
        if stream.read(1):
            raise ValueError("something follows")
    except (binascii.Error, ResponseParserError, ValueError) as error:
        findings.add(path, f"is no CBOR: {error}")
        return INVALID
    return _plain(data)


def _plain(data):
    if isinstance(data, dict):
        return {name: _plain(item) for name, item in data.items()}
    if isinstance(data, list):
        return [_plain(item) for item in data]
    return data.timestamp() if isinstance(data, datetime) else data


def _headers(headers, path, findings):
    for name, expected in _HEADERS.items():
        if headers.get(name) != expected:
            findings.add(f"{path}.{name}", f"is {headers.get(name)!r} instead of {expected!r}")


def _tree(shape, body, path, findings):
    data = document(body, path, findings)
    return INVALID if data is INVALID else json_tree.structure(shape, data, path, findings)
