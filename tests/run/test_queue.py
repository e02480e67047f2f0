"""Runs that are queued and start later, seen through the public API and as scripts."""

import logging
import random
from pathlib import Path

import pytest

from expkit import SETTINGS, Experiment, Ingredient, StoreObserver, open_run, open_store
from expkit.errors import ConfigAddedError, NamedConfigNotFoundError, NotRestorableError, RunExistsError
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import RecordingObserver

QUEUE = {"--queue": True}

SCRIPT = """
from expkit import Experiment

ex = Experiment()


@ex.config
def config():
    lr = 0.1
    batch = 8
    unused = 0


@ex.main
def main(lr):
    print("main", lr)


@ex.command
def other(lr, batch):
    print("other", lr, batch)


if __name__ == "__main__":
    ex.run_commandline()
"""


class Thing:
    """A class that is given as a value."""


class Other(Thing):
    """Another one."""


class Queue:
    """An experiment with a store, as it stands when runs are queued and when they are started."""

    def __init__(self):
        self.store = MemoryStore()

    def experiment(self, config=None, observers=None, ingredients=(), **changes):
        defaults = {"lr": 0.1, "batch": 8, "model": {"units": 4, "layers": [1, 2]}, **changes}
        made = Experiment(
            "sample",
            interactive=True,
            ingredients=ingredients,
            observers=[StoreObserver(self.store)] if observers is None else observers,
        )
        made.add_config(config or defaults)
        made.add_named_config("small", batch=2)
        made.add_named_config("fast", lr=1.0)
        made.main(lambda _config: _config)
        made.command(self.other)
        return made

    def other(self, lr):
        return lr

    def queue(self, experiment, *tokens):
        """Queue a run as typed; the queued record."""
        run = experiment.run_commandline(["sample", "-q", *tokens])
        assert run.status == "QUEUED"
        return self.store.load(run._id)

    def start(self, experiment, *tokens):
        """Start the first run as typed; the handle and the record."""
        run = experiment.run_commandline(["sample", "--id", "1", *tokens])
        assert run._id == "1"
        return run, self.store.load("1")


@pytest.fixture
def queue():
    return Queue()


@pytest.fixture(autouse=True)
def warnings(caplog):
    caplog.set_level(logging.WARNING)
    return caplog


def test_what_was_typed_is_kept(script):
    """Command, config, comment, priority and tags are those of the queued run."""
    assert (
        script(SCRIPT, "other", "-q", "-c", "why", "-P", "3", "--tag", "foo", "-n", "named", "with", "lr=0.5").stdout
        == ""
    )
    started = script(SCRIPT, "--id", "1", "--tag", "bar")
    assert started.stdout == "other 0.5 8\n"
    assert "WARNING" not in started.stderr
    record = open_store(script.path / "runs").load("1")
    assert (record.name, record.command, record.meta["command"], record.status) == (
        "named",
        "other",
        "other",
        "COMPLETED",
    )
    assert record.meta["comment"] == "why"
    assert record.meta["priority"] == 3
    assert record.meta["tags"] == ["foo", "bar"]
    assert record.meta["config_updates"] == {"lr": 0.5}
    assert record.facts.modified == ("lr",)
    assert record.facts.added == ()


def test_what_lies_in_the_trash_is_not_started(queue):
    """A queued run in the trash is refused, and stays queued; once it is restored it starts."""
    queued = queue.queue(queue.experiment())
    run = open_run(queued.uid, queue.store)
    run.trash()
    with pytest.raises(RunExistsError, match="run 1 is queued, but lies in the trash; expkit rm --restore 1 takes it"):
        queue.experiment().run(options={"--id": "1"})
    assert queue.store.load("1").status == "QUEUED"
    run.restore()
    assert queue.start(queue.experiment())[1].status == "COMPLETED"


def test_the_queued_config_is_the_base_of_new_updates(queue, warnings):
    """Seed and values stay those that were queued; what the start overrides comes on top, and is told as such."""
    queued = queue.queue(queue.experiment(), "with", "lr=0.5", "small")
    run, record = queue.start(queue.experiment(), "with", "model.units=16", "fast")
    assert run.config == {
        "seed": queued.seed,
        "lr": 1.0,
        "batch": 2,
        "model": {"units": 16, "layers": [1, 2]},
    }
    assert record.meta["config_updates"] == {"lr": 0.5, "model": {"units": 16}}
    assert record.meta["named_configs"] == ["small", "fast"]
    assert record.facts.modified == ("batch", "lr", "model", "model.units")
    assert run.meta_info["named_configs"] == ["small", "fast"]
    assert warnings.text == ""


def test_a_start_without_updates_is_what_was_queued(queue):
    """The record says the same about the config as when it was queued, hash included."""
    tokens = ["with", "lr=1", "small", "model.layers[+]=3", "~model.units"]
    queued = queue.queue(queue.experiment(), *tokens)
    run, record = queue.start(queue.experiment())
    assert record.config == queued.config
    assert run.config["model"] == {"layers": [1, 2, 3]}
    assert record.facts.but(read=(), unread=(), mutated=()) == queued.facts
    assert record.meta["config_updates"] == queued.meta["config_updates"]


def test_values_stay_though_the_definitions_change(queue):
    """A default that changed, or that is random, is what it was; entries that are new come in."""
    queue.queue(queue.experiment(noise=random.random(), gone=3), "with", "batch=9")
    run, record = queue.start(queue.experiment(noise="text", lr=0.7, new=1))
    assert (run.config["lr"], run.config["gone"], run.config["new"]) == (0.1, 3, 1)
    assert 0 <= run.config["noise"] < 1
    assert record.facts.modified == ("batch",)
    assert record.facts.typechanged == {}


def test_back_to_the_default_is_no_change(queue):
    """A new update that takes back a queued one leaves nothing modified; a removed entry may be set again."""
    queue.queue(queue.experiment(), "with", "lr=0.5", "~model.units")
    run, record = queue.start(queue.experiment(), "with", "lr=0.1", "model.units=5")
    assert run.config["model"] == {"units": 5, "layers": [1, 2]}
    assert record.facts.modified == ("model", "model.units")


def test_changed_types_are_told(queue):
    """An entry that has another type since it was queued is recorded with both types."""
    queue.queue(queue.experiment(), "with", "lr=high", "batch=many")
    _, record = queue.start(queue.experiment(), "with", "batch=None")
    assert record.facts.typechanged == {"lr": ("float", "str")}


def test_only_what_was_asked_for_can_be_unread(queue, warnings):
    """Updates that nobody reads are reported, those that were queued and those of the start; nothing else is."""
    queue.queue(queue.experiment(), "other", "with", "batch=9", "model.layers[0]=7", "lr=2.0")
    _, record = queue.start(queue.experiment(), "with", "model.units=3")
    assert record.facts.unread == ("batch", "model.layers[0]", "model.units")
    assert warnings.text.count("nobody read it") == 3


def test_any_key_can_be_queued(queue):
    """Keys that look like paths or removals are keys."""
    odd = {"a.b": 1, "~x": None, "layers[0]=1": 2, "x[=": 3, 5: 6, "x": 1}
    queue.queue(queue.experiment(odd))
    run, _ = queue.start(queue.experiment(odd))
    assert run.config == {**odd, "seed": run.config["seed"]}
    queued = queue.experiment(odd).run(config_updates={'"a.b"': 4, '"x[="': 5, 5: 7}, options=QUEUE)
    again = queue.experiment(odd).run(options={"--id": queued._id})
    assert again.config == {**odd, "a.b": 4, "x[=": 5, 5: 7, "seed": queued.config["seed"]}


def test_entries_that_somebody_forced_stay(queue):
    """What was accepted when the run was queued needs no force to start; new mistakes are mistakes."""
    queue.queue(queue.experiment(), "-f", "with", "extra=1")
    with pytest.raises(ConfigAddedError, match="bacth"):
        queue.experiment().run(config_updates={"bacth": 1}, options={"--id": "1"})
    run, record = queue.start(queue.experiment())
    assert run.config["extra"] == 1
    assert record.facts.added == ("extra",)


def test_objects_come_from_the_definitions(queue):
    """Classes and functions cannot be restored: configs and the queued named configs give them again."""

    def defined(**more):
        made = queue.experiment(kind=Thing, make=lambda: 3, model={"units": 4, "kinds": [Thing]}, **more)
        made.add_named_config("otherwise", kind=Other)
        return made

    queued = queue.queue(defined(), "with", "otherwise", "model.units=5")
    run, record = queue.start(defined(lr=0.9))
    assert run.config["kind"] is Other
    assert run.config["make"]() == 3
    assert run.config["model"] == {"units": 5, "kinds": [Thing]}
    assert run.config["lr"] == 0.1
    assert record.facts.modified == queued.facts.modified == ("kind", "model", "model.units")


def test_objects_that_were_given_must_be_given_again(queue):
    """An object that an update gave cannot come from the definitions; nor can one that these no longer have."""
    queued = queue.experiment(kind=Thing).run(config_updates={"kind": Other}, options=QUEUE)
    start = {"--id": queued._id}
    with pytest.raises(NotRestorableError, match="queued run 1 has entries that cannot be restored: kind;"):
        queue.experiment(kind=Thing).run(options=start)
    assert queue.experiment(kind=Thing).run(config_updates={"kind": Other}, options=start).config["kind"] is Other
    queue.experiment(kind=Thing).run(options=QUEUE)
    with pytest.raises(NotRestorableError, match="kind"):
        queue.experiment().run(options={"--id": "2"})


def test_a_config_file_may_be_gone(queue, tmp_path):
    """What can be restored needs no file and no named config any more; what cannot, does."""
    file = tmp_path / "mine.json"
    file.write_text('{"batch": 77}')
    queue.queue(queue.experiment(), "with", str(file))
    queue.queue(queue.experiment(kind=Thing), "with", str(file))
    file.unlink()
    run, _ = queue.start(queue.experiment())
    assert run.config["batch"] == 77
    with pytest.raises(NamedConfigNotFoundError, match=r"mine\.json"):
        queue.experiment(kind=Thing).run(options={"--id": "2"})


def test_ingredients_and_hooks(queue):
    """Entries of ingredients are theirs; what hooks said when the run was queued stays."""

    def defined(rows, hooked):
        data = Ingredient("data.set")
        data.add_config(rows=rows, seed=3)
        made = queue.experiment(ingredients=[data])
        made.config_hook(lambda config, command_name, logger: {"batch": hooked})
        return made

    queue.queue(defined(10, 100), "with", "data.set.seed=4")
    run, record = queue.start(defined(20, 200))
    assert run.config["data"] == {"set": {"rows": 10, "seed": 4}}
    assert run.config["batch"] == 100
    assert record.facts.modified == ("batch", "data", "data.set", "data.set.seed")


def test_observers_that_ask_for_the_config(queue):
    """A callable of (config, options) is called once per start, and its store is looked into as well."""
    asked = []

    def observer(config, options):
        asked.append((config["lr"], config["seed"] > 0, options["--id"]))
        return StoreObserver(queue.store)

    experiment = queue.experiment(observers=[observer])
    queue.queue(experiment, "other", "with", "lr=0.5")
    asked.clear()
    run, record = queue.start(experiment, "with", "batch=9")
    assert asked == [(0.1, True, "1")]
    assert (run.result, record.status) == (0.5, "COMPLETED")


def test_callables_are_asked_last(queue):
    """If the run lies with another observer, a callable gets the config that was queued."""
    asked = []

    def observer(config, options):
        asked.append(config["lr"])
        return StoreObserver(MemoryStore())

    queue.queue(queue.experiment(), "with", "lr=0.5")
    run, _ = queue.start(queue.experiment(observers=[observer, StoreObserver(queue.store)]))
    assert asked == [0.5]
    assert run.config["lr"] == 0.5


def test_a_command_that_is_typed_is_meant(queue):
    """The command line of the start wins."""
    queue.queue(queue.experiment(), "with", "lr=0.5")
    run, record = queue.start(queue.experiment(), "other")
    assert (run.result, record.command) == (0.5, "other")


def test_a_queued_command_needs_no_main(queue):
    """An experiment without a main function starts what was queued."""

    def defined():
        made = Experiment("sample", interactive=True, observers=[StoreObserver(queue.store)])
        made.add_config(lr=0.1)
        made.command(queue.other)
        return made

    queue.queue(defined(), "other", "with", "lr=3")
    assert queue.start(defined())[0].result == 3


def test_a_source_that_changed_is_a_gap(script):
    """The record and a warning say so."""
    script(SCRIPT, "-q")
    started = script(SCRIPT + "# new", "--id", "1")
    assert "source script.py has changed since the run was queued" in started.stderr
    assert open_store(script.path / "runs").load("1").gaps == ("source script.py has changed since the run was queued",)


def test_an_id_that_nobody_has_queued(queue):
    """Then ``--id`` is the id of a new run, and every observer is opened once."""
    asked = []

    def observer(config, options):
        asked.append(config["batch"])
        return StoreObserver(queue.store)

    experiment = queue.experiment(observers=[RecordingObserver(), observer])
    run = experiment.run(config_updates={"batch": 9}, options={"--id": "mine"})
    assert (run._id, run.status, asked) == ("mine", "COMPLETED", [9])
    assert queue.store.load("mine").meta["config_updates"] == {"batch": 9}


def test_updates_that_could_not_be_typed(queue, monkeypatch):
    """A queued run starts though the text of one of its updates would be refused by now."""
    experiment = queue.experiment()
    experiment.run(config_updates={"model.layers[0]": Path("x")}, options=QUEUE)
    monkeypatch.setattr(SETTINGS.COMMAND_LINE, "STRICT_PARSING", True)
    assert queue.start(experiment)[0].config["model"]["layers"] == [Path("x"), 2]
