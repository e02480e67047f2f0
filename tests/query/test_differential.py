"""Every backend gives the answers that pandas gives, on random runs and random questions."""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from expkit.record.expression import parse
from expkit.record.uid import new_uid
from expkit.stores import open_store
from expkit.stores.memory import MemoryStore

from ..servers import mongo, sql
from . import drawn

EXAMPLES = int(os.environ.get("EXPKIT_EXAMPLES", 0)) or (150 if os.environ.get("EXPKIT_FAULTS") == "1" else 2)
ORDERS = [[], ["start_time"], ["-metrics.loss.max"], ["config.lr", "-id"]]


def _database(kind, factory):
    port = kind.shared(factory)
    name = f"t{new_uid()}"
    kind.ask(port, f"CREATE DATABASE {name}")
    return kind.url(port, name)


URLS = {
    "folder": lambda factory: f"folder:{factory.mktemp('folder')}/runs",
    "tinydb": lambda factory: f"tinydb:{factory.mktemp('tinydb')}/runs",
    "sqlite": lambda factory: f"sqlite:///{factory.mktemp('sqlite')}/runs.db",
    "postgresql": lambda factory: _database(sql.POSTGRESQL, factory),
    "mariadb": lambda factory: _database(sql.MARIADB, factory),
    "mongodb": lambda factory: f"mongodb://{mongo.shared(factory)}/t{new_uid()}",
    "remote": lambda factory: f"memory://{new_uid()}/runs",
}


@pytest.fixture(scope="module", params=["memory", *URLS])
def store(request, tmp_path_factory):
    """A store of each kind."""
    if request.param == "memory":
        yield MemoryStore()
        return
    made = open_store(URLS[request.param](tmp_path_factory))
    yield made
    made.close()


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # pandas compares NaN
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(drawn.runs, st.lists(drawn.questions, min_size=30, max_size=30), st.sampled_from(ORDERS))
def test_answers_are_those_of_pandas(store, runs, questions, order):
    """The runs that a question finds are those that a frame of the same facts has, in the same order and of any number."""
    uids = [drawn.put(store, run) for run in runs]
    try:
        ids = {key.uid: key.id for key in store.ids()}
        frame = drawn.frame(uids, [ids[uid] for uid in uids], runs)
        for question in questions:
            wanted = set(frame.index[question.answer(frame)])
            found = [row["uid"] for row in store.find(parse(question.text), columns=["uid"], order=order)]
            assert set(found) == wanted, question.text
            if len(found) > 2:
                some = store.find(parse(question.text), columns=["uid", "name"], order=order, limit=2)
                assert [row["uid"] for row in some] == found[:2], question.text
    finally:
        for uid in uids:
            store.delete(uid)
