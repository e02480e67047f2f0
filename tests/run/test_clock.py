"""Threads that begin late, and the one thread that starts them."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref

import pytest

from expkit.run.clock import LateThread


def _wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


def _named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_late_threads_begin_when_they_are_due_whatever_others_do():
    """Each begins in its time, in a thread of its own: one that never ends holds up no other."""
    go_on, begun = threading.Event(), []
    late = LateThread(lambda: begun.append("late"), "test", 600)
    slow = LateThread(lambda: (begun.append("slow"), go_on.wait(20)), "test", 0.01)  # before what the clock waits for
    try:
        _wait_until(lambda: begun == ["slow"])
        soon = LateThread(lambda: begun.append("soon"), "test", 0.01)
        _wait_until(lambda: begun == ["slow", "soon"])
        assert soon.ended(5)
        assert not slow.ended(0)
        assert not slow.call_off()
        assert late.is_waiting
    finally:
        go_on.set()
        late.call_off()
    assert slow.ended(5)


def test_what_is_called_off_never_begins_and_the_clock_ends():
    """A late thread that is called off costs no thread, and the clock does not outlive what it waits for."""
    begun = []
    called_off = LateThread(lambda: begun.append("off"), "test", 0.3)
    assert called_off.call_off()
    assert called_off.ended(0)
    called_off.begin()
    at_once = LateThread(lambda: begun.append("at once"), "test", 0.3)
    at_once.begin()
    assert at_once.ended(5)
    _wait_until(lambda: not _named("expkit clock"))
    assert begun == ["at once"]


def test_what_is_called_off_or_has_begun_is_let_go_of():
    """Neither keeps what it would have done, which may be a whole run, until the clock wakes."""

    class Job:
        def __call__(self):
            pass

    for end in (LateThread.call_off, lambda late: late.begin() or late.ended(5)):
        job = Job()
        known, late = weakref.ref(job), LateThread(job, "test", 600)
        del job
        assert end(late)
        _wait_until(lambda known=known: gc.collect() is not None and known() is None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_clock_of_its_own():
    """What a process waits for does not begin in its forked children, whose own late threads do."""
    begun = []
    late = LateThread(lambda: begun.append("parent"), "test", 0.5)
    pid = os.fork()
    if pid == 0:
        mine = LateThread(lambda: begun.append("child"), "test", 0.2)
        deadline = time.monotonic() + 10
        while mine.is_waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        mine.ended(5)
        os._exit(0 if begun == ["child"] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    _wait_until(lambda: begun == ["parent"])
    assert late.ended(5)
