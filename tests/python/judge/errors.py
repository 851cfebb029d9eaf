"""Errors: their form on the wire, and whether AWS would answer this operation with this code."""

import re

from . import cbor_rpc, json_tree, xml_tree
from .scalars import INVALID

# Codes that any operation may answer (each service's API reference, "Common Errors").
COMMON = frozenset(
    """
    AccessDenied AccessDeniedException AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature
    InternalError InternalFailure InvalidAction InvalidClientTokenId InvalidSignatureException
    MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized OptInRequired RequestExpired
    RequestLimitExceeded ServiceUnavailable SignatureDoesNotMatch SubscriptionRequiredException Throttling
    ThrottlingException TooManyRequestsException UnauthorizedOperation UnrecognizedClientException
    ValidationError ValidationException
    """.split()
)

# What answers a request that AWS would not even look into.
REJECTIONS = re.compile(
    r"ValidationError|ValidationException|BadRequestException|InvalidRequest|InvalidArgument|InvalidInput|MalformedXML"
    r"|Malformed.*|InvalidAction|InvalidParameter.*|Missing.*|UnknownParameter|InvalidBucketName|Invalid\w+\.Malformed"
    r"|InvalidDigest|InvalidLocationConstraint|InvalidURI|InvalidMaxResults|InvalidNextToken|InvalidPaginationToken"
)

# Services whose models name no errors, or only few of them. From their error lists: "Error codes for the Amazon EC2
# API", "Amazon S3 API: List of error codes".
DOCUMENTED = {
    # "Scope ARN … does not exist or is not attachable": of a permissions boundary, whatever is created with it.
    "iam": frozenset({"NoSuchEntity"}),
    "ec2": frozenset(
        """
        DefaultSubnetAlreadyExistsInAvailabilityZone DefaultVpcAlreadyExists DependencyViolation DryRunOperation
        FilterLimitExceeded Gateway.NotAttached IncorrectState InvalidAvailabilityZone InvalidFilter
        InvalidGroup.Duplicate InvalidGroup.InUse InvalidGroup.NotFound InvalidGroupId.Malformed InvalidInput
        InvalidInstanceID.Malformed InvalidInstanceID.NotFound
        InvalidInternetGatewayID.NotFound InvalidInternetGatewayId.Malformed
        InvalidKmsKeyId InvalidMaxResults InvalidNextToken InvalidPaginationToken InvalidParameter
        InvalidParameterCombination InvalidParameterValue InvalidRoute.NotFound InvalidRouteTableID.NotFound
        InvalidRouteTableId.Malformed InvalidState InvalidSubnet.Conflict InvalidSubnet.InUse InvalidSubnet.Range
        InvalidSubnetID.NotFound InvalidSubnetId.Malformed InvalidVpc.Range InvalidVpcID.NotFound InvalidVpcId.Malformed
        InvalidVpcState InvalidZone.NotFound MalformedQueryString MissingAction MissingParameter NetworkAclEntryNotFound
        NonEBSInstance OperationNotPermitted Resource.AlreadyAssociated RouteAlreadyExists RouteTableLimitExceeded
        SubnetLimitExceeded UnknownParameter UnsupportedOperation VPCIdNotSpecified VpcLimitExceeded
        InternetGatewayLimitExceeded InvalidNetworkAclID.NotFound InvalidNetworkInterfaceID.NotFound
        InvalidSecurityGroupID.NotFound InvalidSecurityGroupRuleId.NotFound InvalidRegion
        """.split()
    ),
    "s3": frozenset(
        """
        AccessControlListNotSupported BucketAlreadyExists BucketAlreadyOwnedByYou BucketNotEmpty
        AuthorizationHeaderMalformed IllegalVersioningConfigurationException InvalidBucketAclWithObjectOwnership
        InvalidBucketOwnerAWSAccountID InvalidBucketState InvalidLocationConstraint InvalidTag
        IllegalLocationConstraintException InvalidArgument InvalidBucketName InvalidDigest InvalidRequest InvalidURI
        MalformedACLError MalformedPolicy MalformedXML MethodNotAllowed MissingSecurityHeader NoSuchBucket
        NoSuchBucketPolicy NoSuchLifecycleConfiguration
        NoSuchPublicAccessBlockConfiguration NoSuchTagSet ObjectLockConfigurationNotFoundError OperationAborted
        OwnershipControlsNotFoundError PermanentRedirect PreconditionFailed ServerSideEncryptionConfigurationNotFoundError SlowDown
        """.split()
    ),
    "s3control": frozenset(
        """
        InvalidArgument InvalidDigest InvalidRequest MalformedXML MethodNotAllowed
        NoSuchPublicAccessBlockConfiguration OperationAborted SlowDown
        """.split()
    ),
}


# The protocols whose errors are objects.
_OBJECTS = ("rest-json", "json", cbor_rpc.PROTOCOL)


def read(response, protocol, service_name, findings):
    """The code as it stands in the answer; None where it cannot be read."""
    body, path = response["body"], "error"
    if protocol in _OBJECTS:
        return _object_code(response, protocol, findings)
    root = xml_tree.parse(body, path, findings)
    if root is None:
        return None
    if protocol == "ec2":
        steps = ["Response", "Errors", "Error"]
    elif service_name == "s3":
        steps = ["Error"]
    else:
        steps = ["ErrorResponse", "Error"]
    element = root
    if xml_tree.local(root.tag) != steps[0]:
        findings.add(path, f"is the element {xml_tree.local(root.tag)} instead of {steps[0]}")
        return None
    for step in steps[1:]:
        element = next((child for child in element if xml_tree.local(child.tag) == step), None)
        if element is None:
            findings.add(path, f"has no element {step}")
            return None
    told = {xml_tree.local(child.tag): child.text for child in element}
    if "Message" not in told:
        findings.add(path, "has no Message")
    ids = {"RequestId", "RequestID"} & {xml_tree.local(child.tag) for child in root}
    if not ids:
        findings.add(path, "has no request id")
    return told.get("Code")


def _object(response, protocol, findings):
    if protocol == cbor_rpc.PROTOCOL:
        return cbor_rpc.document(response["body"], "error", findings)
    return json_tree.parse(response["body"], "error", findings)


def _object_code(response, protocol, findings):
    data = _object(response, protocol, findings)
    if not isinstance(data, dict):
        if data is not INVALID:
            findings.add("error", "is no object")
        return None
    if not isinstance(data.get("message", data.get("Message")), str):
        findings.add("error", "has no message")
    # Where a service speaks forms too, the SDKs go by their code; the body has the name of the error's shape.
    code = response["headers"].get("x-amzn-query-error", "").partition(";")[0]
    return code or _shape_name(response, data)


def _shape_name(response, data):
    # The order in which the SDKs look, and what they cut off.
    raw = response["headers"].get("x-amzn-errortype") or data.get("code") or data.get("__type")
    return raw.partition(":")[0].rpartition("#")[2] if raw else None


def judge(operation, service_name, protocol, code, response, findings):
    """Whether the operation has this error, and of this status and with these members."""
    modelled = {
        shape.metadata.get("error", {}).get("code", shape.name): shape for shape in operation.error_shapes
    }
    shape = modelled.get(code)
    if shape is None:
        if code not in COMMON and code not in DOCUMENTED.get(service_name, ()):
            told = ", ".join(sorted(modelled)) or "none"
            findings.add(
                "error", f"is {code}, which neither the operation models ({told}) nor the service documents"
            )
        return
    status = shape.metadata.get("error", {}).get("httpStatusCode")
    if status is not None and status != response["status"]:
        findings.add("error", f"{code} has the status {response['status']} instead of {status}")
    if protocol in _OBJECTS:
        data = _object(response, protocol, findings)
        if "x-amzn-query-error" in response["headers"] and _shape_name(response, data) != shape.name:
            findings.add("error", f"{code} is of the shape {_shape_name(response, data)} instead of {shape.name}")
        json_tree.structure(shape, data, "error", findings, besides=("__type", "message", "Message", "code"))
