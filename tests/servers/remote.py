"""How to reach servers far away, played by this machine: what must be there first, URLs, and who asks."""

import json
import os
import signal
import urllib.request
from pathlib import Path
from urllib.parse import quote

from expkit.record.uid import new_uid

from . import buckets, machines, running

NOBODY = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NETRC": os.devnull,
}
"""The environment of programs that are nobody whom this machine knows."""


class Kind:
    """How to have, and to reach, one kind of server.

    Args:
        name: of the kind.
        command: ``command(port, data)`` gives the program and its arguments.
        recipe: that is built first, where there is one.
        death: the signal that it dies of.

    Attributes:
        environment: of programs that use it.
    """

    environment = NOBODY

    def __init__(self, name, command, recipe=None, death=signal.SIGKILL):
        self.name = name
        self.command = command
        self._recipe = recipe
        self._death = death

    def shared(self, factory):
        """The port of the server that all tests share."""
        folder = running.session_folder(factory)
        return running.had(lambda: running.shared(self.name, self.command, folder, factory.mktemp(self.name)))

    def own(self, folder):
        """A server of a test's own with its data in ``server`` below a folder, not started yet."""
        if self._recipe is not None:
            running.had(self._recipe.built)
        return running.Process(lambda port: self.command(port, Path(folder) / "server"), folder, death=self._death)

    def prepare(self, port, name):
        """Make what the URL of that name needs and no program makes itself."""

    def access(self, port, folder):
        """The environment of programs that use a URL without a password; what they read lies in a folder."""
        return self.environment

    def url(self, port, name, data, *, secret=False):
        """Where the runs of that name are.

        Args:
            port: where it is listened to, maybe by a proxy.
            name: of a bucket or a folder.
            data: the folder of the server's data.
            secret: whether the password stands in the URL, where there is one; else :meth:`access` has it.
        """
        raise NotImplementedError

    def new_url(self, port, folder=None):
        """The URL of a new, empty place, without a password; a folder of this machine is below the one that is given."""
        name = f"b{new_uid()}"
        self.prepare(port, name)
        return self.url(port, name, folder)


class _S3(Kind):
    environment = {**NOBODY, "AWS_ACCESS_KEY_ID": buckets.KEY, "AWS_SECRET_ACCESS_KEY": buckets.SECRET}

    def url(self, port, name, data=None, *, secret=False):
        return f"s3://{name}/runs?endpoint_url=http://127.0.0.1:{port}&region={buckets.REGION}"


class _Google(Kind):
    def prepare(self, port, name):
        address = f"http://127.0.0.1:{port}/storage/v1/b?project=p"
        asked = urllib.request.Request(address, json.dumps({"name": name}).encode())
        asked.add_header("Content-Type", "application/json")
        urllib.request.urlopen(asked, timeout=60).close()

    def url(self, port, name, data=None, *, secret=False):
        return f"gs://{name}/runs?endpoint_url=http://127.0.0.1:{port}&anon=true"


class _Azure(Kind):
    def prepare(self, port, name):
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(_azure_login(port)) as client:
            client.create_container(name)

    def access(self, port, folder):
        return {**self.environment, "AZURE_STORAGE_CONNECTION_STRING": _azure_login(port)}

    def url(self, port, name, data=None, *, secret=False):
        login = f"?connection_string={quote(_azure_login(port), safe='')}" if secret else ""
        return f"az://{name}/runs{login}"


def _azure_login(port):
    where = f"BlobEndpoint=http://127.0.0.1:{port}/{buckets.AZURE_ACCOUNT}"
    who = f"AccountName={buckets.AZURE_ACCOUNT};AccountKey={buckets.AZURE_KEY}"
    return f"DefaultEndpointsProtocol=http;{who};{where};"


class _Sftp(Kind):
    def url(self, port, name, data, *, secret=False):
        return machines.ssh_url(port, data / name)


class _WithLogin(Kind):
    scheme = "ftp"

    def access(self, port, folder):
        netrc = folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login {machines.USER} password {machines.PASSWORD}\n")
        netrc.chmod(0o600)
        return {**self.environment, "NETRC": str(netrc)}

    def url(self, port, name, data=None, *, secret=False):
        who = f"{machines.USER}:{machines.PASSWORD}" if secret else machines.USER
        return f"{self.scheme}://{who}@127.0.0.1:{port}/{name}/runs"


class _WebDav(_WithLogin):
    scheme = "webdav+http"


S3 = _S3("s3", buckets.s3_command, buckets.S3)
GOOGLE = _Google("google", buckets.google_command, buckets.GOOGLE)
AZURE = _Azure("azure", buckets.azure_command, buckets.AZURE, signal.SIGTERM)
"""It writes its lists some seconds after it has acknowledged what they say, unless it is asked to stop."""

SFTP = _Sftp("sftp", machines.ssh_command, machines.SSH)
FTP = _WithLogin("ftp", machines.ftp_command)
WEBDAV = _WebDav("webdav", machines.webdav_command)

KINDS = {kind.name: kind for kind in (S3, GOOGLE, AZURE, SFTP, FTP, WEBDAV)}
"""All of them."""
