"""Prints as JSON which services of trueup have no endpoint in which region, and all regions, by the endpoint data of botocore."""

import json

import botocore.session

# The names of trueup's clients, with those of the endpoint data.
SERVICES = {
    "access-analyzer": "access-analyzer",
    "account": "account",
    "budgets": "budgets",
    "ce": "ce",
    "cloudtrail": "cloudtrail",
    "cloudwatch": "monitoring",
    "config": "config",
    "ec2": "ec2",
    "events": "events",
    "guardduty": "guardduty",
    "iam": "iam",
    "kms": "kms",
    "logs": "logs",
    "organizations": "organizations",
    "s3": "s3",
    "s3control": "s3-control",
    "securityhub": "securityhub",
    "sns": "sns",
    "sts": "sts",
}


def main() -> None:
    data = botocore.session.Session().get_component("data_loader").load_data("endpoints")
    lacking = {}
    for service, name in SERVICES.items():
        for partition in data["partitions"]:
            endpoints = partition["services"].get(name, {}).get("endpoints", {})
            is_global = any(endpoint.endswith("-global") for endpoint in endpoints)
            for region in partition["regions"]:
                lacking[f"{service} {region}"] = region not in endpoints and not is_global
    named = botocore.session.Session().get_component("data_loader").load_data("partitions")
    regions = sorted(
        {
            region
            for partition in data["partitions"] + named["partitions"]
            for region in partition["regions"]
            if not region.endswith("-global")
        }
    )
    print(json.dumps({"lacking": lacking, "regions": regions}))


if __name__ == "__main__":
    main()
