"""Trails, log groups with their filters, alarms and the buckets of an account, read through boto3 alone."""

import json

from botocore.exceptions import ClientError

from loopback import client


def read(region):
    cloudtrail, logs = client("cloudtrail", region), client("logs", region)
    groups = logs.get_paginator("describe_log_groups").paginate().build_full_result()["logGroups"]
    return {
        "trails": [
            trail | {"IsLogging": cloudtrail.get_trail_status(Name=trail["TrailARN"])["IsLogging"]}
            for trail in cloudtrail.describe_trails()["trailList"]
        ],
        "log_groups": [
            {key: group.get(key) for key in ("logGroupName", "retentionInDays")} for group in groups
        ],
        "filters": sorted(
            logs.get_paginator("describe_metric_filters").paginate().build_full_result()["metricFilters"],
            key=lambda one: one["filterName"],
        ),
        "alarms": read_alarms(client("cloudwatch", region)),
        "buckets": {b["Name"]: read_bucket(b["Name"]) for b in client("s3", region).list_buckets()["Buckets"]},
    }


def read_alarms(cloudwatch):
    listed = cloudwatch.get_paginator("describe_alarms").paginate().build_full_result()["MetricAlarms"]
    return [
        alarm | {"Tags": cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]}
        for alarm in sorted(listed, key=lambda one: one["AlarmName"])
    ]


def read_bucket(name):
    s3 = client("s3")
    here = s3.get_bucket_location(Bucket=name)["LocationConstraint"] or "us-east-1"
    s3 = client("s3", here)
    policy = if_any(lambda: s3.get_bucket_policy(Bucket=name)["Policy"])
    return {
        "policy": json.loads(policy) if policy else None,
        "versioning": s3.get_bucket_versioning(Bucket=name).get("Status"),
        "rules": if_any(lambda: s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]),
        "tags": if_any(lambda: s3.get_bucket_tagging(Bucket=name)["TagSet"]),
        "block": if_any(lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]),
    }


def if_any(look):
    """What there is to read, or nothing where the service says that there is none: each setting has its own code."""
    try:
        return look()
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
