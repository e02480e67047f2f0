"""Servers that die, stop and come back while a run lasts: nothing is lost, nothing is there twice, no program waits long."""

from __future__ import annotations

import time

from expkit import open_store
from expkit.record.model import StreamKey

from ..processes import wait
from .table import tried_with


@tried_with("killed at the start")
def test_killed_at_the_start(world):
    """A server that dies as soon as the run has begun gets all of it later."""
    world.start().calm()
    busy = world.busy().until("begun")
    world.server.kill()
    finish_without(world, busy.until("under-way").open())


@tried_with("killed in the middle")
def test_killed_in_the_middle(world):
    """A server that dies in mid-run is one line at the program's end; what it lacks comes later."""
    world.start().calm()
    busy = world.busy().until("under-way")
    world.server.kill()
    finish_without(world, busy.open())


@tried_with("killed at the end")
def test_killed_at_the_end(world):
    """A server that dies before the end could be told gets the end later."""
    world.start().calm()
    busy = world.busy().until("under-way").open("enough").until("leaving")
    world.server.kill()
    finish_without(world, busy.open("leave"))


def finish_without(world, busy):
    world.assert_own_end(busy)
    assert "`expkit sync` delivers it" in busy.err
    world.server.start()
    assert_completed(world)


@tried_with("restarted")
def test_restarted(world):
    """A server that dies and comes back has lost nothing that it had acknowledged, and gets the rest."""
    world.start().calm()
    busy = world.busy().until("under-way")
    world.server.kill()
    world.server.start()
    world.assert_own_end(busy.open())
    assert_completed(world)


@tried_with("deleted")
def test_deleted(world):
    """Files that somebody deletes in mid-run are made anew, and have all of the run in the end."""
    world.start().calm()
    busy = world.busy().until("under-way")
    world.server.delete()
    world.assert_own_end(busy.open())
    assert_completed(world)


@tried_with("paused")
def test_paused(world):
    """A server that is stopped until after the program's end costs the program nothing, and is given the rest later."""
    world.start().calm()
    busy = world.busy().until("under-way")
    world.server.pause()
    since = time.monotonic()
    world.assert_own_end(busy.open())
    rest(world, since)
    world.server.resume()
    assert_completed(world)


@tried_with("paused for a while")
def test_paused_for_a_while(world):
    """A server that is stopped for a while in mid-run has all of the run in the end, once."""
    world.start().calm()
    busy = world.busy().until("under-way")
    world.server.pause()
    rest(world, time.monotonic())
    world.server.resume()
    world.assert_own_end(busy.open())
    assert_completed(world)


@tried_with("program killed")
def test_program_killed(world):
    """After kill -9 of the program the run is seen to be dead, what is there is true, and the log has the rest."""
    world.start()
    busy = world.busy().until("under-way")
    store = world.store()
    wait(lambda: any(store.streams(key.uid) for key in store.ids()))
    busy.kill()
    (row,) = store.find(columns=["status", "state", "uid"])
    assert (row["status"], row["state"]) == ("RUNNING", "DIED")
    log = open_store(world.folder / "runs").read(row["uid"], StreamKey())
    points = store.read(row["uid"], StreamKey())
    assert points == log[: len(points)]
    store.close()
    assert world.assert_whole()[0].status == "RUNNING"


def rest(world, since):
    """Let the server rest: 60 seconds, or where time is dear 2."""
    time.sleep(max(0, since + (60 if world.faults else 2) - time.monotonic()))


def assert_completed(world):
    (record,) = world.assert_whole()
    assert (record.status, record.result) == ("COMPLETED", 7)
