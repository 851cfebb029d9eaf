"""Prints as JSON which error codes the models of botocore have: by service, each with its HTTP status and whether it means
throttling; and which codes botocore itself takes for throttling."""

import json

import botocore.session

from endpoints import SERVICES

# The names of the models, where they are not those of the endpoint data.
MODELS = {
    "access-analyzer": "accessanalyzer",
    "monitoring": "cloudwatch",
    "s3-control": "s3control",
}


def errors(model: dict) -> dict:
    found = {}
    for name, shape in model["shapes"].items():
        error = shape.get("error", {})
        if shape.get("exception") or error:
            throttling = (shape.get("retryable") or {}).get("throttling", False)
            found[error.get("code", name)] = {"status": error.get("httpStatusCode"), "throttling": throttling}
    return found


def throttling(retry: dict) -> list:
    codes = set()
    for policy in retry["definitions"].values():
        response = policy.get("applies_when", {}).get("response", {})
        if "service_error_code" in response:
            codes.add(response["service_error_code"])
    return sorted(codes)


def main() -> None:
    loader = botocore.session.Session().get_component("data_loader")
    services = {}
    for service, name in SERVICES.items():
        model = loader.load_service_model(MODELS.get(name, name), "service-2")
        services[service] = errors(model)
    print(json.dumps({"services": services, "retried": throttling(loader.load_data("_retry"))}))


if __name__ == "__main__":
    main()
