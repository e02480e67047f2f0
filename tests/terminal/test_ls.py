"""``expkit ls``: which runs, which columns, in which order."""

import json

import pytest

from expkit.readers import open_run
from expkit.stores.folder.store import FolderStore
from expkit.stores.urls import open_store
from expkit.testing.samples import sample_record

from .conftest import add


def ids(done):
    """The first column of a table."""
    return [line.split()[0] for line in done.out.splitlines()[1:]]


def test_the_usual_table(store, expkit, golden):
    """The newest run stands first; there are columns for what differs, and no character of a record moves the cursor."""
    done = expkit("ls")
    assert (done.code, done.err) == (0, "")
    golden("ls.txt", done.out)


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_narrow_terminals(columns, store, expkit, golden, monkeypatch):
    """Where the terminal is narrow, columns are left out before cells are cut, and no line is too long."""
    monkeypatch.setenv("COLUMNS", str(columns))
    done = expkit("ls")
    assert max(map(len, done.out.splitlines())) <= columns
    golden(f"ls-{columns}.txt", done.out)


def titles(done):
    """The titles of a table."""
    return done.out.splitlines()[0].split()


def test_room_behind_a_wide_column(home, expkit, monkeypatch):
    """A column too wide for the line makes none go that there is room for; one of the config outlasts all others."""
    store = FolderStore(home / "runs")
    for lr, note in ((0.1, "a sentence that fills more than half of a line of its own"), (0.3, "")):
        store.create(sample_record(config={"lr": lr, "steps": 10 * lr}, result={"note": note, "f1": lr}, meta={}))
    monkeypatch.setenv("COLUMNS", "90")
    assert titles(expkit("ls")) == [
        "id",
        "state",
        "name",
        "start",
        "duration",
        "config.lr",
        "config.steps",
        "result.f1",
    ]
    monkeypatch.setenv("COLUMNS", "40")
    assert titles(expkit("ls")) == ["id", "state", "name", "duration", "config.lr"]


def test_results_of_two_kinds(home, expkit):
    """A result whose leaves have columns is not repeated in the column of plain results, unless that is asked for."""
    store = FolderStore(home / "runs")
    for result in ({"acc": 0.5}, 0.25):
        store.create(sample_record(result=result))
    done = expkit("ls")
    assert titles(done)[-2:] == ["result", "result.acc"]
    assert [line.split()[-1] for line in done.out.splitlines()[1:]] == ["0.25", "0.5"]
    assert "{" not in done.out and "{'acc': 0.5}" in expkit("ls", "--columns=+result").out


def test_a_plain_result_that_came_late(home, expkit):
    """A result that was reported later stands where the run itself had none."""
    FolderStore(home / "runs").create(sample_record(result=None))
    open_run("1").add_result(0.75)
    assert expkit("ls").out.splitlines()[1].endswith("  0.75")


def test_questions(store, expkit):
    """Several questions must all hold."""
    assert ids(expkit("ls", "config.lr > 0.2", "state=COMPLETED")) == ["2"]
    assert ids(expkit("ls", "'talk' in tags or name=digits")) == ["4", "3", "2", "1"]


def test_nothing_fits(store, expkit):
    """No run is no failure: stdout stays empty, stderr says so."""
    assert expkit("ls", "config.lr > 100") == (0, "", f"no such runs in {store.url}\n")


def test_columns(store, expkit, golden):
    """Columns can be chosen, and be added to the usual ones."""
    chosen = expkit("ls", "--columns=id,config.net.units,metrics.'val/acc'.max,start,host.hostname", "--sort=start")
    golden("ls-columns.txt", chosen.out)
    assert expkit("ls", "--columns=+host.hostname").out.splitlines()[0].endswith("  host.hostname")


def test_order_and_limit(store, expkit):
    """The greatest first with a minus; runs without a value come last; what is left out is said."""
    assert ids(expkit("ls", "--sort=-config.lr,start")) == ["3", "2", "1", "5", "4"]
    done = expkit("ls", "--limit=2", "--sort=config.lr")
    assert (len(ids(done)), done.err) == (2, "there are more runs; --all shows all\n")
    assert expkit("ls", "--limit=0") == (0, "", "there are more runs; --all shows all\n")
    assert expkit("ls", "--limit=0", "config.lr > 100") == (0, "", f"no such runs in {store.url}\n")


def test_fifty_unless_all(home, expkit):
    """A table shows 50 runs unless all are wanted; machines get all."""
    store = FolderStore(home / "runs")
    for number in range(1, 53):
        store.create(_plain(number))
    assert len(ids(expkit("ls"))) == 50
    assert len(ids(expkit("ls", "--all"))) == len(expkit("ls", "--json").out.splitlines()) == 52


def _plain(number):
    return sample_record(status="COMPLETED", seed=number)


def test_json(store, expkit):
    """Machines get an object per line, with values as they were recorded."""
    rows = [json.loads(line) for line in expkit("ls", "--json").out.splitlines()]
    assert [row["id"] for row in rows] == ["5", "4", "3", "2", "1"]
    assert rows[3]["config"] == {"lr": 0.5, "net": {"units": 64}, "epochs": 20, "seed": 2}
    assert (rows[3]["name"], rows[3]["late"], rows[3]["metrics"]["loss"]["count"]) == ("baseline", {"test": 0.93}, 20)
    [row] = expkit("ls", "--json", "--columns=id,config.lr,state", "state=FAILED").out.splitlines()
    assert json.loads(row) == {"id": "3", "config.lr": 7, "state": "FAILED"}


def test_the_trash(store, expkit):
    """Runs in the trash are shown where somebody asks for them, and only there."""
    open_run("2").trash()
    assert ids(expkit("ls")) == ["5", "4", "3", "1"]
    done = expkit("ls", "--trash")
    assert ids(done) == ["2"]
    assert "trash.author" in done.out.splitlines()[0]
    open_run("2").restore()
    assert ids(expkit("ls", "--trash")) == []


def test_an_unreadable_run(store, expkit):
    """A run that cannot be read is shown as such among the others."""
    (store.root / "1" / "run.json").write_text("{")
    done = expkit("ls", "--columns=id,state,config.lr")
    assert done.out.splitlines()[1:] == [
        "5   COMPLETED         0.1",
        "4   QUEUED            0.1",
        "3   FAILED              7",
        "2   COMPLETED         0.5",
        "1   UNREADABLE",
    ]


def test_an_empty_store(home, expkit):
    """An empty store has no runs, and that is no failure."""
    (home / "runs").mkdir()
    done = expkit("ls")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("no runs in folder:")


def test_a_store_that_is_not_there(home, expkit):
    """A folder that is not there is a mistake, and nobody makes it."""
    done = expkit("ls", "--store=nowhere")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith("nowhere; --store=URL says where runs are\n")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite:///lab.db", "tinydb:lab"])
def test_the_store_of_a_project(home, expkit, monkeypatch, url):
    """In every folder of a project the store is the one beside pyproject.toml, whatever signs the path has."""
    below = home / "50% of it" / "src"
    below.mkdir(parents=True)
    (below.parent / "pyproject.toml").write_text(f'[tool.expkit]\nstore = "{url}"\n')
    monkeypatch.chdir(below.parent)
    open_store(url).create(sample_record())
    monkeypatch.chdir(below)
    assert ids(expkit("ls")) == ["1"]


def test_a_database_below_the_home_folder(home, expkit, monkeypatch):
    """``~`` in the URL of a database is the home folder."""
    monkeypatch.setenv("HOME", str(home / "ann"))
    (home / "ann").mkdir()
    open_store("sqlite:///~/lab.db").create(sample_record())
    assert ids(expkit("ls", "--store=sqlite:///~/lab.db")) == ["1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["config.lr <"], "a value is expected here"),
        (["--columns=confg.lr"], "runs have no 'confg'; did you mean config?"),
        (["--sort=-strat"], "runs have no 'strat'; did you mean state or start"),
        (["--limit=some"], "--limit=some is not a whole number from 0 on; --limit=20 is one"),
        (["--limit=-1"], "--limit=-1 is not a whole number from 0 on; --limit=20 is one"),
        (["--every=-1"], "--every=-1 is no number of seconds"),
        (["--store=nothing:x"], "nothing is known by 'nothing:'"),
        (["--colums=id"], "expkit ls has no option --colums; did you mean --columns?"),
        (["--lmit", "5"], "expkit ls has no option --lmit; did you mean --limit?"),
        (["--limit"], "--limit needs a value: --limit=N"),
        (["--all=5"], "--all takes no value"),
        (["state=COMPLETE"], "there is no state 'COMPLETE'; did you mean COMPLETED?"),
        (["state in (failed, DIED)"], "there is no state 'failed'; did you mean FAILED?"),
        (["metrics.loss.maximum > 1"], "metrics have no figure 'maximum'; did you mean metrics.loss.max?"),
        (["launch.scrpt = x"], "launch has no 'scrpt'; did you mean launch.script"),
        (["state.x = 1"], "state has nothing below it"),
        (["state"], "a comparison is expected here, such as state == 1, or exists(state)\n  state\n       ^\n"),
    ],
)
def test_mistakes(words, said, store, expkit):
    """What cannot work has exit code 2, and says what to type."""
    done = expkit("ls", *words)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"expkit: {said}")


@pytest.mark.parametrize("name", ["3", "last", "last~2", "baseline", "~" + "0" * 31])
def test_a_run_instead_of_a_question(name, store, expkit):
    """Whoever lists one run by what it is called learns which command shows it."""
    done = expkit("ls", "state=COMPLETED", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"\none run is shown by: expkit show {name}\n")
    assert "expkit show" not in expkit("ls", "state").err


def test_watching(store, program):
    """``--watch`` tells what is new or has changed until Ctrl-C, which is exit code 130."""
    process = program("ls", "--watch", "--every=0.05", "--json", "--columns=id,state")
    first = [json.loads(process.stdout.readline())["id"] for _ in range(5)]
    assert first == ["5", "4", "3", "2", "1"]
    add(store, 6, 0.3)
    states = []
    while states[-1:] != ["COMPLETED"]:
        states.append(json.loads(process.stdout.readline())["state"])
    process.send_signal(2)
    assert process.wait(60) == 130


def test_watching_a_table(store, program):
    """Without a terminal the table is printed again when it has changed."""
    process = program("ls", "--watch", "--every=0.05", "--columns=id,config.lr", "config.lr=0.5")
    assert [process.stdout.readline() for _ in range(2)] == ["id  config.lr\n", "2         0.5\n"]
    add(store, 6, 0.5)
    assert process.stdout.readline() == "\n"
    assert [process.stdout.readline() for _ in range(3)] == ["id  config.lr\n", "6         0.5\n", "2         0.5\n"]
    process.send_signal(2)
    assert process.wait(60) == 130
