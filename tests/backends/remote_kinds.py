"""Buckets and folders of other machines, as the tests of faults see them."""

import tempfile
from pathlib import Path
from urllib.parse import quote

from expkit.record.uid import new_uid

from ..servers import buckets, machines, remote
from . import objects
from .backend import DATABASE, SERVED, Backend


class Remote(Backend):
    lacks = SERVED
    absence = "does not answer: there is no connection"
    refusal = "does not accept the credentials"
    kind = remote.S3

    def __init__(self):
        self.name, self.environment = self.kind.name, self.kind.environment

    def server(self, folder):
        return self.kind.own(folder)

    def prepare(self, server, name):
        self.kind.prepare(server.port, name)

    def url(self, server, port, name=DATABASE, *, quick=True):
        return self.kind.url(port, name, server.folder / "server", secret=True)

    def steps(self, store, uid):
        with tempfile.TemporaryDirectory() as folder:
            return objects.steps(store, uid, Path(folder) / "points")

    def doubles(self, store):
        return objects.doubles(store)


class S3(Remote):
    def stranger(self, url):
        return url, {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}


class Google(Remote):
    kind = remote.GOOGLE
    lacks = {**SERVED, "wrong password": "the test server lets everybody in"}


class Azure(Remote):
    kind = remote.AZURE
    has_password = True

    def stranger(self, url):
        return url.replace(quote(buckets.AZURE_KEY, safe=""), f"wrong-{new_uid()[:31]}"), {}


class Sftp(Remote):
    kind = remote.SFTP
    lacks = {
        **SERVED,
        "wrong password": "whoever has a key is let in; wrong ones are tried with the sentences of remote stores",
    }


class Ftp(Remote):
    kind = remote.FTP
    has_password = True

    def stranger(self, url):
        return url.replace(f":{machines.PASSWORD}@", f":wrong-{new_uid()}@"), {}


class WebDav(Ftp):
    kind = remote.WEBDAV


KINDS = [S3(), Google(), Azure(), Sftp(), Ftp(), WebDav()]
"""Buckets of Google and Azure and folders behind SFTP, FTP and WebDAV: each on a real server."""
