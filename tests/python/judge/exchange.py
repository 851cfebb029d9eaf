"""One exchange, held against the model of its operation."""

import base64
import functools

from botocore import parsers
from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.model import OperationNotFoundError, ServiceModel

from . import cbor_rpc, errors, form, json_rpc, json_tree, rest, xml_tree
from .constraints import Constraints
from .findings import Findings, Ledger
from .scalars import INVALID

_LOADER = create_loader()
_FORMS = ("ec2", "query")
_RESTS = ("rest-json", "rest-xml")

# Never an answer of AWS: the sandbox says so of an operation that it lacks.
_NOT_IN_SANDBOX = "NotInSandbox"


# What AWS was recorded to answer (`tests/facts`), where the model says nothing and means 200.
_RECORDED_STATUSES = {
    ("s3", "PutBucketPolicy"): 204,
    ("s3", "PutBucketTagging"): 204,
    ("s3control", "DeletePublicAccessBlock"): 204,
}

# Services that botocore knows by another name than IAM does.
_NAMES = {"access-analyzer": "accessanalyzer"}


@functools.cache
def service_model(name):
    """botocore's description of a service."""
    name = _NAMES.get(name, name)
    return ServiceModel(_LOADER.load_service_model(name, "service-2"), name)


class Judge:
    """Judges exchange after exchange.

    `tolerate_rejected`: the client sent bad requests on purpose, so a request's faults count only where the
    service did not reject it.
    """

    def __init__(self, tolerate_rejected=False):
        self.tolerate_rejected = tolerate_rejected
        self.ledger = Ledger()
        self.judged = 0
        self.operations = set()
        self._of_requests = Constraints()
        self._of_answers = Constraints(of_answers=True)

    @property
    def unread_patterns(self):
        return sorted({*self._of_requests.unread_patterns, *self._of_answers.unread_patterns})

    def exchange(self, entry):
        findings = Findings()
        call = f"{entry['service']}:{entry['operation']}"
        try:
            service = service_model(entry["service"])
            operation = service.operation_model(entry["operation"])
        except (UnknownServiceError, OperationNotFoundError):
            if not (self.tolerate_rejected and _rejected(entry)):
                findings.add("request", f"is no operation that AWS knows (answered {entry['error']})")
            self._done(call, findings)
            return
        self._request(entry, operation, service, findings)
        self._response(entry, operation, service, findings)
        self.operations.add(call)
        self._done(call, findings)

    def unread(self, place, problem):
        """A line that is no exchange."""
        findings = Findings()
        findings.add(place, problem)
        self.ledger.enter("log", findings)

    def _done(self, call, findings):
        self.judged += 1
        self.ledger.enter(call, findings)

    def _request(self, entry, operation, service, findings):
        request, own, protocol = entry["request"], Findings(), _protocol(entry, service)
        if protocol in _FORMS:
            tree = form.read(request["body"], operation, service, own)
        elif protocol in _RESTS:
            tree = rest.read(request, operation, service, own)
        elif protocol == "json":
            tree = json_rpc.read(request, operation, service, own)
        elif protocol == cbor_rpc.PROTOCOL:
            tree = cbor_rpc.read(request, operation, service, own)
        else:
            own.add(
                "request", f"is of the protocol {protocol}, which the judge does not read"
            )
            tree = INVALID
        if operation.input_shape is not None:
            self._of_requests.check(operation.input_shape, tree, "request", own)
        if not (self.tolerate_rejected and _rejected(entry)):
            findings.problems += own.problems

    def _response(self, entry, operation, service, findings):
        response = entry["response"]
        if response is None:
            if not entry["injected"]:
                findings.add("response", "is missing")
            return
        if response["status"] >= 300:
            self._error(entry, operation, service, findings)
            return
        if entry["error"] is not None:
            findings.add("response", f"has the status {response['status']} and the error {entry['error']}")
        model = operation.http.get("responseCode", 200)
        expected = _RECORDED_STATUSES.get((service.service_name, operation.name), model)
        if response["status"] != expected:
            findings.add("response", f"has the status {response['status']} instead of {expected}")
        protocol = _protocol(entry, service)
        tree = self._output(entry, operation, service, findings)
        if operation.output_shape is not None:
            self._of_answers.check(operation.output_shape, tree, "response", findings)
        self._botocore(response, operation, protocol, findings)

    def _output(self, entry, operation, service, findings):
        response, shape, protocol = entry["response"], operation.output_shape, _protocol(entry, service)
        if protocol in _FORMS:
            return _enveloped(response["body"], operation, service, findings)
        if protocol in _RESTS:
            return _resource(response, shape, service, findings)
        if protocol == "json":
            return json_rpc.output(response, operation, service, findings)
        if protocol == cbor_rpc.PROTOCOL:
            return cbor_rpc.output(response, operation, findings)
        return INVALID

    def _error(self, entry, operation, service, findings):
        response, protocol = entry["response"], _protocol(entry, service)
        # Nothing but the status answers a HEAD.
        head = entry["request"]["method"] == "HEAD"
        code = entry["error"] if head else errors.read(response, protocol, service.service_name, findings)
        if not code:
            findings.add("error", "has no code")
            return
        if code != entry["error"]:
            findings.add("error", f"is {code} on the wire and {entry['error']} in the log")
        if not head:
            parsed = self._botocore(response, operation, protocol, findings) or {}
            understood = parsed.get("Error", {}).get("Code")
            if understood != code:
                findings.add("error", f"is {code}, and botocore understands {understood}")
        if entry["injected"]:
            return
        if code == _NOT_IN_SANDBOX:
            findings.add("error", f"is {code}: the sandbox lacks the operation")
            return
        errors.judge(operation, service.service_name, protocol, code, response, findings)

    def _botocore(self, response, operation, protocol, findings):
        """What an SDK makes of it: the parser that boto3 uses must get through."""
        parser = parsers.create_parser(protocol)
        body = response["body"].encode()
        if protocol == cbor_rpc.PROTOCOL:
            body = base64.b64decode(body)
        received = {
            "status_code": response["status"],
            "headers": response["headers"],
            "body": body,
            "context": {"operation_name": operation.name},
        }
        try:
            return parser.parse(received, operation.output_shape)
        except Exception as error:  # Whatever it raises is the finding.
            findings.add("response", f"botocore cannot parse it: {type(error).__name__}: {error}")
            return None


def _protocol(entry, service):
    """The protocol that the client chose, of a service that speaks several."""
    headers = entry["request"]["headers"]
    if "smithy-protocol" in headers:
        return cbor_rpc.PROTOCOL
    listed = service.metadata.get("protocols", [])
    is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if is_form and "query" in listed:
        return "query"
    return "json" if "x-amz-target" in headers and "json" in listed else service.resolved_protocol


def _rejected(entry):
    return entry["error"] is not None and errors.REJECTIONS.fullmatch(entry["error"]) is not None


def _enveloped(body, operation, service, findings):
    """The output of the query and ec2 protocols, inside its envelope."""
    shape, path = operation.output_shape, "response"
    root = xml_tree.parse(body, path, findings)
    if root is None:
        return INVALID
    expected = f"{operation.name}Response"
    if xml_tree.local(root.tag) != expected:
        findings.add(path, f"is the element {xml_tree.local(root.tag)} instead of {expected}")
    wanted = service.metadata.get("xmlNamespace", "").rstrip("/")
    if xml_tree.namespace(root) != wanted:
        findings.add(path, f"is in the namespace {xml_tree.namespace(root)!r} instead of {wanted!r}")
    children = {xml_tree.local(child.tag): child for child in root}
    if service.resolved_protocol == "ec2":
        if "requestId" not in children:
            findings.add(path, "has no requestId")
        if shape is None:
            for name in children.keys() - {"requestId", "return"}:
                findings.add(f"{path}.{name}", "is an unknown element")
            return None
        # EC2 says `return` also where the model has no such member.
        return xml_tree.structure(shape, root, path, findings, besides=("requestId", "return"))
    metadata = children.pop("ResponseMetadata", None)
    if metadata is None or [xml_tree.local(child.tag) for child in metadata] != ["RequestId"]:
        findings.add(path, "has no ResponseMetadata with a RequestId")
    wrapper = shape.serialization.get("resultWrapper") if shape else None
    result = children.pop(wrapper, None) if wrapper else None
    for name in children:
        findings.add(f"{path}.{name}", "is an unknown element")
    if shape is None:
        return None
    if result is None:
        findings.add(path, f"has no {wrapper}")
        return INVALID
    return xml_tree.structure(shape, result, path, findings)


def _resource(response, shape, service, findings):
    """The output of the REST protocols: headers and a document."""
    body, path = response["body"], "response"
    if shape is None:
        if body.strip() not in ("", "{}"):
            findings.add(path, f"has a body, and the operation answers none: {body[:80]!r}")
        return None
    values = rest.response_headers(response["headers"], shape.members, path, findings)
    payload = shape.serialization.get("payload")
    document = shape.members[payload] if payload else shape
    here = f"{path}.{payload}" if payload else path
    if document.type_name != "structure":
        return {**values, payload: body}
    bodily = payload or any("location" not in member.serialization for member in shape.members.values())
    if not bodily:
        if body.strip() not in ("", "{}"):
            findings.add(path, f"has a body, and the operation answers none: {body[:80]!r}")
        return values
    if service.resolved_protocol == "rest-json":
        tree = json_tree.value(document, json_tree.parse(body, here, findings), here, findings)
    else:
        tree = _xml_document(body, document, payload, here, findings)
    if tree is INVALID:
        return INVALID
    return {**values, payload: tree} if payload else {**values, **tree}


def _xml_document(body, document, payload, path, findings):
    root = xml_tree.parse(body, path, findings)
    if root is None:
        return INVALID
    # Without a payload member the model does not say how the root is called.
    expected = document.serialization.get("name", document.name)
    if payload and xml_tree.local(root.tag) != expected:
        findings.add(path, f"is the element {xml_tree.local(root.tag)} instead of {expected}")
    return xml_tree.structure(document, root, path, findings)
