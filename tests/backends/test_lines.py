"""Bad lines between a program and a server, and servers without room."""

from __future__ import annotations

import pytest

from ..processes import wait
from .proxy import DOWN, UP
from .table import tried_with

TIMES = 3


@tried_with("slow")
def test_slow(world):
    """Where each exchange with the server takes 2 s, the program waits for some of them and no more."""
    world.start()
    line = world.bad_line()
    world.calm("enough", "leave")
    line.delay = 2 if world.faults else 0.05
    busy = world.busy("enough", "leave")
    world.assert_own_end(busy, most=35)
    assert line.exchanges > 3
    line.delay = 0
    assert world.assert_whole()[0].status == "COMPLETED"


@tried_with("dropped")
@pytest.mark.parametrize("way", [UP, DOWN])
def test_dropped(world, way):
    """Connections that break off in mid-write, before it or its answer arrives, lose nothing and double nothing."""
    world.start()
    line = world.bad_line()
    world.calm()
    busy = world.busy().until("begun")
    line.cut(way, 2_000 if way == UP else 60, TIMES)
    busy.until("under-way")
    wait(lambda: line.cuts_left < TIMES)
    world.assert_own_end(busy.open())
    line.cut(way, 0, 0)
    assert world.assert_whole()[0].status == "COMPLETED"


@tried_with("full disk")
def test_full_disk(world):
    """Where the server has no room left the program ends as it would; when there is room again the rest is delivered."""
    world.small_disk()
    world.calm()
    busy = world.busy().until("under-way")
    world.disk.fill()
    world.assert_own_end(busy.open())
    world.room_again()
    assert world.assert_whole()[0].status == "COMPLETED"
