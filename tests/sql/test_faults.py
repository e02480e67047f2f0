"""Writers that are killed or stopped, and servers that do not answer: nothing is torn, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
from contextlib import closing

import pytest
from sqlalchemy import event

from expkit.errors import StoreError
from expkit.stores.sql import server
from expkit.stores.sql.store import SqlStore
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

from ..processes import ended, wait

WRITER = """
import sys
from expkit import open_store
from expkit.testing.samples import sample_points, sample_record
from expkit.testing.store_tests import LOSS, TEXT

store = open_store(sys.argv[1])
record = sample_record()
store.create(record)
print(record.uid, flush=True)
number = 0
while True:
    store.append(record.uid, LOSS, number * 500, sample_points(500, number * 500))
    store.append(record.uid, TEXT, number * 5000, b"0123456789" * 500)
    store.save(record.but(info={"number": number, "again": [number] * 1000}))
    number += 1
"""


def test_writers_that_are_killed(url, process, faults):
    """Whenever a writer is killed, streams end where they say, records are whole, and others are not held up."""
    for number in range(20 if faults else 3):
        program = process(WRITER, url)
        uid = program.stdout.readline().strip()
        store = SqlStore(url)
        wait(lambda: store.load(uid).info.get("number", 0) > number)
        os.kill(program.pid, signal.SIGKILL)
        ended(program)
        ends = store.streams(uid)
        assert store.read(uid, LOSS) == sample_points(ends[LOSS])
        assert store.read(uid, TEXT) == b"0123456789" * (ends[TEXT] // 10)
        info = store.load(uid).info
        assert set(info["again"]) == {info["number"]}
        assert store.append(uid, LOSS, ends[LOSS], sample_points(1, ends[LOSS])) == ends[LOSS] + 1
        store.close()


def test_a_writer_that_is_stopped(own, process):
    """A process that is stopped in the middle of its writing keeps others no longer than a transaction may take."""
    url = own.start().url
    program = process(WRITER, url)
    uid = program.stdout.readline().strip()
    store = SqlStore(url)
    wait(lambda: store.load(uid).info.get("number", 0) > 0)
    os.kill(program.pid, signal.SIGSTOP)
    try:
        assert store.create(sample_record()) == 2
    finally:
        os.kill(program.pid, signal.SIGKILL)
    store.close()


def test_a_writer_that_is_stopped_where_it_holds_all_others_up(own, process):
    """The server lets go of what a stopped process holds before those who wait for it give up."""
    url = own.start().url
    with closing(SqlStore(url)) as store:
        store.create(sample_record())
        program = process(HOLDER, url)
        assert program.stdout.readline() == "held\n"
        os.kill(program.pid, signal.SIGSTOP)
        try:
            assert store.create(sample_record()) == 2
        finally:
            os.kill(program.pid, signal.SIGKILL)


HOLDER = """
import sys, time
from expkit import open_store
from expkit.stores.sql import ids

def work(connection):
    ids.hold(connection)
    print("held", flush=True)
    time.sleep(60)

open_store(sys.argv[1]).server.write(work)
"""


def test_a_server_that_dies_behind_its_answer(own, caplog):
    """Nobody is told of a line that breaks when all that was asked for is there."""
    with closing(SqlStore(own.start().url)) as store:
        record = sample_record()
        store.create(record)
        event.listen(store.server.engine, "reset", lambda *_: own.kill(), once=True)
        assert store.load(record.uid).uid == record.uid
        with pytest.raises(StoreError, match="server answers at 127.0.0.1:"):
            store.ids()
    assert caplog.records == []


def test_an_interrupt_in_the_middle(url):
    """Whatever an interrupt leaves half said on a line, the next one who asks gets his own answers."""

    def interrupted(connection):
        line = connection.connection.driver_connection
        if hasattr(line, "pgconn"):
            line.pgconn.send_query(b"SELECT 1")
        elif hasattr(line, "_execute_command"):
            line._execute_command(3, "SELECT 1")
        raise KeyboardInterrupt

    with closing(SqlStore(url)) as store:
        store.create(sample_record())
        with pytest.raises(KeyboardInterrupt):
            store.server.write(interrupted)
        store.create(sample_record())
        assert len(store.ids()) == 2


def test_a_server_that_does_not_answer(own, monkeypatch):
    """A store does not wait for ever for a server that is stopped: after the limit a sentence says so."""
    own.start()
    monkeypatch.setattr("expkit.stores.sql.server.LIMIT", 1.0)
    store = SqlStore(own.url)
    options = {"read_timeout": 1} if store.place.kind == "mysql" else {}
    monkeypatch.setitem(
        server._ARGUMENTS, store.place.kind, {**server._ARGUMENTS[store.place.kind], **options, "connect_timeout": 2}
    )
    store.create(sample_record())
    own.pause()
    try:
        with pytest.raises(StoreError, match="server at 127.0.0.1:"):
            store.ids()
    finally:
        own.resume()
    assert len(store.ids()) == 1
    store.close()
