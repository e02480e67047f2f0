"""What somebody mistypes when he says where runs go, and what he is told."""

import socket

import pytest

from expkit import open_store
from expkit.errors import StoreError
from expkit.record.uid import new_uid

SCRIPT = """
from expkit import Experiment, SETTINGS

SETTINGS.LANES.JOURNAL_PATIENCE = 60
ex = Experiment("typed", interactive=True)

@ex.main
def main(_run):
    print("MAIN")

ex.run_commandline()
"""


@pytest.fixture
def refused(script):
    """A function: the sentence by which a command line is refused before main, in one line."""

    def run(*arguments, code=1):
        done = script(SCRIPT, *arguments)
        assert (done.returncode, "MAIN" in done.stdout) == (code, False), done.stderr
        assert "Traceback" not in done.stderr
        # on a slow machine a word that somebody is waited for comes first
        sentence, *hint = [line for line in done.stderr.splitlines() if not line.startswith("waiting for observer ")]
        assert hint in ([], ["Try: script.py help"])
        return sentence

    return run


@pytest.mark.parametrize(
    ("url", "name", "near"),
    [
        ("az://c/r?account_name=x&conection_string=3", "conection_string", "connection_string"),
        ("ftp://127.0.0.1:1/r?timeot=3", "timeot", "timeout"),
        ("gs://b/r?endpoint=x", "endpoint", "endpoint_url"),
        ("local://x/r?automkdir=1", "automkdir", "auto_mkdir"),
        ("memory://x/r?global_stor=1", "global_stor", "global_store"),
        ("mongodb://127.0.0.1:1/x?colection=3", "colection", "collection"),
        ("mysql://127.0.0.1:1/x?chrset=utf8", "chrset", "charset"),
        ("postgresql://127.0.0.1:1/x?sslmod=require", "sslmod", "sslmode"),
        ("s3://b/r?endpoint_ur=http://127.0.0.1:1", "endpoint_ur", "endpoint_url"),
        ("sftp://127.0.0.1:1/r?key_file=3", "key_file", "key_filename"),
        ("sqlite:///x.db?timeot=3", "timeot", "timeout"),
        ("webdav+http://127.0.0.1:1/r?chunksize=3", "chunksize", "chunk_size"),
    ],
)
def test_mistyped_options(refused, tmp_path, url, name, near):
    """An option that nobody takes is refused by its name, with those that are near; nothing is made."""
    sentence = refused("--observe", url)
    assert f"{name!r} is no option" in sentence
    assert near in sentence.partition("did you mean ")[2]
    assert "offline='journal'" not in sentence
    assert {path.name for path in tmp_path.iterdir()} <= {"script.py", "state"}


@pytest.mark.parametrize(
    "url",
    [
        "folder:r",
        "memory:",
        "memory://r",
        "tinydb:r",
        "sqlite:///r.db",
        "s3://b/r",
        "ftp://h/r",
        "mongodb://h/r",
        "mysql://h/r",
    ],
)
@pytest.mark.parametrize("name", ["offlin", "ofline", "Offline", "off_line"])
def test_mistyped_offline(refused, tmp_path, url, name):
    """Whether a run may start while its store is away is no guess: what looks like ``offline`` is refused for every store."""
    sentence = refused("--observe", f"{url}?{name}=journal", code=2)
    assert f"{name!r} is no option" in sentence and "did you mean offline?" in sentence
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == ["script.py"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-S", "s3://b/r?endpoint_url=127.0.0.1:1"), "endpoint_url needs http:// or https://"),
        (("--observe", "s3://b/r?endpoint_url=http:/127.0.0.1:1"), "endpoint_url needs http:// or https://"),
        (("--observe", "gs://b/r?endpoint_url=localhost"), "endpoint_url needs http:// or https://"),
        (("--observe", "webdav://h/x"), "did you mean webdav+http or webdav+https?"),
        (("--observe", "WebDAV://h/x?offline=journal"), "did you mean webdav+http or webdav+https?"),
    ],
)
def test_addresses_that_lack_something(refused, tmp_path, arguments, said):
    """An address that nobody can ask is refused at once, journal or not, and waiting is not advised."""
    sentence = refused(*arguments, code=2)
    assert said in sentence and "offline='journal'" not in sentence
    assert [path.name for path in tmp_path.iterdir() if path.name != "state"] == ["script.py"]


def test_folders_with_odd_names(script):
    """A plain path has no options, whatever it looks like; ``offline`` is for observers, and no store minds it."""
    assert script(SCRIPT, "--observe", "runs?x=1").returncode == 0
    assert (script.path / "runs?x=1" / "1").is_dir()
    for url in ("folder:runs?x=1", "tinydb:runs?x=1"):
        with pytest.raises(StoreError, match="'x' is no option .*; a folder whose name ends like this"):
            open_store(url)
    assert open_store("folder:runs?offline=journal").url == "folder:runs"


@pytest.mark.parametrize(
    ("option", "long", "value", "said"),
    [
        ("-F", "--file-storage", "", "the path of a folder is missing"),
        ("-F", "--file-storage", "script.py", "this is a file"),
        ("-G", "--gcs", "nowhere", "give gs://BUCKET/PATH"),
        ("-m", "--mongo-db", "a:b:c", "this is no place in MongoDB"),
        ("-m", "--mongo-db", "mongodb://", "the URL of a MongoDB store is"),
        ("-S", "--s3", "", "give s3://BUCKET/PATH"),
        ("-s", "--sql", "", "the URL of an SQL database is"),
        ("-s", "--sql", "postgresql://me:hunter22@here", "names no database"),
        ("-t", "--tiny-db", "", "the path of a folder is missing"),
        ("-t", "--tiny-db", "script.py", "this is a file"),
    ],
)
def test_bad_specifications_end_alike(script, option, long, value, said):
    """What cannot be a place is a mistake of whoever typed it: the option is named, and where to look; exit code 2."""
    done = script(SCRIPT, option, value)
    first, last = done.stderr.splitlines()
    assert (done.returncode, last) == (2, "Try: script.py help")
    assert first.startswith(f"script.py: {long}=") and said in first
    assert "hunter22" not in first


def test_below_a_file(refused):
    """A folder that cannot be there, because a file is in its way, is a sentence that names the file."""
    sentence = refused("-F", "script.py/runs")
    assert "script.py is a file, and runs need a folder" in sentence and "Errno" not in sentence


def test_journals_by_short_options(script):
    """The short options of stores take ``offline`` as their URLs do."""
    done = script(SCRIPT, "-s", "sqlite:///here.db?offline=journal")
    assert done.returncode == 0, done.stderr
    assert open_store(f"sqlite:///{script.path}/here.db").load(1).status == "COMPLETED"


def test_notices_from_a_file_that_is_not_there(refused):
    """``notify:`` with a config file that is not there is one line."""
    assert "the config file 'nofile.yaml' cannot be read: No such file" in refused("--observe", "notify:nofile.yaml")


def test_the_way_out_is_told_where_it_helps(refused):
    """``offline=journal`` is offered where nobody answers."""
    for url in ("mongodb://127.0.0.1:1/x", "postgresql://127.0.0.1:1/x", "ftp://127.0.0.1:1/x"):
        sentence = refused("--observe", url)
        assert "?offline=journal" in sentence, sentence


def test_a_refused_mongodb_with_a_journal(script):
    """A server that is not there is told as what it is, not as one that has not answered in time."""
    done = script(SCRIPT.replace("PATIENCE = 60", "PATIENCE = 20"), "-m", "mongodb://127.0.0.1:1/x?offline=journal")
    assert done.returncode == 0
    assert "the connection is refused" in done.stderr and "has not answered" not in done.stderr


def test_a_silent_sftp_server(refused):
    """A server that takes connections and says nothing is one sentence; the driver prints nothing of its own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sentence = refused("--observe", f"sftp://me@127.0.0.1:{server.getsockname()[1]}/runs?banner_timeout=1")
    assert "does not answer: it takes connections, and says nothing" in sentence
    assert "?offline=journal" in sentence


def test_containers():
    """Azure has containers, others buckets."""
    container = open_store(f"az://{new_uid()}/runs?account_name=x")
    assert "container" in container.place.where and "bucket" not in container.place.where
    assert "bucket" in open_store("s3://b/runs").place.where
    with pytest.raises(StoreError, match="az://CONTAINER/PATH"):
        open_store("az://")
