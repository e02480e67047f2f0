"""Whoever is not let in is told so in one sentence, whatever the driver makes of it; what faults cost, ``tests/backends`` tries."""

from __future__ import annotations

import http.server
import os
import re
import subprocess
import sys
import threading
from contextlib import closing
from urllib.parse import quote

import pytest

from expkit import open_store
from expkit.errors import StoreError
from expkit.stores.folder.store import FolderStore
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

from ..processes import environment
from ..servers import machines, remote
from .test_layout import download

ASK = """
import sys
from expkit import open_store
from expkit.errors import ExpkitError

for url in sys.argv[1:]:
    try:
        open_store(url).ids()
    except ExpkitError as error:
        print(error)
"""


def said(*urls, **more):
    """What is printed where programs ask these stores, one line each; nothing goes to stderr."""
    command = [sys.executable, "-c", ASK, *urls]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(**more))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == len(urls), lines
    return lines


def test_no_credentials(url):
    """Whoever has no credentials is told how to give them."""
    (line,) = said(url, AWS_SECRET_ACCESS_KEY="", AWS_ACCESS_KEY_ID="")
    assert "needs credentials, and there are none; say them as AWS tools expect it" in line


def test_an_endpoint_that_cannot_be(monkeypatch):
    """An endpoint of the environment that lacks ``http://`` is said to lack it, and no wait is advised."""
    access = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in {**access, "AWS_ENDPOINT_URL": "127.0.0.1:1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreError, match="needs http:// or https:// before its host") as caught:
        open_store("s3://bucket/runs").ids()
    assert caught.value.is_lasting


def test_wrong_keys(tmp_path, tmp_path_factory):
    """A wrong key or a password of SSH is a sentence that says what to use; the password is not in it."""
    port = remote.SFTP.shared(tmp_path_factory)
    right = machines.ssh_url(port, tmp_path / "runs")
    wrong = right.replace("/user&", "/host&")
    word = right.replace("@", ":not-so-secret@").replace(f"key_filename={machines.SSH.built()}/user&", "")
    absent = right.replace("/user&", "/nowhere&")
    lines = said(wrong, word, absent)
    assert all("does not accept the credentials; use a key" in line for line in lines[:2]), lines
    assert "nowhere" in lines[2]
    assert "not-so-secret" not in str(lines)


def test_pieces_that_a_server_does_not_take(tmp_path, tmp_path_factory):
    """A file of an SFTP server is not taken to be written where any of its pieces was refused, however many followed."""
    store = open_store(machines.ssh_url(remote.SFTP.shared(tmp_path_factory), tmp_path / "runs"))
    driver = store.media._connected()
    for size in (1, 10_000_000):
        with pytest.raises(OSError, match="Failure"), closing(driver.open("/dev/full")) as file:
            file.write(bytes(size))
    file = driver.open("/dev/full")
    file.write(b"1")
    file.discard()
    store.create(sample_record())  # the connection goes on
    assert len(store.ids()) == 1
    store.close()


@pytest.fixture
def moody():
    """The address of a server whose answer to everything is the first part of the path, or of the account."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(int(re.search(r"\d{3}", self.path)[0]), "Moody")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_PUT = do_POST = do_PROPFIND = do_MKCOL = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


MEANT = {
    401: r"does not (accept the credentials|allow that to whoever asks); \w+",
    403: r"does not (accept the credentials|allow that to whoever asks); \w+",
    503: "is busy and has put us off",
    507: "has no room left",
}


def test_moody_servers(moody):
    """A server that lets nobody in, has no room or is overworked is a sentence, for each kind that speaks HTTP."""

    def urls(status):
        login = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://{moody}/{status};"
        yield f"s3://{status}-b/r?endpoint_url=http://{moody}"
        yield f"gs://{status}-b/r?endpoint_url=http://{moody}&anon=true"
        yield f"az://b-b/r?connection_string={quote(login, safe='')}"
        yield f"webdav+http://{moody}/{status}"

    lines = said(*(url for status in MEANT for url in urls(status)))
    for status, line in zip([status for status in MEANT for _ in range(4)], lines, strict=True):
        assert re.search(MEANT[status], line), line
        assert "a2V5" not in line


def test_a_line_in_netrc_about_azure(moody, tmp_path):
    """What ``.netrc`` says of Azure's host is nobody's business: who asks there is said otherwise."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    login = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://{moody}/503;"
    (line,) = said(f"az://b-b/r?connection_string={quote(login, safe='')}", NETRC=str(tmp_path / "netrc"))
    assert "is busy and has put us off" in line


def test_proxies_before_azure(moody):
    """Azure is asked through the proxy that the environment names for its scheme, but for hosts that it excepts."""

    def url(scheme):
        login = f"AccountName=a;AccountKey=a2V5;BlobEndpoint={scheme}://nowhere.invalid/503;"
        return f"az://b-b/r?connection_string={quote(login, safe='')}"

    proxy = {"http_proxy": f"http://{moody}", "https_proxy": ""}
    through, past = said(url("http"), url("https"), **proxy, no_proxy="")
    assert "is busy and has put us off" in through and "does not answer" in past
    assert "does not answer" in said(url("http"), **proxy, no_proxy="nowhere.invalid")[0]


def test_pieces_of_a_downloaded_run(store, tmp_path):
    """A downloaded run that was killed has pieces: ``local://`` reads them, and a copy of that is a plain folder of runs."""
    record = sample_record().but(files=())
    run = store.create(record)
    store.append(run, LOSS, 0, sample_points(100))
    store.append(run, TEXT, 0, b"so far")
    download(store, tmp_path / "copy")
    there = RemoteStore(f"local://{tmp_path}/copy")
    assert (there.read(run, LOSS), there.read(run, TEXT)) == (sample_points(100), b"so far")
    command = [sys.executable, "-m", "expkit", "copy", there.url, "whole"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, env=environment())
    assert done.returncode == 0, done.stdout
    whole = FolderStore(tmp_path / "whole")
    assert (whole.read(record.uid, LOSS), whole.read(record.uid, TEXT)) == (sample_points(100), b"so far")


def test_whatever_fsspec_opens(tmp_path, monkeypatch):
    """Other places are opened as fsspec opens them, relative paths too; what cannot be is said, with what to type."""
    monkeypatch.chdir(tmp_path)
    for url in ("local://near", f"file://{tmp_path}/far"):
        store = open_store(url)
        run = store.create(sample_record())
        store.append(run, LOSS, 0, sample_points(3))
        assert open_store(url).read(run, LOSS) == sample_points(3)
    assert sorted(os.listdir()) == ["far", "near"]
    sentences = {
        "dir::file://runs": "begins a chain of file systems; give the URL of the place itself",
        "ftp://host:port/runs": "what follows the last colon is no port",
        "sftp://host:99999/runs": "'99999' is no port",
        "webhdfs://127.0.0.1:1/runs": "does not answer: there is no connection",
        "reference://runs": "cannot be asked like this",
    }
    for url, words in sentences.items():
        with pytest.raises(StoreError, match=words):
            open_store(url).ids()


def test_packages_of_others():
    """A package for a kind that is none of ours is named, at the end, as it is typed."""
    from fsspec.registry import known_implementations

    from expkit.stores.remote.kinds import kind_of, lacks

    assert lacks(kind_of("smb"), ImportError("no")).endswith(": pip install smbprotocol")
    assert "oci" in known_implementations and lacks(kind_of("oci"), ImportError("no")).endswith(": pip install ocifs")
