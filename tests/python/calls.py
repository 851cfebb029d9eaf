"""Makes calls through boto3 at AWS_ENDPOINT_URL and prints their answers as JSON:  python -m calls SERVICE CALLS

CALLS is JSON, a list of pairs: the operation as boto3 names it, and its arguments.
"""

import json
import sys

from loopback import client


def main():
    service, calls = sys.argv[1:]
    service = client(service)
    answers = [getattr(service, operation)(**arguments) for operation, arguments in json.loads(calls)]
    for answer in answers:
        answer.pop("ResponseMetadata", None)
    json.dump(answers, sys.stdout, default=str)


if __name__ == "__main__":
    main()
