"""Asks for recorded facts, each in a simulated account of its own, and prints what is wrong with each answer as JSON:
python -m facts FILE

With `--protocols SERVICE…` it prints the protocols of each service's model instead.

FILE is JSON, a list of facts as the data files under `tests/facts` have them, each with the address of its account as
`url` and the protocol to speak as `protocol`. Requests are made out to AWS's own host names, as a real client's are, and
sent to that address.
"""

import json
import re
import sys
from urllib.parse import urlsplit

import botocore.loaders
import botocore.parsers
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"


class OneProtocol(botocore.loaders.Loader):
    """Models that list one protocol only, so that the client speaks it."""

    def __init__(self, protocol, known):
        super().__init__(known.search_paths)
        self._protocol = protocol

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if type_name != "service-2":
            return model
        metadata = dict(model["metadata"], protocol=self._protocol, protocols=[self._protocol])
        return dict(model, metadata=metadata)


class Clients:
    """One client for each service, region and protocol; where its requests go is changed from fact to fact."""

    def __init__(self):
        self._sessions = {}
        self._clients = {}
        self.url = None

    def get(self, service, region, protocol):
        key = (service, region, protocol)
        if key not in self._clients:
            self._clients[key] = self._make(*key)
        return self._clients[key]

    def _make(self, service, region, protocol):
        if protocol not in self._sessions:
            session = botocore.session.Session()
            if protocol:
                loader = OneProtocol(protocol, session.get_component("data_loader"))
                session.register_component("data_loader", loader)
            self._sessions[protocol] = session
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        client = self._sessions[protocol].create_client(service, region_name=region, config=config)
        client.meta.events.register("before-send", self._send_here)
        return client

    def _send_here(self, request, **_):
        asked = urlsplit(request.url)
        request.headers["Host"] = asked.netloc
        request.url = asked._replace(scheme="http", netloc=urlsplit(self.url).netloc).geturl()


def call(client, operation, arguments):
    """The answer, with what it was."""
    methods = {name: method for method, name in client.meta.method_to_api_mapping.items()}
    try:
        answer = getattr(client, methods[operation])(**arguments)
    except ClientError as error:
        answer = error.response
    status = answer.pop("ResponseMetadata", {}).get("HTTPStatusCode")
    return status, json.loads(json.dumps(answer, default=text_of))


def text_of(value):
    """What JSON has no form of: times, and bodies."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.read().decode()


def filled(value, kept):
    """The same with each `${name}` replaced by what was kept, and each `${x*3}` by `xxx`."""
    if isinstance(value, dict):
        return {key: filled(part, kept) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, kept) for part in value]
    if not isinstance(value, str):
        return value

    def known(match):
        text, star, times = match.group(1).rpartition("*")
        return text * int(times) if star else str(kept[match.group(1)])

    return re.sub(r"\$\{([^}]+)\}", known, value)


def at(tree, path):
    """What is at `A.0.B`, or nothing."""
    for step in path.split("."):
        if isinstance(tree, list):
            tree = tree[int(step)] if int(step) < len(tree) else None
        else:
            tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def differs(expected, got, path=""):
    """Where an answer lacks what is expected: members that are not expected may be there. `*` is any value."""
    if expected == "*":
        return None if got is not None else f"{path} is missing"
    if isinstance(expected, dict) and isinstance(got, dict):
        parts = ((key, differs(part, got.get(key), f"{path}.{key}")) for key, part in expected.items())
        return next((problem for _, problem in parts if problem), None)
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        parts = (differs(one, other, f"{path}.{n}") for n, (one, other) in enumerate(zip(expected, got)))
        return next((problem for problem in parts if problem), None)
    return None if expected == got else f"{path} is {json.dumps(got)}, not {json.dumps(expected)}"


def ask(fact, clients):
    """What is wrong with the answer, or nothing."""
    clients.url = fact["url"]
    kept = {"account": ACCOUNT}

    def client_of(part):
        service = part.get("service", fact["service"])
        protocol = fact["protocol"] if service == fact["service"] else None
        return clients.get(service, part.get("region", fact["region"]), protocol)

    for step in fact["before"]:
        status, answer = call(client_of(step), step["call"], filled(step.get("input", {}), kept))
        if status >= 400:
            return f"the call {step['call']} before it was refused: {answer['Error']}"
        kept.update({name: at(answer, path) for name, path in step.get("keep", {}).items()})
    status, answer = call(client_of({}), fact["call"], filled(fact["input"], kept))
    error = answer.get("Error") if status >= 300 else None
    if fact.get("status") not in (None, status):
        return f"the status is {status} ({error})"
    if fact.get("code") is None:
        if error:
            return f"it was refused: {error}"
        there = next((path for path in fact["without"] if at(answer, path) is not None), None)
        if there:
            return f"{there} is there: {json.dumps(at(answer, there))}"
        return differs(filled(fact["answer"], kept), answer)
    if not error:
        return f"it was not refused: {json.dumps(answer)}"
    if error["Code"] != fact["code"]:
        return f"it was refused otherwise: {error}"
    message = fact.get("message")
    if message and filled(message, kept) not in error.get("Message", ""):
        return f"it was refused in other words: {error}"
    return None


def protocols(service):
    """The protocols of a service's model that this client speaks."""
    listed = botocore.session.Session().get_service_model(service).metadata
    return [one for one in listed.get("protocols", [listed["protocol"]]) if one in botocore.parsers.PROTOCOL_PARSERS]


def main():
    if sys.argv[1] == "--protocols":
        json.dump({service: protocols(service) for service in sys.argv[2:]}, sys.stdout)
        return
    (file,) = sys.argv[1:]
    clients = Clients()
    problems = []
    for fact in json.load(open(file)):
        try:
            problems.append(ask(fact, clients))
        except Exception as error:  # Whatever a client cannot read is wrong too.
            problems.append(f"{type(error).__name__}: {error}")
    json.dump(problems, sys.stdout)


if __name__ == "__main__":
    main()
