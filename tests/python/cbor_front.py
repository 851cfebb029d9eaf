"""A front for a server that does not know the protocol rpc-v2-cbor: it is spoken in front, and query behind.

Both forms are made and read by botocore's own serializers and parsers, so that nothing here knows a service's shapes.
"""

import io
from urllib.parse import urlencode

import botocore.session
from botocore.model import DenormalizedStructureBuilder
from botocore.parsers import RpcV2CBORParser, create_parser
from botocore.serialize import RpcV2CBORSerializer, create_serializer

_SERVICES = {"GraniteServiceVersion20100801": "cloudwatch"}
_ERROR = (
    DenormalizedStructureBuilder()
    .with_members({"__type": {"type": "string"}, "message": {"type": "string"}})
    .build_model()
)


class CborFront:
    """A WSGI application in front of another one."""

    def __init__(self, behind):
        self._behind = behind
        session = botocore.session.get_session()
        self._models = {prefix: session.get_service_model(name) for prefix, name in _SERVICES.items()}

    def __call__(self, environ, start_response):
        if environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
            return self._behind(environ, start_response)
        _, _, service, _, operation = environ["PATH_INFO"].split("/")
        model = self._models[service].operation_model(operation)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        answer = self._ask(environ, model, _read(environ["wsgi.input"].read(length)))
        start_response(
            answer["status"], [("content-type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor")]
        )
        return [_write(answer["data"], answer["shape"])]

    def _ask(self, environ, model, params):
        """What is behind is asked in query, and its answer read."""
        request = create_serializer("query", include_validation=False).serialize_to_request(params, model)
        form = urlencode(request["body"]).encode()
        environ = {key: value for key, value in environ.items() if key != "HTTP_SMITHY_PROTOCOL"} | {
            "PATH_INFO": "/",
            "RAW_URI": "/",
            "REQUEST_URI": "/",
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
            "CONTENT_LENGTH": str(len(form)),
            "HTTP_ACCEPT": "*/*",
            "wsgi.input": io.BytesIO(form),
        }
        told = {}

        def start_response(status, headers, exc_info=None):
            told.update(status=status, headers=dict(headers))

        body = b"".join(self._behind(environ, start_response))
        code = int(told["status"].split(" ")[0])
        read = create_parser("query").parse(
            {"status_code": code, "headers": told["headers"], "body": body}, model.output_shape
        )
        if "Error" in read:
            error = {"__type": read["Error"]["Code"], "message": read["Error"].get("Message", "")}
            return {"status": told["status"], "data": error, "shape": _ERROR}
        return {"status": told["status"], "data": read, "shape": model.output_shape}


def _read(body):
    parser = RpcV2CBORParser()
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body)) if body else {}


def _write(data, shape):
    members = shape.members if shape else {}
    body = bytearray()
    known = {key: value for key, value in data.items() if key in members}
    if not known:
        return b"\xa0"
    RpcV2CBORSerializer()._serialize_data_item(body, known, shape)
    return bytes(body)
