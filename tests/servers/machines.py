"""Folders of other machines, played by this one: SFTP by OpenSSH, FTP by pyftpdlib, WebDAV by wsgidav."""

import getpass
import os
import sys
from pathlib import Path

from .building import Recipe, call, program_at

USER, PASSWORD = "runner", "runs-password-7"


def _make_keys(folder):
    for name in ("host", "user"):
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name), cwd=folder)


SSH = Recipe("sshd", {"sshd": "openssh-server", "ssh-keygen": "openssh-client"}, [], _make_keys)
RECIPES = [SSH]

_SSH_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {keys}/host
AuthorizedKeysFile {data}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
MaxStartups 100
MaxSessions 100
"""

_FTP = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import ThreadedFTPServer
port, folder, user, password = sys.argv[1:]
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(user, password, folder, perm="elradfmwMT")
ThreadedFTPServer(("127.0.0.1", int(port)), FTPHandler).serve_forever()
"""

_WEBDAV = """
import sys
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp
port, folder, user, password = sys.argv[1:]
app = WsgiDAVApp({
    "provider_mapping": {"/": folder},
    "simple_dc": {"user_mapping": {"*": {user: {"password": password}}}},
    "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
    "verbose": 0, "logging": {"enable": False},
})
wsgi.Server(("127.0.0.1", int(port)), app, numthreads=20).start()
"""


def ssh_command(port, data):
    """How to start it; whoever has the key ``user`` of the recipe is let in."""
    keys = SSH.built()
    data.mkdir(parents=True, exist_ok=True)
    (data / "authorized").write_bytes((keys / "user.pub").read_bytes())
    (data / "config").write_text(_SSH_CONFIG.format(port=port, keys=keys, data=data))
    if not os.geteuid():
        Path("/run/sshd").mkdir(exist_ok=True)
    return [program_at("sshd"), "-D", "-e", "-f", str(data / "config")]


def ssh_url(port, folder):
    """The URL of a folder."""
    return f"sftp://{getpass.getuser()}@127.0.0.1:{port}{folder}?key_filename={SSH.built()}/user&look_for_keys=false"


def ftp_command(port, data):
    """How to start it with its data in a folder."""
    return _served(_FTP, port, data)


def webdav_command(port, data):
    """How to start it with its data in a folder."""
    return _served(_WEBDAV, port, data)


def _served(program, port, data):
    data.mkdir(parents=True, exist_ok=True)
    return [sys.executable, "-c", program, str(port), str(data), USER, PASSWORD]
