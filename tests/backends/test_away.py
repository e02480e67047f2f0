"""Servers that are not there when a run starts, or do not let it in."""

from __future__ import annotations

import re

from expkit import open_store

from ..processes import QUICK
from .table import tried_with


@tried_with("refused")
def test_refused(world):
    """A run with ``offline=journal`` starts while its server is away, and `expkit sync` delivers it whole, once."""
    if world.faults:
        world.start().calm("enough", "leave")
        world.server.kill()
    busy = world.busy("enough", "leave", url=world.journalled())
    world.assert_own_end(busy)
    assert busy.out.count("line") == 200
    assert "the run goes on" in busy.err and "`expkit sync` delivers it" in busy.err
    code, said = world.sync()
    assert (code, said.splitlines()[-1]) == (1, "1 still owed")
    if world.faults:
        world.server.start()
    else:
        world.start()
    (record,) = world.assert_whole()
    assert (record.status, record.result) == ("COMPLETED", 7)


@tried_with("refused without a journal")
def test_refused_without_a_journal(world):
    """Without a journal the run does not start: one sentence says what is wrong, and whoever had heard of it hears of its failure."""
    assert_refused(world, world.url(), world.backend.absence)


@tried_with("silent")
def test_silent(world):
    """A run with ``offline=journal`` starts though its server takes connections and says nothing, and is delivered later."""
    world.start().calm("enough", "leave")
    world.server.pause()
    busy = world.busy("enough", "leave", url=world.journalled())
    world.assert_own_end(busy)
    assert "the run goes on" in busy.err and "`expkit sync` delivers it" in busy.err
    world.server.resume()
    (record,) = world.assert_whole()
    assert (record.status, record.result) == ("COMPLETED", 7)


@tried_with("silent without a journal")
def test_silent_without_a_journal(world):
    """Without a journal a server that has answered nothing is an error before main, whatever kind it is."""
    world.start()
    world.server.pause()
    head = "" if world.faults else f"{QUICK}SETTINGS.LANES.STORE_LIMIT = 2\n"
    assert_refused(world, world.url(), "has not answered|does not answer", head=head)
    world.server.resume()


@tried_with("wrong password")
def test_wrong_password(world):
    """A password that is wrong is one sentence, which does not say it; with a journal it can be given later."""
    world.start()
    url, more = world.backend.stranger(world.url())
    wrong = re.search("wrong-[a-z0-9]+", f"{url} {more}")[0]
    assert_refused(world, url, world.backend.refusal, wrong, waiting_helps=False, **more)
    world.calm("enough", "leave")
    url, more = world.backend.stranger(world.journalled())
    busy = world.busy("enough", "leave", url=url, **more)
    world.assert_own_end(busy)
    assert wrong not in busy.out + busy.err
    assert world.assert_whole()[0].status == "COMPLETED"


def assert_refused(world, url, sentence, secret="\0", *, waiting_helps=True, **more):
    folder = world.folder / "refused"
    folder.mkdir()
    busy = world.busy("enough", "leave", url=url, folder=folder, **more).ended()
    assert busy.code == 1, busy.err
    assert re.search(sentence, busy.err), busy.err
    assert "Traceback" not in busy.err
    assert ("offline='journal'" in busy.err) == waiting_helps
    assert secret not in busy.out + busy.err
    assert "line" not in busy.out and not (folder / "begun").exists()
    assert {row["status"] for row in open_store(folder / "runs").find(columns=["status"])} <= {"FAILED"}
    assert world.sync()[1].splitlines()[-1] == "nothing is owed"
