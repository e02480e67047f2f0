"""How a database is named: URLs, arguments of ``-m``, constructors; and what is said where it cannot be."""

from __future__ import annotations

import pymongo
import pytest
from gridfs import GridFS

from expkit import Experiment, open_store
from expkit.errors import ObserverError, RunExistsError, RunNotFoundError, StoreError
from expkit.observers import MongoObserver, QueuedMongoObserver
from expkit.observers.delivery import Delivery, current
from expkit.observers.mongo_spec import observer_of
from expkit.observers.opening import open_observer
from expkit.record.events import Beat
from expkit.stores.mongo.place import place_of
from expkit.stores.mongo.trouble import sentence
from expkit.testing.samples import NOON, sample_record


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mongodb://h", "mongodb://h/sacred"),
        ("mongodb://h:1/db", "mongodb://h:1/db"),
        ("MongoDB://a:1,b:2/db?replicaSet=rs0", "mongodb://a:1,b:2/db?replicaSet=rs0"),
        (
            "mongodb+srv://u:p%40w@cluster.example.org/db?w=majority",
            "mongodb+srv://u:***@cluster.example.org/db?w=majority",
        ),
        (
            "mongodb://u:secret@h/db?tls=true&tlsCAFile=/etc/ca.pem",
            "mongodb://u:***@h/db?tls=true&tlsCAFile=/etc/ca.pem",
        ),
        ("mongodb://u:secret@h/?collection=mine", "mongodb://u:***@h/sacred?authSource=admin&collection=mine"),
        ("mongodb://h/db?prefix=x", "mongodb://h/db?collection=x_runs&metrics=x_metrics"),
        ("mongodb://h/my%20db?files=files", "mongodb://h/my%20db?files=files"),
        ("mongodb://h/db?tls=true;prefix=x", "mongodb://h/db?tls=true&collection=x_runs&metrics=x_metrics"),
        (
            "mongodb://h/db?tlsCertificateKeyFilePassword=secret&authMechanismProperties=AWS_SESSION_TOKEN:secret",
            "mongodb://h/db?tlsCertificateKeyFilePassword=***&authMechanismProperties=***",
        ),
    ],
)
def test_urls(url, shown):
    """A store's URL opens it again, with everything but the password."""
    place = place_of(url)
    assert place.url == shown
    again = place_of(place.url)
    assert (again[1:], again.url) == (place[1:], shown)
    assert "secret" not in repr(open_store(url))


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("mongodb://h", "mongodb://h/"),
        ("mongodb://h?w=2&collection=x", "mongodb://h/?w=2"),
        ("mongodb://[::1]:1,b/db?tls=true;prefix=x;w=majority", "mongodb://[::1]:1,b/db?tls=true;w=majority"),
        ("mongodb+srv://u:p%2Bq@c.org/a%20b?appName=x+y&files=f", "mongodb+srv://u:p%2Bq@c.org/a%20b?appName=x+y"),
        (
            "mongodb://h/?readPreferenceTags=dc:ny,rack:1&readPreferenceTags=&retryWrites=false",
            "mongodb://h/?readPreferenceTags=dc:ny,rack:1&readPreferenceTags=&retryWrites=false",
        ),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/db", "mongodb://%2Ftmp%2Fmongodb-27017.sock/db"),
    ],
)
def test_what_the_driver_gets(url, driver):
    """The driver gets the URL as it was typed, but for options of ours."""
    assert place_of(url).server == driver


def test_options_win():
    """What a URL or the constructor says counts: concerns, retries and time-outs; all others are bounded."""
    url = "mongodb://h/?w=majority&wTimeoutMS=7000&journal=true&retryWrites=false&socketTimeoutMS=9000&readConcernLevel=majority"
    client = MongoObserver(url, serverSelectionTimeoutMS=1234).mongo_store.server.client
    options = client.options
    assert options.write_concern.document == {"w": "majority", "wtimeout": 7000, "j": True}
    assert (options.retry_writes, options.retry_reads, options.read_concern.level) == (False, True, "majority")
    assert (options.server_selection_timeout, options.pool_options.socket_timeout) == (1.234, 9.0)
    assert (options.pool_options.connect_timeout, options.pool_options.wait_queue_timeout) == (5.0, 20.0)
    client.close()
    client = MongoObserver("h").mongo_store.server.client
    assert (client.options.retry_writes, client.options.write_concern.document) == (True, {})
    assert client.options.pool_options.socket_timeout == 20.0
    client.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mongodb:", "mongodb://HOST:PORT/DATABASE"),
        ("mongodb:///db", "mongodb://HOST:PORT/DATABASE"),
        ("mongodb:h/db", "mongodb://HOST:PORT/DATABASE"),
        ("mongodb://h/db?collection=fs.files", "reserved"),
        ("mongodb://h/db?collection=a$b", "cannot be the name"),
        ("mongodb://h/db?collection=a&prefix=b", "not both"),
    ],
)
def test_bad_urls(url, said):
    """What names no database is refused before anything is connected, with what to type instead."""
    with pytest.raises(StoreError, match=said):
        open_store(url)


@pytest.mark.parametrize(
    ("spec", "hosts", "database", "runs", "overwrite", "priority"),
    [
        ("db", "localhost:27017", "db", "runs", None, 30),
        ("db.coll", "localhost:27017", "db", "coll", None, 30),
        ("db.coll:12", "db.coll:12", "sacred", "runs", None, 30),
        ("db_.coll:12", "localhost:27017", "db_", "coll", "12", 30),
        ("h:27017", "h:27017", "sacred", "runs", None, 30),
        ("my-host.org:1:db", "my-host.org:1", "db", "runs", None, 30),
        ("h:1:db.coll:7!-3", "h:1", "db", "coll", "7", -3),
        ("db!50", "localhost:27017", "db", "runs", None, 50),
        ("mongodb://u:p@h:1/db?collection=c", "h:1", "db", "c", None, 30),
        ("mongodb://h/db!5", "h", "db", "runs", None, 5),
    ],
)
def test_arguments(spec, hosts, database, runs, overwrite, priority):
    """The short form of ``-m`` is that of Sacred; a URL may stand in its place."""
    observer = observer_of(spec)
    place = observer.store.server.place
    assert (place.hosts, place.database, place.runs) == (hosts, database, runs)
    assert (observer.overwrite, observer.priority) == (overwrite, priority)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("", "HOST:PORT"),
        ("1db", "HOST:PORT"),
        ("h:1:", "HOST:PORT"),
        ("db.coll:x", "HOST:PORT"),
        ("h:99999:db", "there is no port 99999"),
        ("db.system_.x", "HOST:PORT"),
        ("db._properties", "reserved"),
        ("db!high", "HOST:PORT"),
    ],
)
def test_bad_arguments(spec, said):
    """A bad argument is refused with the forms that there are."""
    with pytest.raises(ValueError, match=said):
        observer_of(spec)


def test_on_the_command_line(script, url):
    """``-m`` and ``--observe`` record the run; a bad argument ends the program with a sentence, before anything runs."""
    source = (
        "from expkit import Experiment\nex = Experiment('cli')\n\n"
        "@ex.automain\ndef main():\n    print('ran')\n    return 7\n"
    )
    host, _, database = url.removeprefix("mongodb://").partition("/")
    for arguments in (["-m", f"{host}:{database}"], ["--mongo_db", url], ["--observe", url]):
        done = script(source, *arguments)
        assert (done.returncode, done.stdout.count("ran")) == (0, 1), done.stderr
    rows = list(open_store(url).find(columns=["id", "result", "status"]))
    assert rows == [{"id": number, "result": 7, "status": "COMPLETED"} for number in (1, 2, 3)]
    done = script(source, "-m", "h:99999:db")
    assert done.returncode != 0 and "ran" not in done.stdout
    assert "--mongo-db=h:99999:db: there is no port 99999" in done.stderr


def test_scripts_that_use_no_database_load_no_driver(script):
    """pymongo is loaded when a database is used; defining an observer is not using it."""
    source = (
        "import sys\nfrom expkit import Experiment\nfrom expkit.observers import MongoObserver\n"
        "ex = Experiment('lazy', observers=[MongoObserver('mongodb://h:1')])\n"
        "assert ex.observers[0] == MongoObserver('mongodb://h:1')\n"
        "print('pymongo' in sys.modules)\n"
    )
    assert script(source).stdout == "False\n"


# -- constructors ------------------------------------------------------------------------------------------


def test_constructors():
    """The constructor takes what Sacred's took; observers of the same runs are equal."""
    observer = MongoObserver("h:1", "db", "coll", priority=3)
    assert (observer.priority, observer.store.url) == (3, "mongodb://h:1/db?collection=coll")
    assert observer == MongoObserver(url="mongodb://h:1/", db_name="db", collection="coll")
    assert len({observer, MongoObserver("h:1", "db", "coll"), MongoObserver("h:1", "db")}) == 2
    assert observer != "runs"
    assert (
        MongoObserver("h:1", collection_prefix="x").store.url
        == "mongodb://h:1/sacred?collection=x_runs&metrics=x_metrics"
    )
    by_url = MongoObserver("mongodb://u:p@h/admin?collection=mine&files=bytes", collection_prefix="")
    assert by_url.store.url == "mongodb://u:***@h/sacred?authSource=admin&collection=mine&files=bytes"
    assert MongoObserver().store.url == "mongodb://localhost:27017/sacred"
    assert open_observer("mongodb://h:1/db?offline=journal", {}, {}).offline == "journal"
    queued = QueuedMongoObserver(5.0, url="h:1", db_name="db", collection="coll", failure_dir="/tmp")
    assert queued == observer and queued.priority == 30


def test_bad_constructors():
    """What does not fit together is refused at once."""
    with pytest.raises(ValueError, match="not both"):
        MongoObserver("h:1", client=pymongo.MongoClient(connect=False))
    with pytest.raises(ValueError, match="pymongo.MongoClient"):
        MongoObserver(client=object())
    with pytest.raises(KeyError, match="reserved"):
        MongoObserver(collection="search_space")
    with pytest.raises(ValueError, match="not both"):
        MongoObserver(collection="x", collection_prefix="y")


def test_deprecated_create():
    """``MongoObserver.create`` works, and says what to write."""
    with pytest.warns(DeprecationWarning, match=r"use MongoObserver\(\.\.\.\)"):
        assert MongoObserver.create(url="h:1").store.url == "mongodb://h:1/sacred"


def test_a_client_of_ones_own(url, store):
    """A client of one's own is used, and stays open; ``create_from`` uses its collections."""
    place = store.server.place
    with pymongo.MongoClient(place.server) as client:
        database = client[place.database]
        by_client = MongoObserver(client=client, db_name=place.database)
        by_handles = MongoObserver.create_from(
            database["runs"], GridFS(database, "files"), metrics_collection=database["points"], priority=4
        )
        assert by_client == by_handles
        assert by_handles.run_entry is None
        for number, observer in enumerate((by_client, by_handles), 1):
            experiment = Experiment("mine", interactive=True, observers=[observer])
            experiment.main(lambda _run: _run.log_scalar("loss", 1.0))
            experiment.run()
            observer.store.close()
            assert observer.run_entry["_id"] == number
            assert observer.runs.find_one({"_id": number})["status"] == "COMPLETED"
        assert by_handles.metrics.name == "points" and by_handles.metrics.count_documents({"name": "loss"}) == 1
        assert by_handles.priority == 4
        assert database["files.files"].count_documents({}) == len(by_handles.fs.list()) > 0


def test_the_entry_of_a_run_that_another_process_began(url, store):
    """Whoever is told of a run shows its document, also where another process has made it."""
    record = sample_record()
    number = store.create(record)
    observer = MongoObserver.at(url)
    assert observer.run_entry is None
    token = current.set(Delivery(event=Beat(time=NOON), record=record))
    try:
        assert observer.run_entry["_id"] == number
    finally:
        current.reset(token)
        observer.store.close()


def test_overwrite(url, store):
    """``overwrite`` puts one run in the place of another: the same id, nothing left of the old one."""

    def run(observer, result, **more):
        experiment = Experiment("again", interactive=True, observers=[observer])
        experiment.main(lambda _run: _run.log_scalar("loss", result) or result)
        try:
            return experiment.run(**more)._id
        finally:
            observer.store.close()

    assert [run(MongoObserver.at(url), number) for number in (1, 2)] == [1, 2]
    again = MongoObserver.at(url, overwrite=1)
    assert run(again, 7) == 1
    assert [store.load(number).result for number in (1, 2)] == [7, 2]
    values = [found["values"] for found in again.metrics.find({"run_id": 1, "name": "loss"})]
    assert values == [[7]]
    with pytest.raises(ObserverError, match="this is the second"):
        run(again, 8)
    with pytest.raises(RunNotFoundError):
        run(MongoObserver.at(url, overwrite=99), 8)
    with pytest.raises(ObserverError, match="a queued one"):
        run(MongoObserver.at(url, overwrite=2), 8, options={"--queue": True})
    with pytest.raises(RunExistsError):
        run(MongoObserver.at(url), 8, options={"--id": "1"})
    again.store.close()


# -- what is wrong ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "mongodb://127.0.0.1:9/db?serverSelectionTimeoutMS=100",
            "no MongoDB server answers at 127.0.0.1:9: the connection is refused",
        ),
        (
            "mongodb://nobody.invalid/db?serverSelectionTimeoutMS=100",
            "no MongoDB server answers at nobody.invalid: there is no such host",
        ),
        ("mongodb://127.0.0.1:9/db?serverSelectionTimeoutMS=100&replicaSet=rs", "no MongoDB server answers"),
    ],
)
def test_what_is_wrong(url, said):
    """A server that cannot be reached is one sentence, within the time-outs of the URL."""
    store = open_store(url)
    with pytest.raises(StoreError) as caught:
        store.ids()
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    store.close()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (18, "does not accept the user or the password"),
        (13, "needs the role readWrite on the database 'db'"),
        (59, "refuses"),
    ],
)
def test_refusals(code, said):
    """Wrong passwords and missing rights are named, without the password."""
    error = pymongo.errors.OperationFailure("words of the server", code)
    text = sentence(error, place_of("mongodb://u:secret@h/db"))
    assert said in text and "words of the server" in text and "secret" not in text


def test_a_run_does_not_start(script):
    """With its server away a run does not start: one line says why, soon, and nothing of the program has run."""
    done = script(
        "from expkit import Experiment\nex = Experiment('x')\n\n@ex.automain\ndef main():\n    print('ran')\n",
        "-m",
        "mongodb://127.0.0.1:9/db?serverSelectionTimeoutMS=200",
    )
    assert done.returncode != 0 and "ran" not in done.stdout
    assert "no MongoDB server answers at 127.0.0.1:9: the connection is refused" in done.stderr
    assert "Traceback" not in done.stderr
