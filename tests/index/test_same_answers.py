"""With an index and without one the answers are the same, whatever happened to the store in between."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expkit.record.expression import parse
from expkit.record.model import COMPLETED, FAILED, QUEUED, RUNNING, Annotation, Point, StreamKey
from expkit.stores.folder.store import FolderStore
from expkit.testing.samples import sample_annotation, sample_lease, sample_record

VALUES = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.1, -0.0, float("inf"), float("nan"), 10**30, True, None, "adam", "ädam", "1", ""]),
    st.lists(st.integers(0, 2), max_size=2),
    st.fixed_dictionaries({"name": st.sampled_from(["a", "b"])}),
    st.tuples(st.integers(0, 2)),
)
CONFIGS = st.dictionaries(st.sampled_from(["x", "y", "a.b"]), VALUES, max_size=3)
STATUSES = st.sampled_from([RUNNING, QUEUED, COMPLETED, FAILED])
WHICH = st.integers(0, 5)
OPERATIONS = st.one_of(
    st.tuples(st.just("create"), STATUSES, CONFIGS),
    st.tuples(st.just("lease"), WHICH, st.booleans()),
    st.tuples(st.just("save"), WHICH, STATUSES, VALUES),
    st.tuples(st.just("append"), WHICH, st.sampled_from(["acc", "val.acc"]), st.sampled_from([1, 0.5, float("nan")])),
    st.tuples(st.just("annotate"), WHICH, st.sampled_from(["tag", "untag", "name", "note", "result"]), st.just("t")),
    st.tuples(st.just("status"), WHICH, STATUSES, STATUSES),
    st.tuples(st.just("delete"), WHICH),
    st.tuples(st.just("remove"), WHICH),
    st.tuples(st.just("copy"), WHICH, st.integers(20, 23)),
    st.tuples(st.just("twin"), WHICH, st.integers(0, 3)),
    st.tuples(st.just("back_up")),
    st.tuples(st.just("restore"), st.booleans()),
    st.tuples(st.just("edit"), WHICH, VALUES.filter(lambda value: value == value and value != float("inf"))),
    st.tuples(st.just("junk"), st.integers(30, 32)),
    st.tuples(st.just("break"), WHICH),
    st.tuples(st.just("look")),
)
ORDERS = st.lists(
    st.sampled_from(["config.x", "-config.x", "-metrics.acc.max", "state", "name", "-id", "config.a.b", "duration"]),
    max_size=2,
)
QUESTIONS = st.sampled_from(
    [
        None,
        "config.x < 2",
        "config.x == 1",
        'config.x == "adam"',
        "config.x != 1",
        "config.x in (1, 0.1)",
        "not config.x > 0",
        "config.y.name == a or config.x == true",
        'config["a.b"] >= 0',
        "metrics.acc.max >= 0.5",
        "exists(config.x)",
        "state = COMPLETED",
        "state = DIED or state = QUEUED",
        "t in tags",
        'name ~ "T*"',
        "duration > 0",
        "config.x = null",
    ]
)
COLUMNS = st.sampled_from(
    [None, ["id", "config", "metrics"], ["config.x", "state", "tags", "late"], ["uid", "metrics.val.acc.last", "host"]]
)


class World:
    """A store, several objects that use it, and what can happen to it."""

    def __init__(self, root):
        self.root = root
        self.backup = root.with_name("backup")
        self.stores = [FolderStore(root), FolderStore(root)]
        self.number = 0

    def do(self, what, *arguments):
        store = self.stores[self.number % 2]
        self.number += 1
        if what in ("create", "junk", "look", "back_up", "restore"):
            return getattr(self, what)(store, *arguments)
        keys = store.ids()
        which, *rest = arguments
        return getattr(self, what)(store, keys[which % len(keys)], *rest) if keys else None

    def create(self, store, status, config):
        from expkit.record.codec import encode

        store.create(sample_record(status=status, config=encode(config)))

    def lease(self, store, key, is_mine):
        from expkit.stores.holder import this_process

        store.renew(key.uid, this_process(10.0) if is_mine else sample_lease())

    def save(self, store, key, status, value):
        from expkit.record.codec import encode

        if not self._is_broken(key):
            store.save(store.load(key.uid).but(status=status, result=encode(value)))

    def append(self, store, key, name, value):
        end = store.streams(key.uid).get(StreamKey(), 0)
        store.append(key.uid, StreamKey(), end, [Point(name, end, value, 1.0)])

    def annotate(self, store, key, action, value):
        store.annotate(key.uid, sample_annotation(value, action, self.number))

    def status(self, store, key, expected, status):
        if not self._is_broken(key):
            store.set_status(key.uid, expected, status)

    def delete(self, store, key):
        store.delete(key.uid)

    def remove(self, store, key):
        shutil.rmtree(self.root / str(key.id))

    def copy(self, store, key, name):
        target = self.root / str(name)
        if not target.exists():
            shutil.copytree(self.root / str(key.id), target)
            self._edit(str(name), uid=f"{name}{key.uid[2:]}")

    def twin(self, store, key, name):
        target = self.root / str(name)
        if not target.exists():
            shutil.copytree(self.root / str(key.id), target)

    def back_up(self, store):
        shutil.copytree(self.root, self.backup, dirs_exist_ok=True)

    def restore(self, store, in_place):
        """Put the files of the backup back, as new ones or into those that are there."""
        if not self.backup.exists():
            return
        for path in self.root.iterdir():
            if path.is_dir() and not (self.backup / path.name).exists():
                shutil.rmtree(path)
        copy = _written if in_place else _replaced
        shutil.copytree(self.backup, self.root, dirs_exist_ok=True, copy_function=copy)
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_file() and not (self.backup / path.relative_to(self.root)).exists():
                path.unlink()

    def edit(self, store, key, value):
        self._edit(str(key.id), result=value)

    def junk(self, store, name):
        os.makedirs(self.root / str(name), exist_ok=True)

    def _edit(self, name, **changes):
        path = self.root / name / "run.json"
        try:
            tree = json.loads(path.read_text())
        except ValueError:
            return
        path.write_text(json.dumps({**tree, **changes}))

    def _is_broken(self, key):
        return (self.root / str(key.id) / "run.json").read_text() == "{half"

    def look(self, store):
        list(store.find())


def _written(source, target):
    Path(target).write_bytes(Path(source).read_bytes())
    shutil.copystat(source, target)


def _replaced(source, target):
    shutil.copy2(source, f"{target}~")
    os.replace(f"{target}~", target)


setattr(World, "break", lambda self, store, key: (self.root / str(key.id) / "run.json").write_text("{half"))


def shown(rows):
    """Rows in a form in which NaN is itself, and what depends on the moment is left out."""
    return [json.dumps(row, sort_keys=True, default=str) for row in rows]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(OPERATIONS, min_size=1, max_size=14), QUESTIONS, COLUMNS, ORDERS, st.sampled_from([None, 2]), st.booleans()
)
def test_the_answers_are_the_same(index, operations, question, columns, order, limit, settled):
    """Whatever was done, by whom and by which way: each question is answered as if there were no index."""
    index.settled(-1.0 if settled else 2.0)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "runs")
        world.do("create", COMPLETED, {"x": 1})
        for operation in operations:
            world.do(*operation)
            query = parse(question) if question else None
            # of runs that cannot be read each process remembers what it knew before
            for store, other in ((world.stores[0],) * 2, (FolderStore(world.root), FolderStore(world.root))):
                found = shown(store.find(query, columns, order, limit))
                assert found == shown(index.without(other, query, columns, order, limit))
    assert not index.answers_without
