"""Prints as JSON what operations take, for the calls of a world: the tree of each one's input by its names on the wire.

Arguments: operations as service:Operation. "s" is a text, "n" a number, "b" a boolean, [x] a list, {"*": x} a map, any
other object a structure, "?" what is not described: documents, what contains itself, and below the first level XML.
"""

import json
import sys

from botocore.loaders import create_loader
from botocore.model import ServiceModel

_LOADER = create_loader()
_NAMES = {"access-analyzer": "accessanalyzer"}
_SCALARS = {"boolean": "b", "integer": "n", "long": "n", "float": "n", "double": "n"}


def tree(service, shape, protocol, inside=()):
    kind = shape.type_name
    is_form = protocol in ("query", "ec2")
    if shape.name in inside or getattr(shape, "is_document_type", False):
        return "?"
    inside = (*inside, shape.name)
    if kind == "structure":
        if protocol == "rest-xml" and len(inside) > 1:
            return "?"
        return {
            wire(name, member, protocol): tree(service, member, protocol, inside)
            for name, member in shape.members.items()
        }
    if kind == "list":
        return "?" if protocol == "rest-xml" else [tree(service, shape.member, protocol, inside)]
    if kind == "map":
        return "?" if is_form or protocol == "rest-xml" else {"*": tree(service, shape.value, protocol, inside)}
    if is_form or protocol == "rest-xml":
        return "s"
    return "?" if kind in ("timestamp", "blob") else _SCALARS.get(kind, "s")


def wire(name, shape, protocol):
    given = shape.serialization
    if protocol == "ec2":
        # The protocol's rule: the name of its own, or that of XML with a capital.
        return given.get("queryName") or capital(given.get("name", name))
    if protocol == "json":
        return name
    return given.get("name", name)


def capital(name):
    return name[:1].upper() + name[1:]


def main() -> None:
    inputs = {}
    for operation in sys.argv[1:]:
        name, _, called = operation.partition(":")
        name = _NAMES.get(name, name)
        service = ServiceModel(_LOADER.load_service_model(name, "service-2"), name)
        shape = service.operation_model(called).input_shape
        inputs[operation] = tree(service, shape, service.metadata["protocol"]) if shape is not None else {}
    print(json.dumps(inputs))


if __name__ == "__main__":
    main()
