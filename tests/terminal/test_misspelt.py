"""What is misspelt is answered with a sentence and near names, never with silence."""

import shutil

import pytest

import expkit as library
from expkit.errors import QueryError

from .. import console
from .conftest import add


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("config.lrr < 1", "no run has config.lrr; near: config.lr"),
        ("config.net.unit = 3", "no run has config.net.unit; near: config.net.units"),
        ("metrics.los.max > 1", "no run has metrics.los.max; near: metrics.loss.max"),
        ("result.accc > 1", "no run has result.accc; near: result.acc"),
        ('host.hostnme == "x"', "no run has host.hostnme; near: host.hostname"),
        ('git.comit == "x"', "no run has git.comit; near: git.commit"),
        ("exists(info.nothing)", "no run has info.nothing"),
    ],
)
@pytest.mark.parametrize("command", ["ls", "rm", "du", "compare", "verify"])
def test_fields_of_no_run(store, expkit, command, question, said):
    """A question about a field that no run has finds nothing, and each command says why."""
    done = expkit(command, question)
    assert done.code == 0
    assert done.err.splitlines()[:2] == [f"no such runs in {store.url}", said]


def test_fields_that_some_run_has(store, expkit):
    """Where a run has the field, no such runs are just no such runs."""
    assert expkit("ls", "config.lr > 100").err == f"no such runs in {store.url}\n"


@pytest.mark.parametrize("words", [["--columns=id,config.lrr"], ["--columns=id", "--sort=-config.lrr"]])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_columns_and_orders_of_no_run(store, expkit, words, form):
    """An empty column, and an order that orders nothing, are told of on stderr; the list is there all the same."""
    done = expkit("ls", *words, *form)
    assert (done.code, done.err) == (0, "no run has config.lrr; near: config.lr\n")
    assert len(done.out.splitlines()) == 5 + (not form)


def test_git(store, expkit):
    """``git`` is the repository of the program, as in Python."""
    done = expkit("ls", f"git.commit={'ab' * 20}", "--columns=id,git.dirty", "state=FAILED")
    assert [line.split() for line in done.out.splitlines()] == [["id", "git.dirty"], ["3", "True"]]


@pytest.mark.parametrize("place", ["rnus", "folder:rnus", "tinydb:rnus", "sqlite:///rnus", "mlflow:rnus"])
def test_stores_that_are_not_there(store, expkit, home, place):
    """A store that is not there is a mistake, and what lies beside it is named; nobody makes it."""
    done = expkit("ls", f"--store={place}")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"expkit: there is no store in {home / 'rnus'}; did you mean runs?\n"
    assert not (home / "rnus").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["ls", "--store=."], 0, "no runs in folder:."),
        (["ls", "state=FAILED", "--store=."], 0, "no such runs in folder:."),
        (["ls", "--store=runs/1"], 0, "no runs in folder:runs/1"),
        (["du", "--store=."], 0, "no runs in folder:."),
        (["verify", "--store=."], 0, "no runs in folder:."),
        (["export", "--csv", "--store=."], 0, "no runs in folder:."),
        (["show", "1", "--store=."], 1, "expkit: there is no run '1' in folder:., which is empty"),
        (["show", "last", "--store=."], 1, "expkit: there are no runs in folder:."),
    ],
)
def test_stores_that_are_elsewhere(store, expkit, home, words, code, said):
    """A folder that has no runs, but lies above or below some, is answered with where these are."""
    done = expkit(*words)
    assert (done.code, done.err.splitlines()[0]) == (code, f"{said}; there are some in {home / 'runs'}")


def test_a_file_is_no_store(store, expkit, home):
    """The path of a file is no folder of runs."""
    (home / "train.py").touch()
    assert expkit("ls", "--store=train.py").err.startswith(f"expkit: {home / 'train.py'} is a file, and no store")


def test_export_of_nothing(store, expkit, home):
    """An export in which no run is says so."""
    done = expkit("export", "config.lrr > 1", "-o", "runs.csv")
    assert done.err.splitlines()[1:] == [f"no such runs in {store.url}", "no run has config.lrr; near: config.lr"]


def test_groups_by_what_no_run_has(store):
    """Groups by a field that no run has would be one group; it is refused with near names, as are such figures."""
    runs = library.runs(store=store)
    for fields, figures in ((["config.lrr"], None), (["config"], ["config.lrr"])):
        with pytest.raises(QueryError, match=r"no run has config\.lrr; near: config\.lr$"):
            runs.group_by(*fields, figures=figures)
    with pytest.raises(QueryError, match="runs have no 'confg'; did you mean config"):
        runs.group_by("confg")
    assert repr(runs.where("state=FAILED").group_by("config.lr")).startswith("1 group\n")


def test_states_in_python(store):
    """Nearly a state is refused in keywords, too; a program's own state may be asked for."""
    runs = library.runs(store=store)
    with pytest.raises(QueryError, match="there is no state 'COMPLETE'; did you mean COMPLETED?"):
        runs.where(state=("FAILED", "COMPLETE"))
    assert not runs.where("state = STOPPED_EARLY")
    assert not runs.where('state ~ "COMPLETE"')


def test_more_notes_than_there_is_room_for(store, expkit):
    """``show`` has the last notes with author and time, says how many came before, and ``--all`` has them."""
    run = library.open_run(add(store, 6, 0.1), store)
    for number in range(5):
        run.note(f"note {number}", author="bob")
    shown = expkit("show", "6").out
    assert [f"note {number}" in shown for number in range(5)] == [False, False, True, True, True]
    assert "and 2 earlier notes; expkit show 6 --all" in shown
    assert expkit("show", "6", "--all").out.count("bob, 20") == 5


@pytest.mark.parametrize("words", [["--older=0"], ["--older=0", "--grace=0"]])
def test_a_dry_run_counts_what_goes(store, expkit, words):
    """``gc --dry-run`` says the same numbers as ``gc`` afterwards."""
    expkit("rm", "1", "2")
    store.put_blob(b"nobody names this")
    dry, done = (expkit("gc", *words, *dry).out.splitlines() for dry in (["--dry-run"], []))
    assert [line.replace("would go", "is deleted") for line in dry[:-1]] == done[:-1]
    assert dry[-1].partition(" would be")[0] == done[-1].partition(" removed")[0]


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("config.lrr = 1", "no run has config.lrr; near: config.lr\n"),
        ("metrics.los.max > 1", "no run has metrics.los.max; near: metrics.loss.max\n"),
        ("config.lr > 100", ""),
    ],
)
def test_copies_of_nothing(store, expkit, question, said, form):
    """A copy that no run is meant by says what no run has, as a list does."""
    done = expkit("copy", "runs", "there", question, *form)
    assert (done.code, done.err) == (0, said)
    assert form or done.out == "folder:runs to folder:there: there are no such runs\n"


def test_imports_of_nothing(store, expkit):
    """So does an import."""
    shutil.copytree(console.ROOT / "tests" / "folder" / "sacred", "sacred")
    done = expkit("import", "sacred", "there", "--where=config.sed = 1")
    assert (done.code, done.err) == (0, "no run has config.sed; near: config.seed\n")


def test_copies_from_elsewhere(store, expkit, home):
    """A copy of a folder that has no runs says where some are."""
    said = f"folder:. to folder:there: there are no such runs; there are some in {home / 'runs'}\n"
    assert expkit("copy", ".", "there").out == said


def test_sources_that_are_not_there(store, expkit, home):
    """What is to be copied or imported and is not there has near names, too."""
    assert expkit("copy", "rnus", "there").err == f"expkit: there is no store in {home / 'rnus'}; did you mean runs?\n"
    assert expkit("import", "rnus").err == "expkit: there is no file or folder rnus; did you mean runs?\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--lst"], "expkit has no option --lst; did you mean ls?"),
        (["--hlep"], "expkit has no option --hlep; did you mean --help?"),
        (["--zzz=1"], "expkit has no option --zzz; there are --help and --version"),
        (["--store=runs", "ls", "--json"], "options stand behind the command: expkit ls --store=runs"),
    ],
)
def test_options_before_the_command(home, expkit, words, said):
    """An option where a command should stand is answered with near names, or with where it belongs."""
    assert expkit(*words) == (2, "", f"expkit: {said}\n")


def test_help_about_a_command(home, expkit):
    """``expkit help ls`` is ``expkit ls --help``."""
    assert expkit("help", "ls") == expkit("ls", "--help")


def test_metrics_without_finite_numbers(store, expkit, home):
    """A metric of NaN alone has no least and greatest value, so none is said."""
    uid = add(store, 6, float("nan"), config={}, meta={}, result=None)
    shown = expkit("metrics", uid, "loss").out
    assert shown.startswith("loss  nan, 20 points\n")
