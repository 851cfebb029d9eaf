"""The judge itself: good exchanges pass, and each kind of bad one is found."""

import base64
import io
import json
import struct
import tempfile
import unittest
from contextlib import redirect_stdout
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlencode

from botocore.serialize import create_serializer

from judge import cbor_rpc
from judge.__main__ import main
from judge.exchange import Judge, service_model

EC2 = "http://ec2.amazonaws.com/doc/2016-11-15/"
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
DETECTOR = "12abc34d567e8fa901bc2d34e56789f0"


def exchange(
    service,
    operation,
    sent,
    answer,
    *,
    status=200,
    error=None,
    injected=False,
    headers=None,
    host="localhost",
    protocol=None,
):
    """An exchange whose request botocore itself serialised; `sent` may hold what the model forbids."""
    model = service_model(service)
    operation_model = model.operation_model(operation)
    protocol = protocol or model.resolved_protocol
    serializer = create_serializer(protocol, include_validation=False)
    request = serializer.serialize_to_request(dict(sent), operation_model)
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body)
    elif protocol == cbor_rpc.PROTOCOL:
        body = base64.b64encode(body).decode()
    elif isinstance(body, bytes):
        body = body.decode()
    query = request["query_string"]
    if isinstance(query, dict):
        query = urlencode(query, doseq=True)
    uri = request["url_path"]
    if query:
        uri += ("&" if "?" in uri else "?") + query
    return {
        "service": service,
        "region": "us-east-1",
        "operation": operation,
        "request": {
            "method": request["method"],
            "uri": uri,
            "headers": {"host": host, **{name.lower(): text for name, text in request["headers"].items()}},
            "body": body,
        },
        "response": {"status": status, "headers": headers or {}, "body": answer},
        "error": error,
        "injected": injected,
    }


def ec2(operation, sent, inner, **more):
    answer = f'<{operation}Response xmlns="{EC2}"><requestId>r</requestId>{inner}</{operation}Response>'
    return exchange("ec2", operation, sent, answer, **more)


def ec2_error(operation, sent, code, **more):
    answer = (
        f"<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors>"
        "<RequestID>r</RequestID></Response>"
    )
    return exchange("ec2", operation, sent, answer, **{"status": 400, "error": code, **more})


def iam(operation, sent, inner, **more):
    answer = (
        f'<{operation}Response xmlns="{IAM}">{inner}'
        f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{operation}Response>"
    )
    return exchange("iam", operation, sent, answer, **more)


def iam_error(operation, sent, code, status, **more):
    answer = (
        f'<ErrorResponse xmlns="{IAM}"><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error>'
        "<RequestId>r</RequestId></ErrorResponse>"
    )
    return exchange("iam", operation, sent, answer, status=status, error=code, **more)


def guardduty(operation, sent, answer, **more):
    return exchange("guardduty", operation, sent, json.dumps(answer), **more)


def guardduty_error(operation, sent, code, **more):
    answer = {"message": "The request is rejected.", "__type": "InvalidInputException"}
    headers = {"x-amzn-errortype": code}
    return guardduty(operation, sent, answer, **{"status": 400, "error": code, "headers": headers, **more})


JSON = {"content-type": "application/x-amz-json-1.1"}


def budgets(operation, sent, answer, **more):
    return exchange("budgets", operation, sent, json.dumps(answer), **{"headers": JSON, **more})


def budgets_error(operation, sent, code, **more):
    answer = {"__type": f"com.amazonaws.budgets#{code}", "Message": "m"}
    return budgets(operation, sent, answer, **{"status": 400, "error": code, **more})


CBOR = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def cbor(value):
    """As a body is logged."""
    return base64.b64encode(_cbor(value)).decode()


def _cbor(value):
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, datetime):
        return b"\xc1" + _cbor(value.timestamp())
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, int):
        return b"\x1a" + struct.pack(">I", value)
    if isinstance(value, str):
        return b"\x7a" + struct.pack(">I", len(value.encode())) + value.encode()
    if isinstance(value, list):
        return b"\x9f" + b"".join(map(_cbor, value)) + b"\xff"
    return b"\xbf" + b"".join(_cbor(name) + _cbor(item) for name, item in value.items()) + b"\xff"


def cloudwatch(operation, sent, answer, **more):
    return exchange("cloudwatch", operation, sent, cbor(answer), **{"headers": CBOR, "protocol": cbor_rpc.PROTOCOL, **more})


def cloudwatch_error(operation, sent, code, **more):
    answer = {"__type": f"com.amazonaws.cloudwatch#{code}", "message": "m"}
    return cloudwatch(operation, sent, answer, **{"status": 400, "error": code, **more})


def account_contact(operation, sent, phone):
    contact = {
        "AddressLine1": "1-1",
        "City": "Chiyoda-ku",
        "CountryCode": "JP",
        "FullName": "Kim",
        "PhoneNumber": phone,
        "PostalCode": "100-0001",
    }
    body = json.dumps({"ContactInformation": contact})
    return exchange("account", operation, sent, body, headers={"content-type": "application/json"})


def s3control(operation, sent, answer, **more):
    return exchange("s3control", operation, sent, answer, **{"host": "123456789012.localhost", **more})


ACCOUNT = {"AccountId": "123456789012"}

BUDGET = {
    "BudgetName": "monthly",
    "BudgetLimit": {"Amount": "100.0", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
    "TimePeriod": {"Start": 1767225600, "End": 3706473600},
}

ALARM = {
    "AlarmName": "root_usage",
    "Threshold": 1.0,
    "ActionsEnabled": True,
    "Dimensions": [],
    "StateUpdatedTimestamp": datetime(2026, 1, 1, tzinfo=timezone.utc),
}

POLICY = """<GetAccountPasswordPolicyResult><PasswordPolicy>
  <MinimumPasswordLength>14</MinimumPasswordLength><RequireSymbols>true</RequireSymbols>
</PasswordPolicy></GetAccountPasswordPolicyResult>"""

VPCS = """<vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true</isDefault><state>available</state>
  <cidrBlockAssociationSet><item><cidrBlockState><state>associated</state></cidrBlockState></item>
  </cidrBlockAssociationSet></item></vpcSet>"""

GOOD_DETECTOR = {
    "status": "ENABLED",
    "serviceRole": "arn:aws:iam::123456789012:role/x",
    "findingPublishingFrequency": "SIX_HOURS",
    "features": [{"name": "S3_DATA_EVENTS", "status": "ENABLED", "updatedAt": 1700000000.5}],
    "tags": {"a": "b"},
}

BLOCK = """<PublicAccessBlockConfiguration xmlns="http://awss3control.amazonaws.com/doc/2018-08-20/">
  <BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"""

ACL = """<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>1</ID></Owner>
  <AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">
  <ID>1</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"""

FILTERS = {"Filters": [{"Name": "is-default", "Values": ["true"]}]}


class JudgeCase(unittest.TestCase):
    def findings(self, entry, **options):
        judge = Judge(**options)
        judge.exchange(entry)
        return list(judge.ledger.lines())

    def assert_good(self, entry, **options):
        self.assertEqual(self.findings(entry, **options), [])

    def assert_found(self, entry, *fragments):
        """Exactly one finding, and it says this."""
        found = self.findings(entry)
        self.assertEqual(len(found), 1, found)
        for fragment in fragments:
            self.assertIn(fragment, found[0])


class GoodExchangesPass(JudgeCase):
    def test_of_every_protocol(self):
        for entry in (
            ec2("DescribeVpcs", FILTERS, VPCS),
            ec2("DeleteVpc", {"VpcId": "vpc-1"}, "<return>true</return>"),
            iam("GetAccountPasswordPolicy", {}, POLICY),
            iam("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 14, "HardExpiry": False}, ""),
            guardduty("ListDetectors", {"MaxResults": 50}, {"detectorIds": [DETECTOR]}),
            guardduty("GetDetector", {"DetectorId": DETECTOR}, GOOD_DETECTOR),
            guardduty("CreateDetector", {"Enable": True, "ClientToken": "t"}, {"detectorId": DETECTOR}),
            guardduty("UpdateDetector", {"DetectorId": DETECTOR, "Enable": False}, {}),
            s3control("GetPublicAccessBlock", {"AccountId": "123456789012"}, BLOCK),
            s3control(
                "PutPublicAccessBlock",
                {"AccountId": "123456789012", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
                "",
            ),
            exchange("s3", "GetBucketAcl", {"Bucket": "b"}, ACL),
            budgets("DescribeBudgets", {**ACCOUNT, "MaxResults": 100}, {"Budgets": [BUDGET]}),
            budgets("CreateBudget", {**ACCOUNT, "Budget": BUDGET}, {}),
            cloudwatch("DescribeAlarms", {"AlarmNames": ["root_usage"]}, {"MetricAlarms": [ALARM]}),
            cloudwatch("DeleteAlarms", {"AlarmNames": ["root_usage"]}, {}),
        ):
            with self.subTest(entry["operation"]):
                self.assert_good(entry)

    def test_errors_that_the_operation_models_or_the_service_documents(self):
        for entry in (
            ec2_error("DeleteVpc", {"VpcId": "vpc-1"}, "DependencyViolation"),
            iam_error("GetAccountPasswordPolicy", {}, "NoSuchEntity", 404),
            iam_error("GetAccountPasswordPolicy", {}, "AccessDenied", 403),
            guardduty_error("CreateDetector", {"Enable": True}, "BadRequestException"),
            budgets_error("CreateBudget", {**ACCOUNT, "Budget": BUDGET}, "DuplicateRecordException"),
            budgets_error("DescribeBudgets", ACCOUNT, "AccessDeniedException"),
            cloudwatch_error("DeleteAlarms", {"AlarmNames": ["x"]}, "ResourceNotFound", status=404),
        ):
            with self.subTest(entry["error"]):
                self.assert_good(entry)

    def test_what_aws_answers_beside_its_models(self):
        inner = "<attachmentSet><item><state>available</state><vpcId>vpc-1</vpcId></item></attachmentSet>"
        self.assert_good(
            ec2(
                "DescribeInternetGateways",
                {},
                f"<internetGatewaySet><item>{inner}</item></internetGatewaySet>",
            )
        )
        self.assert_good(guardduty("GetDetector", {"DetectorId": DETECTOR}, {**GOOD_DETECTOR, "tags": {}}))
        self.assert_good(account_contact("GetContactInformation", {}, "03-1234-5678"))

    def test_a_bucket_in_the_host(self):
        entry = exchange("s3", "GetBucketAcl", {"Bucket": "b"}, ACL, host="b.s3.us-east-1.amazonaws.com")
        entry["request"]["uri"] = "/?acl"
        self.assert_good(entry)

    def test_a_broken_connection_that_the_world_asked_for(self):
        entry = ec2("DescribeVpcs", FILTERS, VPCS, injected=True)
        entry["response"] = None
        self.assert_good(entry)

    def test_an_injected_error_of_any_code(self):
        self.assert_good(ec2_error("DescribeVpcs", {}, "WorldMadeThis", injected=True))

    def test_a_bad_request_that_was_rejected_where_that_is_what_was_tried(self):
        entry = iam_error("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 3}, "ValidationError", 400)
        self.assert_good(entry, tolerate_rejected=True)


class BadRequestsAreFound(JudgeCase):
    def request(self, entry, **changes):
        entry["request"].update(changes)
        return entry

    def test_an_unknown_member_of_a_form(self):
        entry = ec2("DescribeVpcs", FILTERS, VPCS)
        self.assert_found(
            self.request(entry, body=entry["request"]["body"] + "&Color=red"), "request.Color", "no member"
        )

    def test_a_member_inside_a_list_that_is_unknown(self):
        body = "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=a&Filter.1.Valeu.1=b"
        entry = self.request(ec2("DescribeVpcs", {}, VPCS), body=body)
        self.assert_found(entry, "request.Filters[0].Valeu", "no member")

    def test_a_list_with_a_gap(self):
        body = "Action=DescribeVpcs&Version=2016-11-15&VpcId.1=a&VpcId.3=b"
        self.assert_found(
            self.request(ec2("DescribeVpcs", {}, VPCS), body=body), "request.VpcIds", "numbered"
        )

    def test_a_field_that_is_sent_twice(self):
        body = "Action=DeleteVpc&Version=2016-11-15&VpcId=a&VpcId=b"
        self.assert_found(self.request(ec2("DeleteVpc", {}, ""), body=body), "request.VpcId", "twice")

    def test_another_api_version(self):
        body = "Action=DeleteVpc&Version=2014-01-01&VpcId=a"
        self.assert_found(self.request(ec2("DeleteVpc", {}, ""), body=body), "request.Version", "2016-11-15")

    def test_another_action(self):
        body = "Action=DeleteSubnet&Version=2016-11-15&VpcId=a"
        self.assert_found(self.request(ec2("DeleteVpc", {}, ""), body=body), "request.Action", "DeleteVpc")

    def test_a_missing_required_member(self):
        self.assert_found(ec2("DeleteVpc", {}, ""), "request.VpcId", "required")

    def test_a_wrong_type_in_a_form(self):
        body = "Action=DeleteVpc&Version=2016-11-15&VpcId=a&DryRun=yes"
        self.assert_found(self.request(ec2("DeleteVpc", {}, ""), body=body), "request.DryRun", "no boolean")

    def test_a_number_out_of_range(self):
        entry = iam("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 3}, "")
        self.assert_found(entry, "request.MinimumPasswordLength", "at least 6")

    def test_a_number_that_does_not_fit(self):
        entry = iam("UpdateAccountPasswordPolicy", {"MaxPasswordAge": 1 << 40}, "")
        self.assert_found(entry, "request.MaxPasswordAge", "no integer")

    def test_a_text_too_long(self):
        entry = guardduty("GetDetector", {"DetectorId": "d" * 301}, GOOD_DETECTOR)
        self.assert_found(entry, "request.DetectorId", "at most 300")

    def test_a_pattern_that_does_not_match(self):
        entry = s3control(
            "GetPublicAccessBlock", {"AccountId": "12345678901a"}, BLOCK, host="12345678901a.localhost"
        )
        self.assert_found(entry, "request.AccountId", "does not match")

    def test_a_value_outside_an_enum(self):
        entry = guardduty("CreateDetector", {"Enable": True, "FindingPublishingFrequency": "DAILY"}, {})
        self.assert_found(entry, "request.FindingPublishingFrequency", "none of")

    def test_an_unknown_member_of_json(self):
        entry = guardduty("CreateDetector", {"Enable": True}, {})
        self.assert_found(
            self.request(entry, body='{"enable": true, "colour": 1}'), "request.colour", "unknown"
        )

    def test_a_wrong_type_in_json(self):
        entry = guardduty("CreateDetector", {"Enable": True}, {})
        self.assert_found(self.request(entry, body='{"enable": "true"}'), "request.Enable", "no boolean")

    def test_an_unknown_element_of_xml(self):
        sent = {"AccountId": "123456789012", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
        entry = s3control("PutPublicAccessBlock", sent, "")
        body = entry["request"]["body"].replace("BlockPublicAcls", "BlockAll")
        self.assert_found(
            self.request(entry, body=body), "request.PublicAccessBlockConfiguration.BlockAll", "unknown"
        )

    def test_a_document_outside_its_namespace(self):
        sent = {"AccountId": "123456789012", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
        body = "<PublicAccessBlockConfiguration/>"
        self.assert_found(self.request(s3control("PutPublicAccessBlock", sent, ""), body=body), "namespace")

    def test_an_unknown_parameter_of_a_query(self):
        entry = guardduty("ListDetectors", {}, {"detectorIds": []})
        self.assert_found(self.request(entry, uri="/detector?color=red"), "request.?color", "unknown")

    def test_a_query_without_what_names_the_operation(self):
        entry = exchange("s3", "GetBucketAcl", {"Bucket": "b"}, ACL)
        self.assert_found(self.request(entry, uri="/b"), "request.?acl", "not in the query")

    def test_another_path_or_method(self):
        entry = guardduty("ListDetectors", {}, {"detectorIds": []})
        self.assert_found(self.request(entry, uri="/detectors"), "goes to /detectors")
        entry = guardduty("ListDetectors", {}, {"detectorIds": []})
        self.assert_found(self.request(entry, method="PUT"), "by PUT")

    def test_a_host_without_its_prefix(self):
        entry = s3control("GetPublicAccessBlock", {"AccountId": "123456789012"}, BLOCK, host="localhost")
        self.assert_found(entry, "does not begin with '123456789012.'")

    def test_an_unknown_header(self):
        entry = guardduty("ListDetectors", {}, {"detectorIds": []})
        entry["request"]["headers"]["x-amz-colour"] = "red"
        self.assert_found(entry, "request.x-amz-colour", "unknown header")

    def test_a_missing_checksum(self):
        configuration = {"MFADelete": "Disabled", "Status": "Enabled"}
        entry = exchange(
            "s3", "PutBucketVersioning", {"Bucket": "b", "VersioningConfiguration": configuration}, ""
        )
        self.assert_found(entry, "no checksum")

    def test_a_wrong_target_or_content_type(self):
        for header, text in (
            ("x-amz-target", "AWSBudgetServiceGateway.DescribeBudget"),
            ("content-type", "application/x-amz-json-1.0"),
        ):
            entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
            entry["request"]["headers"][header] = text
            self.assert_found(entry, f"request.{header}", "instead of")

    def test_awsjson_by_another_method_or_path(self):
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
        self.assert_found(self.request(entry, method="GET"), "by GET instead of POST")
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
        self.assert_found(self.request(entry, uri="/budgets"), "goes to /budgets")

    def test_a_bad_body_of_awsjson(self):
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
        self.assert_found(
            self.request(entry, body='{"AccountId": "123456789012", "Colour": 1}'),
            "request.Colour",
            "unknown member",
        )
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
        self.assert_found(self.request(entry, body="{}"), "request.AccountId", "required")
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []})
        self.assert_found(self.request(entry, body="Action=x"), "is no JSON")

    def test_cbor_by_another_way(self):
        entry = cloudwatch("DescribeAlarms", {}, {})
        self.assert_found(self.request(entry, method="GET"), "by GET instead of POST")
        entry = cloudwatch("DescribeAlarms", {}, {})
        self.assert_found(self.request(entry, uri="/"), "goes to / instead of /service/")
        entry = cloudwatch("DescribeAlarms", {}, {})
        entry["request"]["headers"]["smithy-protocol"] = "rpc-v2-json"
        self.assert_found(entry, "request.smithy-protocol", "instead of")

    def test_a_bad_body_of_cbor(self):
        for body, fragments in (
            (cbor({"AlarmNames": ["x"], "Colour": 1}), ("request.Colour", "unknown member")),
            (cbor({"AlarmNames": "x"}), ("request.AlarmNames", "no list")),
            ("{}", ("request", "is no CBOR")),
            (base64.b64encode(b"\xa0\xa0").decode(), ("request", "something follows")),
        ):
            entry = cloudwatch("DeleteAlarms", {"AlarmNames": ["x"]}, {})
            self.assert_found(self.request(entry, body=body), *fragments)

    def test_a_body_where_none_belongs(self):
        entry = guardduty("ListDetectors", {}, {"detectorIds": []})
        self.assert_found(self.request(entry, body="{}"), "takes none")

    def test_a_bad_request_that_was_not_rejected_though_that_was_tried(self):
        entry = iam("UpdateAccountPasswordPolicy", {"MinimumPasswordLength": 3}, "")
        self.assertEqual(len(self.findings(entry, tolerate_rejected=True)), 1)


class BadAnswersAreFound(JudgeCase):
    def test_an_unknown_element_at_depth(self):
        inner = VPCS.replace("<state>associated</state>", "<state>associated</state><colour>red</colour>")
        entry = ec2("DescribeVpcs", {}, inner)
        self.assert_found(
            entry, "response.Vpcs[0].CidrBlockAssociationSet[0].CidrBlockState.colour", "unknown element"
        )

    def test_a_list_whose_members_have_another_name(self):
        entry = ec2("DescribeVpcs", {}, "<vpcSet><member><vpcId>vpc-1</vpcId></member></vpcSet>")
        self.assert_found(entry, "response.Vpcs.member", "item")

    def test_an_element_that_stands_twice(self):
        entry = ec2("DescribeVpcs", {}, "<vpcSet/><vpcSet/>")
        self.assert_found(entry, "response.Vpcs", "2 times")

    def test_text_beside_members(self):
        self.assert_found(ec2("DescribeVpcs", {}, "<vpcSet>none</vpcSet>"), "response.Vpcs", "'none'")

    def test_another_root_or_namespace(self):
        entry = exchange("ec2", "DescribeVpcs", {}, f'<Vpcs xmlns="{EC2}"><requestId>r</requestId></Vpcs>')
        self.assert_found(entry, "DescribeVpcsResponse")
        entry = exchange(
            "ec2", "DescribeVpcs", {}, "<DescribeVpcsResponse><requestId>r</requestId></DescribeVpcsResponse>"
        )
        self.assert_found(entry, "namespace")

    def test_an_envelope_without_a_request_id(self):
        entry = exchange("ec2", "DescribeVpcs", {}, f'<DescribeVpcsResponse xmlns="{EC2}"/>')
        self.assert_found(entry, "no requestId")
        answer = f'<UpdateAccountPasswordPolicyResponse xmlns="{IAM}"/>'
        self.assert_found(exchange("iam", "UpdateAccountPasswordPolicy", {}, answer), "ResponseMetadata")

    def test_a_result_that_is_missing(self):
        found = self.findings(iam("GetAccountPasswordPolicy", {}, ""))
        self.assertIn("GetAccountPasswordPolicyResult", found[0])

    def test_a_missing_required_member(self):
        entry = iam("GetAccountPasswordPolicy", {}, "<GetAccountPasswordPolicyResult/>")
        self.assert_found(entry, "response.PasswordPolicy", "required")
        self.assert_found(guardduty("ListDetectors", {}, {}), "response.DetectorIds", "required")

    def test_wrong_types(self):
        inner = POLICY.replace(">14<", ">fourteen<")
        found = self.findings(iam("GetAccountPasswordPolicy", {}, inner))
        self.assertIn("response.PasswordPolicy.MinimumPasswordLength is no integer", found[0])
        self.assertIn("botocore cannot parse it", found[1])
        entry = ec2("DescribeVpcs", {}, VPCS.replace(">true<", ">True<"))
        self.assert_found(entry, "response.Vpcs[0].IsDefault", "no boolean")
        entry = guardduty("ListDetectors", {}, {"detectorIds": DETECTOR})
        self.assertIn("response.DetectorIds is no list", self.findings(entry)[0])

    def test_a_timestamp_that_is_none(self):
        answer = {**GOOD_DETECTOR, "features": [{"name": "S3_DATA_EVENTS", "updatedAt": "yesterday"}]}
        found = self.findings(guardduty("GetDetector", {"DetectorId": DETECTOR}, answer))
        self.assertIn("response.Features[0].UpdatedAt is no timestamp", found[0])

    def test_a_value_outside_an_enum(self):
        entry = ec2("DescribeVpcs", {}, VPCS.replace("available", "lovely"))
        self.assert_found(entry, "response.Vpcs[0].State", "lovely")

    def test_a_pattern_that_does_not_match(self):
        entry = account_contact("GetContactInformation", {}, "03-1234 ext 5")
        self.assert_found(entry, "response.ContactInformation.PhoneNumber", "does not match")

    def test_an_unknown_member_of_json(self):
        entry = guardduty("ListDetectors", {}, {"detectorIds": [], "DetectorIds": []})
        self.assert_found(entry, "response.DetectorIds", "unknown member")

    def test_a_bad_answer_of_awsjson(self):
        answer = {"Budgets": [{**BUDGET, "Colour": "red"}]}
        self.assert_found(budgets("DescribeBudgets", ACCOUNT, answer), "response.Budgets[0].Colour", "unknown")
        entry = budgets("DescribeBudgets", ACCOUNT, {"Budgets": []}, headers={})
        self.assert_found(entry, "response.content-type", "instead of")
        answer = {"Budgets": [{**BUDGET, "TimeUnit": "YEARLY"}]}
        self.assert_found(budgets("DescribeBudgets", ACCOUNT, answer), "YEARLY", "none of")

    def test_bad_answers_of_cbor(self):
        answer = {"MetricAlarms": [{**ALARM, "Colour": 1}]}
        self.assert_found(cloudwatch("DescribeAlarms", {}, answer), "response.MetricAlarms[0].Colour", "unknown")
        answer = {"MetricAlarms": [{**ALARM, "Threshold": "1"}]}
        self.assert_found(cloudwatch("DescribeAlarms", {}, answer), "Threshold", "no double")
        entry = cloudwatch("DescribeAlarms", {}, {}, headers={"content-type": "application/cbor"})
        self.assert_found(entry, "response.smithy-protocol")

    def test_another_status(self):
        self.assert_found(
            guardduty("ListDetectors", {}, {"detectorIds": []}, status=201), "201 instead of 200"
        )

    def test_what_cannot_be_parsed(self):
        found = self.findings(exchange("ec2", "DescribeVpcs", {}, "<html>"))
        self.assertIn("is no XML", found[0])
        self.assertIn("botocore cannot parse it", found[1])
        self.assert_found(exchange("guardduty", "ListDetectors", {}, "<html>"), "is no JSON")

    def test_a_body_where_none_belongs(self):
        sent = {"AccountId": "123456789012", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}}
        self.assert_found(s3control("PutPublicAccessBlock", sent, "<Done/>"), "answers none")

    def test_no_answer_that_nobody_asked_for(self):
        entry = ec2("DescribeVpcs", {}, VPCS)
        entry["response"] = None
        self.assert_found(entry, "response is missing")


class BadErrorsAreFound(JudgeCase):
    def test_a_code_that_the_operation_does_not_model(self):
        self.assert_found(
            iam_error("GetAccountPasswordPolicy", {}, "DeleteConflict", 409), "DeleteConflict", "models"
        )
        self.assert_found(
            guardduty_error("ListDetectors", {}, "ConflictException"), "ConflictException", "models"
        )

    def test_a_bad_error_of_awsjson(self):
        self.assert_found(
            budgets_error("DescribeBudgets", ACCOUNT, "DuplicateRecordException"), "models"
        )
        entry = budgets_error("DescribeBudgets", ACCOUNT, "NotFoundException")
        entry["response"]["body"] = '{"Message": "m"}'
        self.assertIn("error has no code", self.findings(entry)[0])

    def test_a_code_that_the_service_does_not_document(self):
        self.assert_found(ec2_error("DeleteVpc", {"VpcId": "vpc-1"}, "VpcInUse"), "VpcInUse", "documents")

    def test_a_modelled_code_of_another_status(self):
        self.assert_found(
            iam_error("GetAccountPasswordPolicy", {}, "NoSuchEntity", 400), "400 instead of 404"
        )

    def test_another_form(self):
        answer = "<Error><Code>DependencyViolation</Code></Error>"
        entry = exchange("ec2", "DeleteVpc", {"VpcId": "v"}, answer, status=400, error="DependencyViolation")
        self.assertIn("error is the element Error instead of Response", self.findings(entry)[0])

    def test_another_code_than_the_log_tells(self):
        entry = ec2_error("DeleteVpc", {"VpcId": "vpc-1"}, "DependencyViolation")
        entry["error"] = "InvalidVpcID.NotFound"
        self.assert_found(entry, "on the wire")

    def test_an_operation_that_the_sandbox_lacks(self):
        self.assert_found(ec2_error("DescribeHosts", {}, "NotInSandbox"), "NotInSandbox")

    def test_an_operation_that_aws_lacks(self):
        entry = ec2("DescribeVpcs", {}, VPCS)
        entry["operation"] = "DescribeColours"
        self.assert_found(entry, "ec2:DescribeColours", "no operation that AWS knows")

    def test_an_injected_error_of_broken_form(self):
        entry = ec2_error("DescribeVpcs", {}, "RequestLimitExceeded", injected=True)
        entry["response"]["body"] = entry["response"]["body"].replace("Code>", "Cod>")
        self.assertIn("error has no code", self.findings(entry)[0])


class TheProgram(unittest.TestCase):
    def run_on(self, *lines):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "log.jsonl")
            log.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
            out = io.StringIO()
            with redirect_stdout(out):
                status = main([str(log)])
            return status, out.getvalue()

    def test_passes_a_good_log_and_says_what_it_saw(self):
        line = json.dumps(ec2("DescribeVpcs", FILTERS, VPCS))
        self.assertEqual(
            self.run_on(line, line), (0, "0 findings in 2 exchanges of 1 operations: ec2:DescribeVpcs\n")
        )

    def test_tells_a_finding_once_with_its_number(self):
        line = json.dumps(ec2("DeleteVpc", {}, ""))
        status, out = self.run_on(line, line)
        self.assertEqual(status, 1)
        self.assertIn("ec2:DeleteVpc request.VpcId is required and missing (2 times)\n", out)

    def test_fails_on_an_empty_log(self):
        self.assertEqual(self.run_on()[0], 1)

    def test_fails_on_a_broken_line(self):
        good = json.dumps(ec2("DescribeVpcs", FILTERS, VPCS))
        self.assertEqual(self.run_on(good, "{")[0], 1)
        self.assertEqual(self.run_on(good, "{}")[0], 1)


if __name__ == "__main__":
    unittest.main()
