"""boto3 clients of an endpoint on this machine, AWS_ENDPOINT_URL."""

import socket

import boto3
from botocore.config import Config

ACCOUNT = "123456789012"

_resolve = socket.getaddrinfo


def _resolve_loopback(host, *rest, **named):
    """S3 Control puts the account id before the host, and a clean machine resolves neither `*.localhost` nor
    `123456789012.127.0.0.1`."""
    if isinstance(host, str) and host.endswith(("localhost", "127.0.0.1")):
        host = "127.0.0.1"
    return _resolve(host, *rest, **named)


socket.getaddrinfo = _resolve_loopback


def client(service, region="us-east-1", **config):
    """A client that never repeats a request by itself: what fails shall be seen."""
    settings = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config)
    return boto3.client(service, region_name=region, config=settings)
