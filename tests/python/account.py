"""Prints the account behind AWS_ENDPOINT_URL as JSON, read through boto3 alone:  python -m account [REGION…]

{"account": id, "alias": name or null, "alternate_contacts": {kind: {…} or null}, "budgets": [{…}],
 "password_policy": {…} or null, "public_access_block": {…} or null,
 "topics": [{…}] of us-east-1, "trails": [{…}], "log_groups": [{…}], "filters": [{…}], "alarms": [{…}] and
 "buckets": {name: {…}} as seen from there,
 "regions": {name: {"default_vpcs": [id], "orphans": [id], "ebs_encryption": bool, "detectors": [{…}],
                    "rules": [{…, "Targets": [{…}]}]}}}

Without an argument the regions are the enabled ones of the commercial partition. `orphans` are subnets and
internet gateways that a deleted VPC left behind.
"""

import json
import sys

import trails
from boto3 import Session
from botocore.exceptions import ClientError

from loopback import client

_OF_A_DETECTOR = ("Status", "FindingPublishingFrequency", "Features", "Tags")


def main():
    account = client("sts").get_caller_identity()["Account"]
    json.dump(
        {
            "account": account,
            "alias": next(iter(client("iam").list_account_aliases()["AccountAliases"]), None),
            "alternate_contacts": {
                kind: read_contact(kind) for kind in ("BILLING", "OPERATIONS", "SECURITY")
            },
            "budgets": client("budgets").describe_budgets(AccountId=account)["Budgets"],
            "password_policy": absent_if(
                "NoSuchEntity", lambda: client("iam").get_account_password_policy()["PasswordPolicy"]
            ),
            "public_access_block": absent_if(
                "NoSuchPublicAccessBlockConfiguration",
                lambda: client("s3control").get_public_access_block(AccountId=account)[
                    "PublicAccessBlockConfiguration"
                ],
            ),
            "topics": read_topics(),
            **trails.read("us-east-1"),
            "regions": {region: read_region(region) for region in sys.argv[1:] or enabled_regions()},
        },
        sys.stdout,
        default=str,
    )


def read_topics():
    sns = client("sns", "us-east-1")
    topics = []
    for topic in sns.get_paginator("list_topics").paginate().build_full_result()["Topics"]:
        arn = topic["TopicArn"]
        listed = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn).build_full_result()
        topics.append(
            {
                "TopicArn": arn,
                "Policy": sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"],
                "Subscriptions": [[s["Protocol"], s["Endpoint"]] for s in listed["Subscriptions"]],
                "Tags": {t["Key"]: t["Value"] for t in sns.list_tags_for_resource(ResourceArn=arn)["Tags"]},
            }
        )
    return topics


def read_contact(kind):
    contact = absent_if(
        "ResourceNotFoundException",
        lambda: client("account").get_alternate_contact(AlternateContactType=kind)["AlternateContact"],
    )
    return contact and {key: value for key, value in contact.items() if key != "AlternateContactType"}


def absent_if(code, read):
    try:
        return read()
    except ClientError as error:
        if error.response["Error"]["Code"] == code:
            return None
        raise


def enabled_regions():
    # An emulator may list other partitions' regions, and ones that are not enabled.
    here = set(Session().get_available_regions("ec2", partition_name="aws"))
    listed = client("ec2").describe_regions()["Regions"]
    return [r["RegionName"] for r in listed if r["RegionName"] in here and r["OptInStatus"] != "not-opted-in"]


def read_region(region):
    ec2, guardduty = client("ec2", region), client("guardduty", region)
    vpcs = ec2.describe_vpcs()["Vpcs"]
    living = {vpc["VpcId"] for vpc in vpcs}
    detectors = guardduty.get_paginator("list_detectors").paginate().build_full_result()["DetectorIds"]
    return {
        "rules": read_rules(client("events", region)),
        "default_vpcs": [vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]],
        "orphans": [
            *(s["SubnetId"] for s in ec2.describe_subnets()["Subnets"] if s["VpcId"] not in living),
            *(
                gateway["InternetGatewayId"]
                for gateway in ec2.describe_internet_gateways()["InternetGateways"]
                if not any(at["VpcId"] in living for at in gateway["Attachments"])
            ),
        ],
        "ebs_encryption": ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"],
        "detectors": [
            {
                key: value
                for key, value in guardduty.get_detector(DetectorId=id).items()
                if key in _OF_A_DETECTOR
            }
            for id in detectors
        ],
    }


def read_rules(events):
    rules = events.get_paginator("list_rules").paginate().build_full_result()["Rules"]
    return [{**rule, "Targets": events.list_targets_by_rule(Rule=rule["Name"])["Targets"]} for rule in rules]


if __name__ == "__main__":
    main()
