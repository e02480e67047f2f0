"""``expkit doctor`` and ``schema``: what is installed, what answers, what is owed; what JSON looks like."""

import json
import re
import subprocess
import sys

import jsonschema
import pytest

from expkit.console.checkup import DEPENDENCIES, EXTRAS
from expkit.console.main import COMMANDS
from expkit.readers import open_run
from expkit.record.model import Annotation
from expkit.record.wire import record_to_json
from expkit.stores import open_store
from expkit.testing.samples import NOON

from .. import console, kept


@pytest.fixture(autouse=True)
def _plain(monkeypatch, tmp_path):
    """A state folder of its own, in a folder with runs."""
    monkeypatch.setenv("EXPKIT_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("EXPKIT_STORE", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def runs(tmp_path):
    """A filled folder."""
    return kept.fill(open_store(tmp_path / "runs"))


def checked(capsys, *words):
    """What doctor says as JSON, and its exit code."""
    said = kept.say(capsys, "doctor", "--json", *words)
    return json.loads(said.out), said.code


def test_packages_are_those_of_the_project():
    """The packages that doctor looks for are those that pyproject.toml names."""
    text = (console.ROOT / "pyproject.toml").read_text("utf-8")
    needed = re.search(r"^dependencies = \[\n(.*?)^\]", text, re.M | re.S)[1]
    names = [re.match(r'\s*"([\w-]+)', line)[1] for line in needed.splitlines() if "python_version" not in line]
    assert sorted(names) == sorted(DEPENDENCIES)
    extras = dict(
        re.findall(
            r'^(\w+) = \[("[^\n]*)\]$', text.partition("[project.optional-dependencies]")[2].partition("\n\n")[0], re.M
        )
    )
    extras = {name: re.findall(r'"([\w-]+)(?:\[(\w+)\])?', listed) for name, listed in extras.items()}
    for name, packages in EXTRAS.items():
        own = [EXTRAS[inner] if package == "expkit" else (package,) for package, inner in extras[name]]
        assert sorted(package for group in own for package in group) == sorted(packages)
    assert set(extras) - set(EXTRAS) == {"docs", "examples"}


def test_stores(capsys, runs, tmp_path):
    """The default store and those that were named are asked; one that does not answer is a problem, and the exit code 1."""
    found, code = checked(capsys)
    assert (code, [(store["answers"], store["default"], store["runs"]) for store in found["stores"]]) == (
        0,
        [(True, True, 4)],
    )
    found, code = checked(capsys, "mongodb://user:geheim@127.0.0.1:1/lab", "gopher://x", f"{tmp_path}/none")
    assert (code, [store["answers"] for store in found["stores"]]) == (1, [True, False, False, True])
    assert len(found["problems"]) == 2
    assert "geheim" not in json.dumps(found)
    assert all(store["why"] for store in found["stores"] if not store["answers"])


@pytest.mark.parametrize(
    "place",
    ["s3://b/x?sectret=hidden", "me:hidden@h/x", "postgresql:/me:hidden@h/x", "sqlite:///x.db?foo=hidden"],
    ids=["option", "login", "slash", "unknown"],  # for these are in the path of the folder
)
def test_mistyped_places(capsys, runs, place):
    """Nothing is shown that may be a password, whatever is wrong with a URL."""
    for words in (("--json", place), (place,), (f"--store={place}",)):
        said = kept.say(capsys, "doctor", *words)
        assert (said.code, "hidden" in said.out + said.err) == (1, False)
        assert "***" in said.out


def test_what_is_owed(capsys, runs, tmp_path):
    """Notes of what stores are owed are counted, and those that cannot be read are problems."""
    owed = tmp_path / "state" / "owed"
    owed.mkdir(parents=True)
    note = {"format": 1, "uid": "ab" * 16, "name": "digits", "log": str(tmp_path / "runs"), "target": "mongodb://h/lab"}
    (owed / "one.json").write_text(json.dumps(note))
    (owed / "two.json").write_text("{")
    found, code = checked(capsys)
    assert code == 1
    assert found["spools"]["owed"] == [{"uid": "ab" * 16, "name": "digits", "target": "mongodb://h/lab"}]
    assert found["spools"]["bad"] == [str(owed / "two.json")]
    assert "expkit sync delivers what is owed" in found["suggestions"]


def test_index(capsys, tmp_path):
    """Of a folder with an index it is said where that is, and how many runs it knows."""
    store = open_store(tmp_path / "runs")
    for seed in range(25):
        kept.add(store, lr=0.1, seed=seed)
    index = checked(capsys)[0]["stores"][0]["index"]
    assert index["runs"] == 25
    assert index["path"].startswith(str(tmp_path / "state"))


def test_suggestions(capsys, runs):
    """What lies in the trash for more than a month is worth a word."""
    runs.annotate("1", Annotation(action="trash", value=None, author="x", time=NOON.replace(year=2020)))
    found, code = checked(capsys)
    assert (code, found["suggestions"]) == (
        0,
        ["expkit gc deletes what lies in the trash for more than 30 days: 1 run"],
    )


def test_golden(capsys, runs, tmp_path):
    """What doctor prints."""

    def normal(text):
        text = re.sub(r"(?m)^(platform|python|expkit)( +).*$", r"\1\2...", text)
        text = re.sub(r"\d+\.\d+[\w.]*( s)?", "N", text.replace(str(tmp_path), "HERE"))
        return re.sub(r"(?m) {2,}|(?<= ) +$", "  ", text)

    kept.is_golden("doctor", kept.transcript(capsys, [("doctor",), ("doctor", "gopher://x")], normal))


def test_schemas(capsys, runs):
    """Every command that has --json has a schema; that of records fits a record; a misspelt name is answered with a near one."""
    names = json.loads(kept.say(capsys, "schema", "--list", "--json").out)
    having = {command for command in COMMANDS if "--json" in kept.say(capsys, command, "--help").out}
    assert set(names) == {"record", *having}
    for name in names:
        jsonschema.Draft202012Validator.check_schema(json.loads(kept.say(capsys, "schema", name).out))
    schema = json.loads(kept.say(capsys, "schema").out)
    jsonschema.validate(record_to_json(open_run("1", runs).record), schema)
    assert "did you mean verify?" in kept.say(capsys, "schema", "verfy").err


def test_help(capsys):
    """Every command has help with its usage and examples, and refuses what it does not know."""
    for command in COMMANDS:
        said = kept.say(capsys, command, "--help")
        assert (said.code, said.err) == (0, "")
        assert f"expkit {command}" in said.out.partition("Usage:")[2]
        assert "Examples:" in said.out
        assert "--json" in said.out
        assert kept.say(capsys, command, "--no-such-option").code == 2


def test_help_in_a_process(runs):
    """The program itself: its help names all commands, a table goes through a pipe, rich is not loaded for it."""
    code = (
        "import sys; from expkit.console.main import main\n"
        "codes = [main(['--help']), main(['du']), main(['diff', '1', '2']), main(['rm', '1'])]\n"
        "print(codes, [name for name in ('rich', 'pandas', 'pymongo') if name in sys.modules])"
    )
    environment = {"PYTHONPATH": str(console.ROOT), "EXPKIT_STATE": "state", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[0, 0, 1, 0] []"
    assert all(re.search(rf"^  {command} ", done.stdout, re.M) for command in COMMANDS)
