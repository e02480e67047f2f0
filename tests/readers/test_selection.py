"""Selections of runs, the same on every store."""

import subprocess
import sys

import pytest

import expkit
from expkit.errors import MissingExtraError, QueryError, RunNotFoundError
from expkit.readers import Runs, StoredRun, runs
from expkit.record.model import FileRef, Point, StreamKey
from expkit.record.query import Compare, Exists, Not
from expkit.stores.memory import MemoryStore
from expkit.testing.samples import NOON, sample_record

from .conftest import add


class Deaf:
    """A store that nobody may ask."""

    url = "deaf:"

    def __getattr__(self, name):
        raise AssertionError(f"it was asked for {name}")


def ids(selection):
    return [str(run.id) for run in selection]


def test_all_runs(everything):
    """A selection without a question is all runs, in order of creation; it can be counted, looped over and indexed."""
    assert (len(everything), bool(everything)) == (7, True)
    assert ids(everything) == ids([everything[place] for place in range(7)])
    assert isinstance(everything[0], StoredRun)
    assert everything[-1].name == "broken"
    assert everything[0] == everything[everything[0].uid]


def test_questions(everything):
    """Texts, trees and keywords ask the same; several must all hold, at once or one after the other."""
    low = ids(everything.where("config.lr < 0.2"))
    assert len(low) == 3
    assert ids(everything.where(Compare("config.lr", "<", 0.2))) == low
    assert ids(everything.where(config={"lr": 0.1})) == low
    assert ids(everything.where("config.lr < 1", Not(Compare("config.lr", "==", 0.5)))) == low
    assert ids(everything.where("config.lr < 1").where("config.lr != 0.5")) == low
    assert ids(everything.where(state=("FAILED", "DIED"))) == ids(everything[6:])
    assert len(everything.where(tags="first")) == 6
    assert everything.where() is everything
    assert not everything.where(name="nobody")


def test_order_and_parts(everything):
    """Sorting goes by several fields, descending with a minus; limits and slices count in that order, also backwards."""
    best = everything.sort("-result.acc", "start")
    accs = [run.result["acc"] for run in best if run.result != None and isinstance(run.result, dict)]  # noqa: E711
    assert accs == sorted(accs, reverse=True)
    assert ids(best.limit(2)) == ids(best)[:2] == ids(best[:2])
    assert ids(best[2:5]) == ids(best)[2:5]
    assert ids(best[2:5][1:]) == ids(best)[3:5]
    assert ids(best[-3:]) == ids(best)[-3:]
    assert ids(best[:-5]) == ids(best)[:-5]
    assert ids(best[5:2]) == []
    assert ids(best.limit(3).limit(5)) == ids(best)[:3]


def test_steps_count_in_their_order(everything):
    """A question after a limit is asked of those runs alone, and a new order does not bring others."""
    first = everything.limit(3)
    assert ids(first.where("config.lr > 0.2")) == [str(everything[1].id)]
    assert ids(first.sort("-result.acc").limit(1)) == [str(everything[1].id)]
    assert ids(everything.sort("-config.lr").limit(1).where("config.lr > 1")) == [str(everything[-1].id)]
    assert len(first.where(Exists("config.lr")).where("config.lr > 0")) == 3


def test_selections_do_not_change(some):
    """Every step gives a new selection and leaves the old one as it was; each look asks the store anew."""
    store = MemoryStore()
    all_of_them = runs(store=store)
    low = all_of_them.where("config.lr < 0.2")
    add(store, 0.1, 1)
    add(store, 0.5, 1)
    assert (len(all_of_them), len(low), len(low.sort("-start").limit(0))) == (2, 1, 0)
    assert isinstance(low, Runs)


def test_best(everything):
    """The best run has the greatest or the least value, and the direction must be said."""
    assert everything.best("result.acc", "max").config.lr == 0.5
    assert everything.best("metrics.loss.last", "min").config.lr == 0.1
    assert everything.where("config.lr > 0.2").best("metrics.loss.min", "min").config.lr == 0.5
    with pytest.raises(ValueError, match="'max' or 'min'"):
        everything.best("result.acc", "greatest")
    with pytest.raises(TypeError):
        everything.best("result.acc")


def test_best_of_nothing(some):
    """Where no run has the value, the message has what there is instead."""
    with pytest.raises(RunNotFoundError, match=r"none of the 7 runs .* has metrics\.los\.last; did you mean loss\?"):
        some.best("metrics.los.last", "min")
    with pytest.raises(RunNotFoundError, match="none of the 0 runs"):
        some.where(name="x").best("result", "min")


@pytest.mark.parametrize(
    "ask",
    [
        lambda found: found.where("confg.lr < 1"),
        lambda found: found.where("config.lr <"),
        lambda found: found.where(Compare("confg.lr", "<", 1)),
        lambda found: found.where(statee="COMPLETED"),
        lambda found: found.sort("-confg.lr"),
        lambda found: found.select("id", "confg.lr"),
        lambda found: found.best("confg.lr", "min"),
        lambda found: found.group_by("confg"),
        lambda found: found.group_by("config", figures=["metrcs.acc.max"]),
    ],
)
def test_mistakes_are_found_before_anything_is_read(ask):
    """A field that no run can have is refused with near names, and the store is not asked."""
    with pytest.raises(QueryError):
        ask(Runs(Deaf()))


def test_other_mistakes(some):
    """What cannot be a question, a place or a part is told in a sentence."""
    with pytest.raises(TypeError, match="7 is no question about runs"):
        some.where(7)
    with pytest.raises(ValueError, match="takes no step"):
        some[::2]
    with pytest.raises(ValueError, match=r"limit\(-1\)"):
        some.limit(-1)
    with pytest.raises(IndexError, match=r'there are 7 runs; runs\["17"\]'):
        some[17]
    for ask in (lambda: some.where(lr=0.1), lambda: some.where("lr=0.1")):
        with pytest.raises(QueryError, match=r"runs have no 'lr'; entries of the config are asked for as config\.lr"):
            ask()
    with pytest.raises(QueryError, match="did you mean state"):
        some.where(Compare("stat", "==", 1))


def test_default_store(tmp_path, monkeypatch):
    """Without a store, those are the runs that an experiment without observers records here."""
    monkeypatch.chdir(tmp_path)
    assert len(expkit.runs()) == 0
    experiment = expkit.Experiment("here", interactive=True)
    experiment.main(lambda: 7)
    experiment.run()
    assert [run.result for run in expkit.runs()] == [7]
    assert expkit.runs("result == 7")[0].name == expkit.open_run("last").name == "here"
    monkeypatch.setenv("EXPKIT_STORE", f"sqlite:///{tmp_path}/x.db?offline=wait")
    assert len(expkit.runs()) == 0
    monkeypatch.setattr(expkit.SETTINGS, "DEFAULT_STORE", "runs")
    assert len(expkit.runs()) == 1


def test_tables(everything):
    """A table has the selected columns under the names that were asked for; values are values again."""
    chosen = everything.select("id", "config.lr", "config.shape", "metrics.loss.last", "start")
    rows = list(chosen.rows())
    assert list(rows[0]) == ["id", "config.lr", "config.shape", "metrics.loss.last", "start"]
    assert (rows[0]["config.shape"], rows[0]["config.lr"], rows[0]["start"].year) == ((28, 28), 0.1, 2026)
    assert rows[6]["metrics.loss.last"] is None
    frame = chosen.to_pandas()
    assert (list(frame.columns), len(frame)) == (list(rows[0]), 7)
    assert chosen.where("config.lr < 0.2").to_arrow().column("config.lr").to_pylist() == [0.1] * 3


def test_whole_tables(everything):
    """Without selected columns a table has a column for each leaf of config and result, and the last value of each metric."""
    frame = everything.to_pandas()
    wanted = ["id", "name", "state", "start", "duration", "tags", "config.lr", "config.net.units"]
    assert list(frame.columns)[:8] == wanted
    assert {'config.net."a.b"', "config.seed", "result.acc", "metrics.loss.last"} < set(frame.columns)
    assert frame["result.acc"].isna().sum() == 1
    table = everything.to_arrow()
    assert set(table.column_names) == set(frame.columns)
    assert table.column("duration").to_pylist()[0] == 5.0


def test_values_that_fit_no_column(some):
    """Values of different kinds are one column of texts for Arrow."""
    store = MemoryStore()
    add(store, 0.1, 1, config={"lr": 0.1})
    add(store, 0.1, 1, config={"lr": "adaptive"})
    assert runs(store=store).select("config.lr").to_arrow().column("config.lr").to_pylist() == ["0.1", "adaptive"]


@pytest.mark.parametrize(
    ("package", "ask", "extra"), [("pandas", "to_pandas", "pandas"), ("pyarrow", "to_arrow", "arrow")]
)
def test_missing_extras(some, monkeypatch, package, ask, extra):
    """A package that is not installed is told with what to type."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'expkit\[{extra}\]'"):
        getattr(some, ask)()


def test_looks(everything):
    """At a prompt and in a notebook a selection is a table of its first runs, in the columns that were selected."""
    lines = repr(everything).splitlines()
    assert lines[0].startswith("7 runs in ")
    assert lines[1].split() == ["id", "name", "state", "start", "duration", "result"]
    assert len(lines) == 9
    assert repr(everything.select("config.lr").limit(1)).splitlines()[1:] == ["config.lr", "0.1"]
    html = everything._repr_html_()
    assert html.count("<tr>") == 8
    assert "broken" in html


def test_looks_of_many():
    """Of many runs the first ten are shown."""
    store = MemoryStore()
    for seed in range(12):
        add(store, 0.1, seed, config={"lr": "<b>"})
    found = runs(store=store).select("config.lr")
    assert repr(found).startswith("the first 10 runs in memory:")
    assert "<td><b>" not in found._repr_html_()


def test_runs_of_sacred(sacred):
    """What Sacred recorded is found, read and compared like anything else."""
    found = runs(store=sacred)
    assert ids(found.where("result > 0.7")) == ["1"]
    run = found["1"]
    assert (run.name, run.state, run.config.seed, run.result) == ("digits", "COMPLETED", 42, 0.75)
    assert run.sources["train.py"].text.startswith("import sys")
    assert run.artifacts["model.txt"].path().read_bytes() == run.artifacts["model.txt"].read_bytes()
    metric = next(iter(run.metrics.values()))
    assert len(metric.steps) == len(metric) > 0
    assert expkit.readers.diff(run, found["2"]).config
    run.tag("old")
    assert found.where(tags="old")[0] == run


def test_importing_costs_nothing():
    """Asking for a selection loads none of the packages that only some questions need."""
    code = "import expkit, sys; expkit.runs(store='memory:'); print({'numpy', 'pandas', 'pyarrow', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "set()", done.stderr


def test_one_is_no_plural():
    """What is said of a single run, point or byte is said in the singular."""
    store = MemoryStore()
    file = FileRef(path="one.txt", role="artifact", sha256=store.put_blob(b"1").sha256, size=1)
    record = sample_record(config={"lr": 0.1}, files=(file,))
    store.create(record)
    store.append(record.uid, StreamKey(), 0, [Point("loss", 0, 0.5, NOON.timestamp())])
    found = runs(store=store)
    assert repr(found).startswith("1 run in ")
    assert repr(found.group_by("config.lr")[0]) == "<Group of 1 run: all alike>"
    assert repr(found["1"].metrics["loss"]).startswith("<Metric loss: 1 point, ")
    assert repr(found["1"].artifacts["one.txt"]) == "<artifact one.txt, 1 byte>"
    with pytest.raises(IndexError, match="there is 1 run;"):
        found[1]
    with pytest.raises(RunNotFoundError, match="none of the 1 run in"):
        found.best("metrics.acc.max", "max")
