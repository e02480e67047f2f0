"""Collections of a class that is not pymongo's: stand-ins for a server, as tests use them."""

from expkit import Experiment
from expkit.observers import MongoObserver


class Collection:
    """Does what a collection does, except for many things at once."""

    def __init__(self, real, database):
        self._real = real
        self.database = database

    def __getattr__(self, name):
        if name == "bulk_write":
            raise NotImplementedError(name)
        return getattr(self._real, name)


class Database:
    """Does what a database does, except for commands."""

    def __init__(self, real, client):
        self._real = real
        self.client = client
        self.name = real.name

    def __getitem__(self, name):
        return Collection(self._real[name], self)

    def get_collection(self, name, *options):
        return Collection(self._real.get_collection(name, *options), self)

    def command(self, name):
        raise NotImplementedError(name)


class Client:
    """A client without a server of its own."""

    def __init__(self, real):
        self._real = real

    def __getitem__(self, name):
        return Database(self._real[name], self)

    @property
    def admin(self):
        return self["admin"]


def test_a_run_is_recorded_into_a_stand_in(store, database, tmp_path):
    """``create_from`` takes any collections; what they do not know is done in another way, or one by one."""
    standing = Client(store.server.client)[database.name]
    observer = MongoObserver.create_from(standing["runs"], metrics_collection=standing["metrics"])
    made = tmp_path / "made.txt"
    made.write_text("made")
    ex = Experiment("stands_in", interactive=True, observers=[observer])

    @ex.main
    def main(_run):
        for value in range(3):
            _run.log_scalar("loss", value)
        _run.flush()
        _run.log_scalar("loss", 3)
        _run.add_artifact(made)
        return 7

    assert ex.run().result == 7
    (document,) = database["runs"].find()
    assert (document["status"], document["result"]) == ("COMPLETED", 7)
    assert database["metrics"].find_one({"name": "loss"})["values"] == [0, 1, 2, 3]
    assert database["fs.files"].find_one({"filename": {"$regex": "^artifact://"}}) is not None
    assert store.server.place.hosts not in repr(observer)
