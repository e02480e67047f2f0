"""Live runs, followed until they end."""

import threading

import pytest

from expkit.readers import runs
from expkit.readers.following import Printed, Turned
from expkit.record.model import COMPLETED, OUTPUT, RUNNING, Point, StreamKey
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import sample_lease, sample_points, sample_record

QUICK = 0.01


@pytest.fixture
def live(fresh, kind):
    """A run in progress in a store of each kind."""
    store = fresh(kind)
    uid = sample_record().uid
    store.create(sample_record(uid=uid, files=()), lease=sample_lease(1e6))
    store.append(uid, StreamKey(), 0, sample_points(2))
    return runs(store=store)[uid]


def test_following(live):
    """Everything that happens is told once and in order, from the beginning to how it ended."""
    store, uid, news = live.store, live.uid, live.follow(poll=QUICK)
    assert next(news) == Turned(RUNNING)
    assert [next(news), next(news)] == sample_points(2)
    store.append(uid, StreamKey(OUTPUT), 0, "кл".encode()[:3])
    assert next(news) == Printed("к", 0, 0)
    store.append(uid, StreamKey(OUTPUT), 3, "кл".encode()[3:])
    store.append(uid, StreamKey(), 2, sample_points(1, 2))
    store.save(store.load(uid).but(status=COMPLETED, result=3))
    assert list(news) == [Printed("л", 0, 0), *sample_points(1, 2), Turned(COMPLETED)]
    assert live.result == 3


def test_only_what_is_new(live):
    """Without its history a run is followed from now on."""
    news = live.follow(history=False, poll=QUICK)
    assert next(news) == Turned(RUNNING)
    live.store.append(live.uid, StreamKey(), 2, sample_points(1, 2))
    assert next(news) == sample_points(1, 2)[0]


def test_ended_runs(some):
    """A run that has ended is told as a whole, at once."""
    news = list(some[0].follow())
    assert [type(one) for one in news] == [Printed, *[Point] * 10, Turned]


def test_giving_up(live):
    """Who has no more time stops looking."""
    assert [type(one) for one in live.follow(poll=QUICK, timeout=0.05)] == [Turned, Point, Point]


def test_deleted_runs(live):
    """A run that is deleted meanwhile has no end, and that is no error."""
    news = live.follow(poll=QUICK)
    next(news)
    live.store.delete(live.uid)
    assert all(isinstance(one, Point) for one in news)


def test_silence_costs_little(monkeypatch):
    """Where nothing is new, looks become rarer, up to two seconds between them."""
    store = MemoryStore()
    store.create(sample_record(files=()), lease=sample_lease(1e6))
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 12:
            store.set_status(1, RUNNING, COMPLETED)

    monkeypatch.setattr("expkit.readers.following.sleep", sleep)
    assert list(runs(store=store)[0].follow())[-1] == Turned(COMPLETED)
    assert pauses[0] < pauses[2] < pauses[-1] == 2.0


def test_several_followers(live):
    """Each follower is told everything."""
    told = [[], []]
    threads = [threading.Thread(target=lambda mine=mine: mine.extend(live.follow(poll=QUICK))) for mine in told]
    for thread in threads:
        thread.start()
    live.store.append(live.uid, StreamKey(), 2, sample_points(50, 2))
    live.store.save(live.store.load(live.uid).but(status=COMPLETED))
    for thread in threads:
        thread.join(60)
    assert told[0][1:] == told[1][1:] == [*sample_points(52), Turned(COMPLETED)]
