"""Which entries were read."""

import copy
import json
import pickle
import threading

import pytest

from expkit.config.tracking import ReadLog, WatchedDict, unread, unwatched

CONFIG = {"a": 1, "b": {"c": 2, "d": [3]}, "e": {}}


def test_a_read_container_counts_for_all_below_it():
    """An override is unread only if neither it nor anything around it was read."""
    overridden = ["model.C", "model.layers[0].units", "lr", "data.path"]
    assert unread(overridden, {"model.layers", "lr"}) == ["data.path", "model.C"]
    assert unread(overridden, {""}) == []
    assert unread(["lr"], {"l"}) == ["lr"]


def test_many_threads_may_note_reads():
    """Nothing is lost when threads note reads at once while another looks at them."""
    log = ReadLog(["start"])
    threads = [threading.Thread(target=lambda n=n: [log.add(f"{n}.{i}") for i in range(500)]) for n in range(8)]
    for thread in threads:
        thread.start()
        log.paths()
    for thread in threads:
        thread.join()
    log.update(["end"])
    assert len(log.paths()) == 8 * 500 + 2


@pytest.mark.parametrize(
    ("look", "paths"),
    [
        (lambda c: c["a"], {"a"}),
        (lambda c: c["b"], set()),
        (lambda c: c["b"]["c"], {"b.c"}),
        (lambda c: c["b"].get("d"), {"b.d"}),
        (lambda c: c.pop("a"), {"a"}),
        (lambda c: c["b"].popitem(), {"b.d"}),
        (lambda c: c.setdefault("a", 3), {"a"}),
        (lambda c: dict(c["b"]), {"b.c", "b.d"}),
        (lambda c: {**c["b"]}, {"b.c", "b.d"}),
        (lambda c: list(c["b"].values()), {"b.c", "b.d"}),
        (lambda c: json.dumps(c), {"a", "b.c", "b.d"}),
        (lambda c: copy.deepcopy(c), {"a", "b.c", "b.d"}),
        (lambda c: copy.copy(c), {"a"}),
        (lambda c: pickle.dumps(c), {"a", "b.c", "b.d"}),
        (lambda c: c.update(a=2), set()),
        (lambda c: "a" in c and len(c) and list(c), set()),
    ],
)
def test_looking_at_values_is_noted_and_changing_is_not(look, paths):
    """A watched dict notes exactly the entries whose values were handed out."""
    log = ReadLog()
    look(WatchedDict(CONFIG, log.add))
    assert log.paths() == paths


def test_a_watched_dict_becomes_plain_without_being_read():
    """`unwatched` makes ordinary containers of watched ones, wherever they lie, and notes nothing."""
    log = ReadLog()
    watched = WatchedDict(CONFIG, log.add)
    nested = unwatched({"x": watched, "y": [watched], "z": (watched, {1})})
    assert nested == {"x": CONFIG, "y": [CONFIG], "z": (CONFIG, {1})}
    assert type(nested["y"][0]["b"]) is dict
    assert log.paths() == set()


def test_copies_of_watched_dicts_are_plain():
    """copy, deepcopy and pickle give dicts that note nothing any more."""
    watched = WatchedDict(CONFIG, ReadLog().add)
    assert type(copy.copy(watched)) is dict
    assert type(copy.deepcopy(watched)["b"]) is dict
    assert type(pickle.loads(pickle.dumps(watched))["b"]) is dict
