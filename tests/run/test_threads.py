"""Threads of our own are known from the user's, and a system without threads for us does not stop the program."""

from __future__ import annotations

import os
import threading

import pytest

from expkit._support.threads import OwnThread, is_own, start
from expkit.run.output.flood import _several_threads


def _answer(make):
    """What a thread says about itself, and its number."""
    said = []
    thread = make(lambda: said.append((is_own(threading.get_ident()), is_own(threading.get_ident(), 0.0))))
    thread.start()
    threading.Thread.join(thread)
    return said[0], thread.ident


def test_own_threads_are_told_by_what_they_are_and_not_by_their_name():
    """A thread is ours while it lasts and since it began; one of the user's is not, whatever it is called."""
    assert _answer(lambda target: threading.Thread(target=target, name="expkit imitation"))[0] == (False, False)
    said, ident = _answer(lambda target: OwnThread(target, "test"))
    assert said == (True, False)
    assert not is_own(ident)


def test_own_threads_do_not_count_as_the_users():
    """Whether a program has several threads is asked about its own ones."""
    over = threading.Event()
    ours, users = OwnThread(over.wait, "test", 20), threading.Thread(target=over.wait, args=(20,), name="expkit's not")
    before = _several_threads()
    ours.start()
    try:
        assert _several_threads() == before
        users.start()
        assert _several_threads()
        users_known = users.ident
        assert not is_own(users_known)
        assert is_own(ours.ident)
    finally:
        over.set()
    threading.Thread.join(ours)
    users.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_knows_of_no_threads_but_its_own():
    """Numbers of threads that a forked child does not have may become those of the user's."""
    over = threading.Event()
    ours = OwnThread(over.wait, "test", 20)
    ours.start()
    pid = os.fork()
    if pid == 0:
        os._exit(int(is_own(ours.ident)))
    over.set()
    threading.Thread.join(ours)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_system_without_threads_is_told_as_an_answer(monkeypatch):
    """Starting says whether there is a thread now."""
    monkeypatch.setattr(threading.Thread, "start", _no_more)
    assert not start(OwnThread(print, "test"))


def _no_more(_):
    raise RuntimeError("can't start new thread")
