"""Observers of buckets: the contract, constructors, URLs, arguments of the command line; and what is said of bad ones."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from expkit import Experiment, open_store
from expkit.errors import ExpkitError, StoreError
from expkit.observers import GoogleCloudStorageObserver, S3Observer
from expkit.observers.opening import open_observer
from expkit.record.tagged import record_blobs
from expkit.record.wire import record_to_json
from expkit.stores.remote.place import place_of
from expkit.stores.remote.store import RemoteStore
from expkit.testing.observers import ObserverContract

from ..servers import remote


class BucketContract(ObserverContract):
    def make_observer(self):
        return self.kind.at(self.url)

    def check(self, observer, run):
        store = RemoteStore(self.url)
        stored, known = record_to_json(store.load(run.uid)), record_to_json(run.record)
        stored.pop("_id"), known.pop("_id")
        assert stored == known
        assert all(store.has_blob(sha256) for sha256 in record_blobs(run.record))
        assert observer.run_entry["status"] == run.status
        store.close()
        observer.store.close()


class TestS3Observer(BucketContract):
    kind = S3Observer

    @pytest.fixture(autouse=True)
    def _url(self, url):
        self.url = url


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # of aiohttp to drivers, from 1 MB on
class TestGoogleCloudStorageObserver(BucketContract):
    kind = GoogleCloudStorageObserver

    @pytest.fixture(autouse=True)
    def _url(self, tmp_path_factory):
        self.url = remote.GOOGLE.new_url(remote.GOOGLE.shared(tmp_path_factory))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("S3://bucket/a b?region=eu-west-1", "s3://bucket/a b?region=eu-west-1"),
        ("s3://KEY:hidden@bucket/runs", "s3://KEY:***@bucket/runs"),
        ("s3://bucket/runs?key=K&secret=hidden", "s3://bucket/runs?key=***&secret=***"),
        ("gs://bucket/runs?token=anon", "gs://bucket/runs?token=anon"),
        ("gs://bucket/runs?token=hidden", "gs://bucket/runs?token=***"),
        ("az://box/runs?account_name=me&account_key=hidden", "az://box/runs?account_name=me&account_key=***"),
        ("abfs://box@me.dfs.core.windows.net/runs", "abfs://box/runs?account_name=me"),
        ("sftp://me:hidden@host:2222/home/me/runs", "sftp://me:***@host:2222/home/me/runs"),
        ("ftp://me@host/runs", "ftp://me@host/runs"),
        ("webdav+https://me:hidden@host/remote.php/runs", "webdav+https://me:***@host/remote.php/runs"),
    ],
)
def test_urls(url, shown):
    """A store's URL opens it again, with everything but what gives access."""
    assert place_of(url).url == shown
    assert place_of(shown).url == shown.replace(":***@", "@")
    assert "hidden" not in repr(open_store(url)) + repr(open_observer(url, {}, {}))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3:", "s3://BUCKET/PATH"),
        ("s3://", "s3://BUCKET/PATH"),
        ("sftp:///runs", r"sftp://\[USER@\]HOST"),
        ("s4://bucket/runs", "nothing is known by 's4:'"),
    ],
)
def test_bad_urls(url, said):
    """What names no place is refused before anything is connected, with what to type instead."""
    with pytest.raises(ExpkitError, match=said):
        open_store(url)
    with pytest.raises(ExpkitError, match=said):
        open_observer(url, {}, {})


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        (S3Observer, "bucket/runs", "give s3://BUCKET/PATH"),
        (S3Observer, "gs://bucket/runs", "give s3://BUCKET/PATH"),
        (S3Observer, "s3://bucket", "give s3://bucket/PATH"),
        (S3Observer, "s3://Bucket_/runs", "lower-case letters"),
        (S3Observer, "s3://127.0.0.1/runs", "cannot be the name"),
        (GoogleCloudStorageObserver, "s3://bucket/runs", "give gs://BUCKET/PATH"),
        (GoogleCloudStorageObserver, "gs://b/runs", "cannot be the name"),
    ],
)
def test_bad_arguments(kind, spec, said):
    """An argument of -S or -G that names no place in such a bucket says what to type."""
    with pytest.raises(ValueError, match=said):
        kind.at(spec)


@pytest.mark.parametrize(
    ("kind", "scheme"),
    [(S3Observer, "s3"), (S3Observer, "s3a"), (GoogleCloudStorageObserver, "gs"), (GoogleCloudStorageObserver, "gcs")],
)
def test_urls_of_buckets(kind, scheme):
    """The URL of a bucket gives what its constructor gives, also for a whole bucket, and for one with an odd old name."""
    observer = open_observer(f"{scheme}://bucket/runs?offline=journal", {}, {})
    assert (observer, observer.offline, observer.run_entry) == (kind.at(f"{scheme}://bucket/runs"), "journal", None)
    assert open_observer(f"{scheme}://Old_Bucket", {}, {}).bucket == "Old_Bucket"


@pytest.mark.parametrize("typed", ["s3", "s3:/a", "s3:", "s3a://", "gs", "gcs:a", "gs://"])
def test_half_urls_of_buckets(typed):
    """Whoever types no more than the scheme is shown a whole URL of that scheme, at the command line and anywhere else."""
    scheme = typed.partition(":")[0]
    for refused in (lambda: place_of(typed), lambda: _at(typed)):
        with pytest.raises((StoreError, ValueError), match=rf"\b(?:{scheme}|{_FIRST[scheme]})://BUCKET/PATH") as caught:
            refused()
        assert "sftp" not in str(caught.value)


_FIRST = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}


def _at(typed):
    return (S3Observer if typed.startswith("s3") else GoogleCloudStorageObserver).at(typed)


def test_a_password_in_half_a_url():
    """What gives access is not shown, however a URL is spoilt."""
    for url in ("s3:/KEY:hidden@bucket", "xyz:KEY:hidden@bucket", "s3:KEY:hidden@bucket/runs"):
        with pytest.raises(StoreError) as caught:
            place_of(url)
        assert "hidden" not in str(caught.value)


def test_constructors():
    """The predecessor's arguments, and what an observer of the same place is equal to."""
    observer = S3Observer("bucket", "my/runs", None, None, 5, "eu-west-1", endpoint_url="http://h:1")
    assert (observer.bucket, observer.basedir, observer.priority) == ("bucket", "my/runs", 5)
    assert observer.store.url == "s3://bucket/my/runs?region=eu-west-1&endpoint_url=http://h:1"
    assert observer == S3Observer.at(observer.store.url) != S3Observer("bucket", "other")
    assert len({observer, S3Observer.at(observer.store.url)}) == 1
    assert observer == S3Observer.at("s3://bucket/my/runs?endpoint_url=http://h:1&region=eu-west-1")
    assert GoogleCloudStorageObserver("bucket", "runs", priority=3).store.url == "gs://bucket/runs"
    for kind in (S3Observer, GoogleCloudStorageObserver):
        with pytest.raises(ValueError, match="cannot be the name"):
            kind("No Bucket", "runs")


SCRIPT = """
from expkit import Experiment
ex = Experiment("one", interactive=True)

@ex.automain
def main():
    print("done")
    return 1
"""


def test_the_command_line(url, tmp_path):
    """-S and --observe record into the bucket, which is made with the first run; a bad argument is one sentence."""
    (tmp_path / "one.py").write_text(SCRIPT)

    def run(*arguments):
        command = [sys.executable, "one.py", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    for flag in ("-S", "--observe"):
        done = run(flag, url)
        assert (done.returncode, "done" in done.stdout) == (0, True), done.stderr
    store = RemoteStore(url)
    assert [(row["id"], row["result"]) for row in store.find(columns=["id", "result"])] == [("1", 1), ("2", 1)]
    assert store.read("1", next(key for key in store.streams("1") if key.content == "output")) == b"done\n"
    store.close()
    for flag, said in (("-S", "give s3://BUCKET/PATH"), ("-G", "give gs://BUCKET/PATH")):
        done = run(flag, "nonsense")
        assert done.returncode != 0 and said in done.stderr and "Traceback" not in done.stderr


def test_a_bucket_that_is_not_there(url):
    """Reading does not make a bucket: there are no runs in it."""
    store = RemoteStore(url)
    assert store.ids() == [] and list(store.find()) == []
    assert RemoteStore(url, make_bucket=False).ids() == []
    with pytest.raises(StoreError, match="is not there; make it first"):
        RemoteStore(url, make_bucket=False).put_blob(b"x")
    store.close()


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [
        ("s3://bucket/runs", "s3fs", "s3"),
        ("gs://bucket/runs", "gcsfs", "gcs"),
        ("az://box/runs?account_name=me", "adlfs", "azure"),
        ("sftp://host/runs", "paramiko", "sftp"),
        ("webdav+http://host/runs", "webdav4", "webdav"),
    ],
)
def test_missing_packages(monkeypatch, url, package, extra):
    """A package that is not installed is named where it is first needed, with what to type."""
    from fsspec.registry import _registry

    for name in ("s3", "gcs", "az", "sftp", "webdav"):
        monkeypatch.delitem(_registry, name, raising=False)
    for name in [name for name in sys.modules if name.startswith(f"{package}.") or name.endswith("tations.sftp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(StoreError, match=rf"pip install 'expkit\[{extra}\]'"):
        open_store(url).ids()


def test_nothing_is_loaded_before_it_is_needed():
    """Making an observer of a bucket, and asking for its URL, loads no driver."""
    program = """
import sys, json
from expkit.observers import S3Observer
from expkit import open_store
S3Observer("bucket", "runs"), open_store("gs://bucket/runs").url, open_store("sftp://host/runs").url
print(json.dumps([name for name in ("fsspec", "s3fs", "botocore", "aiohttp", "gcsfs", "paramiko") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == [], done.stderr


def test_several_places_at_once(url, tmp_path, monkeypatch):
    """One run goes to a folder and to a bucket, and is the same in both."""
    monkeypatch.chdir(tmp_path)
    ex = Experiment("both", interactive=True, observers=[f"folder:{tmp_path}/runs", url])

    @ex.main
    def main(_run):
        _run.log_scalar("loss", 0.5)
        return 2

    uid = ex.run().uid
    there, here = RemoteStore(url), open_store(tmp_path / "runs")
    assert there.load(uid).but(id=None) == here.load(uid).but(id=None)
    there.close()
