"""Serves a new moto account on a free loopback port: prints the address, serves until its standard input ends.

So it ends with whoever started it, however that one ends. With MOTO_IAM_LOAD_MANAGED_POLICIES=true the account knows
AWS's own managed policies; to load them takes longer than everything else of a short test.
"""

import logging
import os
import sys

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response
from moto.moto_server import threaded_moto_server
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

from cbor_front import CborFront

_get_bucket_versioning = S3Response.get_bucket_versioning


def get_bucket_versioning(self):
    """moto's answer under the name that AWS gives to it: the SDK reads no other."""
    status, headers, body = _get_bucket_versioning(self)
    return status, headers, body.replace("GetBucketVersioningResponse", "VersioningConfiguration")


S3Response.get_bucket_versioning = get_bucket_versioning

def describe_vpc_block_public_access_exclusions(self):
    """What moto does not know: an account without any."""
    return ActionResult({"VpcBlockPublicAccessExclusions": []})


EC2Response.describe_vpc_block_public_access_exclusions = describe_vpc_block_public_access_exclusions

_application = threaded_moto_server.DomainDispatcherApplication
# moto does not know the protocol of CloudWatch's newer clients.
threaded_moto_server.DomainDispatcherApplication = lambda *of: CborFront(_application(*of))


def main():
    # What fails in moto is told, every request is not.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    # The server's thread would hold the process.
    os._exit(0)


if __name__ == "__main__":
    main()
