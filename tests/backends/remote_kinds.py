"""Buckets and folders of other machines, as the tests of faults see them."""

import json
import os
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import quote

from expkit.record.uid import new_uid

from ..servers import buckets, machines
from . import objects
from .backend import DATABASE, SERVED, Backend

_NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NETRC": os.devnull,
}


class Remote(Backend):
    lacks = SERVED
    absence = "does not answer: there is no connection"
    refusal = "does not accept the credentials"
    environment = _NOBODY

    def steps(self, store, uid):
        with tempfile.TemporaryDirectory() as folder:
            return objects.steps(store, uid, Path(folder) / "points")

    def doubles(self, store):
        return objects.doubles(store)


class S3(Remote):
    name = "s3"
    environment = {**_NOBODY, "AWS_ACCESS_KEY_ID": buckets.KEY, "AWS_SECRET_ACCESS_KEY": buckets.SECRET}

    def server(self, folder):
        return buckets.own(buckets.S3, buckets.s3_command, folder)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"s3://{name}/runs?endpoint_url=http://127.0.0.1:{port}&region={buckets.REGION}"

    def stranger(self, url):
        return url, {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}


class Google(Remote):
    name = "google"
    lacks = {**SERVED, "wrong password": "the test server lets everybody in"}

    def server(self, folder):
        return buckets.own(buckets.GOOGLE, buckets.google_command, folder)

    def prepare(self, server, name):
        address = f"http://127.0.0.1:{server.port}/storage/v1/b?project=p"
        asked = urllib.request.Request(address, json.dumps({"name": name}).encode())
        asked.add_header("Content-Type", "application/json")
        urllib.request.urlopen(asked, timeout=60).close()

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"gs://{name}/runs?endpoint_url=http://127.0.0.1:{port}&anon=true"


class Azure(Remote):
    name = "azure"
    has_password = True

    def server(self, folder):
        return buckets.own(buckets.AZURE, buckets.azure_command, folder)

    def prepare(self, server, name):
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(_azure_login(server.port)) as client:
            client.create_container(name)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"az://{name}/runs?connection_string={quote(_azure_login(port), safe='')}"

    def stranger(self, url):
        return url.replace(quote(buckets.AZURE_KEY, safe=""), f"wrong-{new_uid()[:31]}"), {}


def _azure_login(port):
    where = f"BlobEndpoint=http://127.0.0.1:{port}/{buckets.AZURE_ACCOUNT}"
    who = f"AccountName={buckets.AZURE_ACCOUNT};AccountKey={buckets.AZURE_KEY}"
    return f"DefaultEndpointsProtocol=http;{who};{where};"


class Sftp(Remote):
    name = "sftp"
    lacks = {
        **SERVED,
        "wrong password": "whoever has a key is let in; wrong ones are tried with the sentences of remote stores",
    }

    def server(self, folder):
        return machines.own(machines.ssh_command, folder)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return machines.ssh_url(port, server.folder / "server" / name)


class Ftp(Remote):
    name = "ftp"
    has_password = True
    scheme, command = "ftp", staticmethod(machines.ftp_command)

    def server(self, folder):
        return machines.own(self.command, folder)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return f"{self.scheme}://{machines.USER}:{machines.PASSWORD}@127.0.0.1:{port}/{name}/runs"

    def stranger(self, url):
        return url.replace(f":{machines.PASSWORD}@", f":wrong-{new_uid()}@"), {}


class WebDav(Ftp):
    name = "webdav"
    scheme, command = "webdav+http", staticmethod(machines.webdav_command)


KINDS = [S3(), Google(), Azure(), Sftp(), Ftp(), WebDav()]
