"""The protocol awsJson: a header tells the operation, and input and output are the bodies."""

from urllib.parse import urlsplit

from . import json_tree
from .scalars import INVALID


def read(request, operation, service, findings):
    """The input as a tree; method, path, target and content type are checked here."""
    headers = request["headers"]
    if request["method"] != "POST":
        findings.add("request", f"goes by {request['method']} instead of POST")
    if urlsplit(request["uri"]).path not in ("", "/"):
        findings.add("request", f"goes to {request['uri']} instead of /")
    expected = f"{service.metadata['targetPrefix']}.{operation.name}"
    # CloudTrail's prefix has a package in front, which newer descriptions of the service, and clients made of them, leave
    # out.
    if headers.get("x-amz-target") not in (expected, ".".join(expected.split(".")[-2:])):
        findings.add("request.x-amz-target", f"is {headers.get('x-amz-target')!r} instead of {expected!r}")
    _content_type(headers, service, "request", findings)
    if operation.input_shape is None:
        if request["body"].strip() not in ("", "{}"):
            findings.add("request", "has a body, and the operation takes nothing")
        return None
    return _tree(operation.input_shape, request["body"] or "{}", "request", findings)


def output(response, operation, service, findings):
    """The output as a tree."""
    _content_type(response["headers"], service, "response", findings)
    if operation.output_shape is None:
        if response["body"].strip() not in ("", "{}"):
            findings.add("response", f"has a body, and the operation answers none: {response['body'][:80]!r}")
        return None
    return _tree(operation.output_shape, response["body"], "response", findings)


def _content_type(headers, service, path, findings):
    expected = f"application/x-amz-json-{service.metadata['jsonVersion']}"
    told = headers.get("content-type")
    if told != expected:
        findings.add(f"{path}.content-type", f"is {told!r} instead of {expected!r}")


def _tree(shape, body, path, findings):
    data = json_tree.parse(body, path, findings)
    return INVALID if data is INVALID else json_tree.structure(shape, data, path, findings)
