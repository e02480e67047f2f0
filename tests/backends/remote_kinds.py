"""Buckets and folders of other machines, as the tests of faults see them."""

import os

from ..servers import buckets
from .backend import DATABASE, Backend

_NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


class S3(Backend):
    name = "s3"
    absence = "does not answer: there is no connection"
    refusal = "does not accept the credentials"
    environment = {**_NOBODY, "AWS_ACCESS_KEY_ID": buckets.KEY, "AWS_SECRET_ACCESS_KEY": buckets.SECRET}

    def server(self, folder):
        return buckets.own(buckets.S3, buckets.s3_command, folder)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"s3://{name}/runs?endpoint_url=http://127.0.0.1:{port}&region={buckets.REGION}"

    def stranger(self, url):
        return url, {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}


KINDS = [S3()]
