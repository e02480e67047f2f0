"""Claims on servers of folders, where makers stop between any two calls: one wins, and nobody stands in the way of others."""

from __future__ import annotations

import os
import random
import shutil
import threading
import time

import pytest

from expkit.errors import StoreError
from expkit.stores.remote import layout, media
from expkit.stores.remote.media import Media
from expkit.stores.remote.place import place_of
from expkit.stores.remote.servers import Folders
from expkit.stores.remote.store import RemoteStore
from expkit.testing.samples import sample_record
from expkit.testing.store_tests import at_once

NAME = f"{layout.IDS}/7"


class Killed(BaseException):
    """The process is gone."""


class Local(Folders):
    """A folder of this machine as if it were far away: ``before`` is called before each call that a server would get."""

    def __init__(self, place, rename, before):
        from fsspec.implementations.local import LocalFileSystem

        super().__init__(LocalFileSystem(), place)
        self._renames, self._before = rename, before

    def read(self, path, start, end):
        self._before()
        return super().read(path, start, end)

    def info(self, path):
        self._before()
        return super().info(path)

    def _write(self, path, data):
        self._before()
        with open(path, "wb") as file:
            self._before()
            file.write(data)

    def move(self, aside, path):
        self._before()
        os.replace(aside, path)

    def remove(self, path):
        self._before()
        super().remove(path)

    def _rename(self, path, to):
        self._before()
        self._renames(path, to)

    def _make_folder(self, path):
        self._before()
        os.mkdir(path)


def refuse(path, to):
    """As SFTP and WebDAV promise."""
    if os.path.exists(to):
        raise OSError("there is something")
    os.rename(path, to)


def move_into(path, to):
    """As ``mv`` does, and who uses it."""
    os.rename(path, f"{to}/{os.path.basename(path)}" if os.path.isdir(to) else to)


def remove_first(path, to):
    """As those that look first, and then, one after the other, remove what is there nevertheless."""
    with _lock:
        if os.path.isdir(to):
            shutil.rmtree(to)
        os.rename(path, to)


_lock = threading.Lock()


@pytest.fixture(params=[refuse, os.rename, move_into, remove_first], ids=lambda way: way.__name__)
def rename(request):
    """How the server renames."""
    return request.param


@pytest.fixture
def connect(tmp_path, rename, monkeypatch):
    """``connect(before)`` is somebody who uses the place."""

    def connected(before=lambda: None):
        found = Media(place)
        found._driver, found._pid = Local(place, rename, before), os.getpid()
        return found

    place = place_of(f"sftp://host{tmp_path}/runs")
    monkeypatch.setattr(media, "connected", lambda place: Local(place, rename, lambda: None))
    return connected


MANY = 30
"""Calls: more than a claim takes, and less than waiting."""


class Stopping:
    """Called before each call: at one of them it does something else first."""

    def __init__(self, number, stop):
        self.left, self._stop = number, stop

    def __call__(self):
        self.left -= 1
        if self.left == -1:
            self._stop()


def kill():
    raise Killed


def steps(connect, work):
    """How many calls something takes."""
    counted = Stopping(10**9, kill)
    work(connect(counted))
    return 10**9 - counted.left


class Paused:
    """Somebody who claims a name, in a thread, and sleeps before one of his calls."""

    def __init__(self, connect, name, data, number):
        self._reached, self._goes_on, self.won = threading.Event(), threading.Event(), None
        media = connect(Stopping(number, self._sleep))
        self._thread = threading.Thread(target=self._make, args=(media, name, data))
        self._thread.start()
        assert self._reached.wait(30)

    def _sleep(self):
        self._reached.set()
        assert self._goes_on.wait(30)

    def _make(self, media, name, data):
        self.won = media.make(name, data)
        self._reached.set()

    def finish(self):
        self._goes_on.set()
        self._thread.join(30)
        return self.won


def make_seven(media):
    assert media.make(f"{layout.UIDS}/7", b"7")


def test_slow_makers(connect):
    """However long one maker, or two of them, sleep between two calls: one wins, and the bytes are his for ever."""
    count = steps(connect, make_seven)
    for first in range(count + 2):
        for second in range(count + 2):
            name = f"{NAME}-{first}-{second}"
            slow = [Paused(connect, name, b"%d" % who, number) for who, number in enumerate((first, second))]
            won = [None, None, connect().make(name, b"2")]
            there = connect().get(name)
            won[:2] = [maker.finish() for maker in slow]
            assert sorted(won) == [False, False, True], (first, second)
            assert there == connect().get(name) == b"%d" % won.index(True), (first, second)


def test_a_maker_that_dies(connect):
    """Wherever a maker dies, the next wins at once or finds whole bytes; who repeats what the dead one did wins, too."""
    for number in range(steps(connect, make_seven)):
        for again in (True, False):
            name = f"{NAME}-{number}-{again}"
            with pytest.raises(Killed):
                connect(Stopping(number, kill)).make(name, b"dead")
            assert connect(Stopping(MANY, kill)).make(name, b"dead" if again else b"next") or not again
            there = connect().get(name)
            assert there in ((b"dead",) if again else (b"dead", b"next"))
            assert connect().make(name, there) and not connect().make(name, b"late")
            assert connect().get(name) == there
    assert {item.name for item in connect().items(layout.IDS)} == {
        f"{NAME}-{n}-{a}" for n in range(number + 1) for a in (True, False)
    }


def test_sixteen_at_once(connect):
    """Of sixteen that claim a name at once, where calls take a moment or a long one, exactly one wins."""
    for _ in range(5):
        name = f"{NAME}-{random.random()}"
        won = at_once(lambda number: connect(_dawdle).make(name, b"%d" % number), 16)  # noqa: B023
        assert sorted(won) == [False] * 15 + [True]
        assert connect().get(name) == b"%d" % won.index(True)


def _dawdle():
    time.sleep(random.choice((0, 0, 0.001, 0.02)))


def test_claims_of_versions_before(connect, tmp_path):
    """Empty folders beside names, as they were left before: with bytes under the name it is taken, without it is free."""
    for name in ("taken", "free", "raced"):
        os.makedirs(tmp_path / "runs" / layout.IDS / f"{name}.claim")
    connect().put(f"{layout.IDS}/taken", b"old")
    assert not connect().make(f"{layout.IDS}/taken", b"new")
    assert connect().make(f"{layout.IDS}/taken", b"old") and connect().get(f"{layout.IDS}/taken") == b"old"
    assert connect().make(f"{layout.IDS}/free", b"new") and not connect().make(f"{layout.IDS}/free", b"newer")
    won = at_once(lambda number: connect(_dawdle).make(f"{layout.IDS}/raced", b"%d" % number), 16)
    assert sorted(won) == [False] * 15 + [True]


def test_creators_that_die(connect, tmp_path):
    """Wherever somebody dies who creates a run, others go on at the next id, and whoever repeats it gets one run."""

    def store(before=lambda: None):
        made = RemoteStore(f"sftp://host{tmp_path}/runs")
        made.media._driver, made.media._pid = connect(before)._driver, os.getpid()
        return made

    store().create(sample_record())
    counted = Stopping(10**9, kill)
    store(counted).create(sample_record())
    for number in range(10**9 - counted.left):
        record = sample_record()
        with pytest.raises(Killed):
            store(Stopping(number, kill)).create(record)
        assert store().load(store().create(record)).uid == record.uid
        store().create(sample_record())
    ids = [int(key.id) for key in store().ids()]
    assert len(ids) == len(set(ids)) == 2 * number + 4
    assert max(ids) <= 3 * number + 5
    os.remove(tmp_path / "runs" / layout.LAST_ID)
    assert int(store().create(sample_record())) == max(ids) + 1


def test_a_place_that_does_not_let_go(connect, rename, monkeypatch):
    """A server that refuses to rename whatever is asked says so in a sentence, and nothing waits for ever."""
    monkeypatch.setattr(Local, "_rename", lambda self, path, to: _refuse_all())
    with pytest.raises(StoreError, match="not for you"):
        connect().make(NAME, b"7")


def _refuse_all():
    raise PermissionError("not for you")
