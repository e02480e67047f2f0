"""Whole scripts that handle the files of their own runs."""

from __future__ import annotations

import json

import pytest

from expkit.stores.folder.store import FolderStore

HEAD = """
import json, os, shutil, tempfile, time
from expkit import Experiment
from expkit.observers import FileStorageObserver

ex = Experiment("script", save_git_info=False)
ex.observers.append(FileStorageObserver("runs"))
"""

TAIL = """
if __name__ == "__main__":
    ex.run_commandline()
"""


def whole(script, run="1"):
    """The record of a run that ended well, and lacks nothing; its bytes are all there."""
    store = FolderStore(script.path / "runs")
    found = store.load(run)
    assert (found.status, found.gaps) == ("COMPLETED", ())
    assert all(store.has_blob(ref.sha256) for ref in found.files if ref.kept)
    return found


@pytest.mark.parametrize("way", ["save_file", "move", "whole resources"])
def test_sources_are_copied_and_taken_away(script, way):
    """Sources that a script moves beside its record are no loss: the run goes on, the record has their bytes."""
    steps = {
        "save_file": """
    for name, _ in _run.experiment_info["sources"]:
        os.makedirs(os.path.dirname(f"{observer.dir}/source/{name}"), exist_ok=True)
        observer.save_file(name, f"source/{name}")
    shutil.rmtree(f"{observer.basedir}/_sources")
""",
        "move": """
    shutil.move(f"{observer.basedir}/_sources", f"{observer.dir}/source")
""",
        "whole resources": """
    _run.add_resource("script.py")
    shutil.copytree(f"{observer.basedir}/_sources", f"{observer.dir}/source")
    shutil.rmtree(f"{observer.basedir}/_sources")
    shutil.rmtree(f"{observer.basedir}/_resources")
    _run.add_artifact("script.py")
    _run.flush()
""",
    }
    body = f"""
@ex.main
def main(_run):
    observer = ex.observers[0]
{steps[way]}
    import late
    _run.flush()
    return sorted(os.listdir(f"{{observer.dir}}/source"))
"""
    (script.path / "late.py").write_text("x = 1\n")
    done = script(HEAD + body + TAIL)
    assert done.returncode == 0 and "Traceback" not in done.stderr and "Error" not in done.stderr
    found = whole(script)
    assert len(found.result) == 1 and found.result[0].startswith("script")
    assert {ref.path for ref in found.files_of("source")} == {"script.py", "late.py"}
    assert not (script.path / "runs" / "_sources").exists()


def test_many_sources_are_taken_away(script):
    """Nothing is put into the folder of sources while a script removes it, however many there are."""
    package = script.path / "package"
    package.mkdir()
    for number in range(60):
        (package / f"part{number}.py").write_text(f"x = {number}\n")
    body = """
import importlib
for number in range(60):
    importlib.import_module(f"package.part{number}")

@ex.main
def main(_run):
    folder = f"{ex.observers[0].basedir}/_sources"
    until = time.monotonic() + 1
    while time.monotonic() < until:
        shutil.rmtree(folder, ignore_errors=False) if os.path.isdir(folder) else None
        os.mkdir(folder)
    os.rmdir(folder)
    return 1
"""
    done = script(HEAD + body + TAIL)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    store = FolderStore(script.path / "runs")
    found = store.load("1")
    sources = found.files_of("source")
    assert len(sources) == 61 and all(ref.kept and store.has_blob(ref.sha256) for ref in sources)
    assert not (script.path / "runs" / "_sources").exists()


def test_many_sources_that_stay(script):
    """Where nobody removes the folder, all sources are shown in it in the end."""
    package = script.path / "package"
    package.mkdir()
    for number in range(30):
        (package / f"part{number}.py").write_text(f"x = {number}\n")
    body = """
import importlib
for number in range(30):
    importlib.import_module(f"package.part{number}")

@ex.main
def main():
    import package.late
"""
    (package / "late.py").write_text("x = 1\n")
    assert script(HEAD + body + TAIL).returncode == 0
    record = json.loads((script.path / "runs" / "1" / "run.json").read_text())
    places = [script.path / "runs" / place for _, place in record["experiment"]["sources"]]
    assert len(places) == 32 and all(place.is_file() for place in places)


def test_artifacts_that_are_deleted_at_once(script):
    """The bytes of an artifact, and of a resource, are safe as soon as it was added."""
    body = """
@ex.main
def main(_run):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("temporary")
        file.flush()
        _run.add_artifact(file.name, "kept.txt")
        ex.add_resource(file.name)
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/model.pt", "w") as file:
            file.write("model")
        ex.add_artifact(f"{folder}/model.pt", metadata={"epoch": 1})
"""
    assert script(HEAD + body + TAIL).returncode == 0
    found = whole(script)
    assert [ref.path for ref in found.files_of("artifact")] == ["kept.txt", "model.pt"]
    folder = script.path / "runs" / "1"
    assert [(folder / name).read_text() for name in ("kept.txt", "model.pt")] == ["temporary", "model"]


def test_a_script_reads_its_own_record(script):
    """While it runs, a script finds its record under the predecessor's names and keys."""
    body = """
@ex.config
def config():
    a = {"b": 1}

@ex.main
def main(_run):
    print("hello", flush=True)
    _run.log_scalar("loss", 0.5)
    _run.log_scalar("loss", 0.25, 7)
    _run.info["k"] = 1
    folder = ex.observers[0].dir
    with open(f"{folder}/run.json") as file:
        record = json.load(file)
    wanted = {"artifacts", "command", "experiment", "heartbeat", "host", "meta", "resources", "start_time", "status"}
    assert wanted <= set(record) and record["status"] == "RUNNING" and record["meta"]["options"]["UPDATE"] == ["a.b=2"]
    with open(f"{folder}/config.json") as file:
        assert json.load(file)["a"] == {"b": 2}
    assert os.path.exists(f"{folder}/cout.txt")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        time.sleep(0.02)
        if os.path.exists(f"{folder}/metrics.json") and os.path.exists(f"{folder}/info.json"):
            break
    with open(f"{folder}/metrics.json") as file:
        loss = json.load(file)["loss"]
    assert (loss["steps"], loss["values"], len(loss["timestamps"])) == ([0, 7], [0.5, 0.25], 2)
    with open(f"{folder}/cout.txt") as file:
        assert "hello" in file.read()
    with open(f"{folder}/info.json") as file:
        assert json.load(file) == {"k": 1}
"""
    done = script(HEAD + body + TAIL, "with", "a.b=2", "-b", "0.1")
    assert done.returncode == 0, done.stderr
    whole(script)


def test_a_loop_of_runs(script):
    """A script that starts run after run finds the folder of each."""
    body = """
@ex.main
def main(_run, a):
    return os.path.basename(_run.observers[0].dir), _run._id, ex.current_run is _run

@ex.named_config
def ten():
    a = 10

for number in range(3):
    run = ex.run(config_updates={"a": number} if number < 2 else {}, named_configs=["ten"] if number == 2 else [])
    assert run.result == (run._id, run._id, True), run.result
    assert ex.observers[0].dir.endswith(run._id) and ex.observers[0].run_entry["_id"] == run._id
"""
    done = script(HEAD + body)
    assert done.returncode == 0, done.stderr
    assert [whole(script, run).config["a"] for run in "123"] == [0, 1, 10]


NAMES = """
@ex.config
def config():
    declared = {"x": 1}

@ex.named_config
def fast():
    params = {"lr": 0.1}

@ex.main
def main(declared, params=None):
    return params
"""


@pytest.mark.parametrize(
    ("updates", "params"),
    [
        (["params.lr=1"], {"lr": 1}),
        (["params.opt.lr=1"], {"opt": {"lr": 1}}),
        (["params={'lr': 1}", "params.mom=2"], {"lr": 1, "mom": 2}),
        (["fast"], {"lr": 0.1}),
        (["fast", "params.lr=1"], {"lr": 1}),
        (["fast", "params.mom=2"], {"lr": 0.1, "mom": 2}),
        (["params.opt.mom=2", "fast"], {"lr": 0.1, "opt": {"mom": 2}}),
    ],
)
def test_names_that_only_a_captured_function_knows(script, updates, params):
    """Updates and named configs may give what a captured function asks for, at any depth."""
    done = script(HEAD + NAMES + TAIL, "with", *updates)
    assert done.returncode == 0, done.stderr
    assert whole(script).result == params


def test_slips_in_what_is_declared(script):
    """A key that a declared dict does not have is still refused, with the keys that it has."""
    done = script(HEAD + NAMES + TAIL, "with", "declared.y=1")
    assert done.returncode == 2 and "declared.x" in done.stderr


def test_artifacts_are_in_the_record_at_once(script):
    """A script that reads its own run.json finds what it has just added, resources as well."""
    body = """
@ex.main
def main(_run):
    seen = []
    for name in ("a.txt", "b.txt"):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name)
            open(path, "w").write(name)
            _run.add_artifact(path)
        seen.append(json.load(open(f"{ex.observers[0].dir}/run.json"))["artifacts"])
    _run.add_resource("script.py")
    return [*seen, len(json.load(open(f"{ex.observers[0].dir}/run.json"))["resources"])]
"""
    done = script(HEAD + body + TAIL)
    assert done.returncode == 0, done.stderr
    assert whole(script).result == [["a.txt"], ["a.txt", "b.txt"], 1]


def test_what_hooks_add_is_said_where_it_is_recorded(script):
    """A config hook that adds an entry nobody asks for is pointed out in recorded runs, not where one only looks."""
    body = """
@ex.config_hook
def hook(config, command_name, logger):
    return {"extra": 1, "asked": 2}

@ex.main
def main(asked):
    return asked
"""
    done = script(HEAD + body + TAIL)
    assert "added the config entry extra" in done.stderr and "entry asked" not in done.stderr
    for words in (["print_config"], ["-u"]):
        looked = script(HEAD + body + TAIL, *words)
        assert looked.returncode == 0
        assert "added the config entry" not in looked.stderr + looked.stdout
