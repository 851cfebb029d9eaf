"""Prints the optional members of calls, by botocore's description of them: `service:Operation member`, a line each.

Members of a structure that is a member, or of a list of such, are printed with it; what is deeper is not.
"""

import sys

import botocore.session


def optional(shape, outer=""):
    for name, member in shape.members.items():
        while member.type_name == "list":
            member = member.member
        if member.type_name == "structure" and not outer:
            yield from optional(member, f"{name}.")
        elif name not in shape.required_members:
            yield outer + name


session = botocore.session.get_session()
for call in sys.argv[1:]:
    service, operation = call.split(":")
    model = session.get_service_model(service).operation_model(operation)
    for member in optional(model.input_shape):
        print(call, member)
