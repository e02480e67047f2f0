"""``expkit show``: one run on one screen."""

import json

import pytest

from expkit.readers import open_run
from expkit.testing.samples import sample_lease, sample_record

from .conftest import TRACE, add, uid


def shown(text, home):
    """What varies from test to test, left out."""
    return text.replace(str(home), "HOME")


@pytest.mark.parametrize("run", ["1", "2", "3", "4", "5"])
def test_one_screen(run, store, expkit, golden, home):
    """State and error come first, then what was asked, what came out, where it is; no character moves the cursor."""
    done = expkit("show", run)
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) <= 24
    golden(f"show-{run}.txt", shown(done.out, home))


def test_a_narrow_terminal(store, expkit, monkeypatch, golden, home):
    """Long lines go on below."""
    monkeypatch.setenv("COLUMNS", "50")
    done = expkit("show", "3")
    facts = done.out.partition("\n\n")[2].partition("\nwhere")[0]
    assert max(map(len, facts.splitlines())) <= 50
    golden("show-50.txt", f"{facts}\n")


def test_the_last_one(store, expkit):
    """Without a name it is the last run; runs in the trash are not meant, unless by their id."""
    assert expkit("show").out == expkit("show", "5").out
    open_run("5").trash()
    assert expkit("show").out == expkit("show", "last").out == expkit("show", "4").out
    assert expkit("show", "5").out.splitlines()[0].endswith("  in the trash")


def test_names(store, expkit):
    """A run is called as in Python."""
    same = expkit("show", "2").out
    assert expkit("show", "baseline").out == expkit("show", uid(2)).out == expkit("show", f"~{uid(2)[:14]}").out == same
    assert expkit("show", "best:min:result.acc").out == same


@pytest.mark.parametrize(
    ("run", "code", "said"),
    [
        ("17", 1, "there is no run '17' in "),
        ("digits", 1, "run 1, run 3 and run 4 are called 'digits'; say which by its id"),
        ("best:metrics.loss.last", 2, "best:metrics.loss.last does not say what is best"),
    ],
)
def test_no_such_run(run, code, said, store, expkit):
    """A run that is not there is a failure; a name that cannot be one is a mistake."""
    done = expkit("show", run)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"expkit: {said}")


def test_the_whole_traceback(store, expkit):
    """``--trace`` adds the traceback as it was recorded."""
    assert "".join(TRACE) in expkit("show", "3", "--trace").out


def test_errors_that_are_not_of_the_program(store, expkit):
    """Where no line belongs to the program there is the error alone; of chained errors the last one counts."""
    first = 'Traceback (most recent call last):\n  File "/home/ann/train.py", line 2, in <module>\n    x\nKeyError: 1\n'
    second = 'Traceback (most recent call last):\n  File "/usr/lib/python3.11/json/decoder.py", line 7, in f\nOSError: no\n  more\n'
    add(store, 6, 1, status="FAILED", fail_trace=(first, "\nDuring handling ...\n\n", second), cause="")
    assert expkit("show", "6").out.splitlines()[:4] == ["run 6  FAILED  digits, main", "  OSError: no", "    more", ""]
    add(store, 7, 1, status="FAILED", fail_trace=(second, "\nDuring handling ...\n\n", first), cause="")
    assert expkit("show", "7").out.splitlines()[1:4] == ["  KeyError: 1", "  train.py:2", "      x"]


def test_a_run_that_died(store, expkit):
    """Of a run whose process is gone there is the cause."""
    store.create(sample_record(uid=uid(6), files=()), lease=sample_lease(0.001))
    done = expkit("show", "6")
    assert done.out.splitlines()[0].startswith("run 6  DIED  sample, main")
    assert done.out.splitlines()[1].startswith("  ")


def test_everything(store, expkit):
    """A long config is cut unless all of it is wanted."""
    add(store, 6, 0.1, config={f"entry{number}": number for number in range(40)})
    assert "and 28 more (--all)" in expkit("show", "6").out
    assert "entry39=39" not in expkit("show", "6").out
    assert "entry39=39" in expkit("show", "6", "--all").out


def test_json(store, expkit):
    """Machines get the whole record, with what was added later, as one document."""
    tree = json.loads(expkit("show", "2", "--json").out)
    assert (tree["id"], tree["uid"], tree["state"], tree["name"]) == ("2", uid(2), "COMPLETED", "baseline")
    assert (tree["config"]["lr"], tree["late"], tree["tags"]) == (0.5, {"test": 0.93}, ["talk"])
    assert tree["metrics"]["loss"] == {"last": 0.025, "min": 0.025, "max": 0.5, "count": 20}
    assert [note["action"] for note in tree["annotations"]] == ["name", "tag", "note", "result"]
    failure = json.loads(expkit("show", "3", "--json").out)["failure"]
    assert failure == {
        "error": "ValueError: lr is too large", "file": "train.py", "line": 3, "function": "fit", "code": "check(lr)"
    }  # fmt: skip


def test_an_unreadable_run(store, expkit):
    """A damaged record is a failure with a sentence."""
    (store.root / "1" / "run.json").write_text("{")
    done = expkit("show", "1")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("expkit: ")
    assert "Traceback" not in done.err
