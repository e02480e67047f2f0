"""Documents are those that Sacred writes for the same script, and tools made for Sacred show them: Omniboard, Incense."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
import urllib.request

import pytest

from expkit.stores.mongo.store import MongoStore

from ..sacred_style import sacred_home
from ..servers import mongo
from . import incense_home
from ..processes import HOME, wait

SCRIPT = """
import sys, warnings
warnings.simplefilter("ignore")
if sys.argv[1] == "sacred":
    from sacred import Experiment
    from sacred.observers import MongoObserver
else:
    from expkit import Experiment
    from expkit.observers import MongoObserver

ex = Experiment("digits", save_git_info=False)
ex.observers.append(MongoObserver(url=sys.argv[2], db_name=sys.argv[3]))


@ex.config
def config():
    lr = 0.1
    layers = [{"units": 64}, {"units": 10}]
    shape = (3, 4)
    how = "completed"
    nothing = None


@ex.main
def main(_run, lr, how):
    print("training with", lr, "\u043a\u043b\u044e\u0447")
    _run.info["epochs"] = 4
    for step in range(5):
        _run.log_scalar("loss", 1 / (step + 1), step)
        _run.log_scalar("acc", float("nan") if step == 1 else step / 5)
    with _run.open_resource("data.csv") as file:
        file.read()
    with open("plot.png", "wb") as file:
        file.write(bytes(range(256)) * 20)
    _run.add_artifact("plot.png", metadata={"epoch": 4})
    if how == "failed":
        raise ValueError("no data")
    return {"accuracy": 0.75}


for how in ("completed", "failed"):
    try:
        ex.run(config_updates={"how": how, "seed": 42}, options={"--capture": "sys"})
    except ValueError:
        pass
"""

INCENSE = """
import json, sys, warnings
warnings.simplefilter("ignore")
from incense import ExperimentLoader

loader = ExperimentLoader(mongo_uri=sys.argv[1], db_name=sys.argv[2])
run = loader.find_by_id(1)
runs = loader.find_all()
print(json.dumps({
    "found": [[each.id for each in found] for found in (
        runs, loader.find_by_name("digi"), loader.find_by_config_key("lr", 0.1), loader.find({"status": "FAILED"}),
    )],
    "latest": loader.find_latest().id,
    "config": [run.config.lr, run.config.layers[1].units, list(run.config["shape"])],
    "about": [run.experiment.name, run.status, run.result.accuracy, run.captured_out, run.info.epochs],
    "sources": [source[0] for source in run.experiment.sources],
    "metrics": {name: [list(series.index), list(series)] for name, series in run.metrics.items()},
    "artifacts": {name: [type(each).__name__, len(each.content)] for name, each in run.artifacts.items()},
    "trace": list(loader.find_by_id(2).fail_trace)[-1],
    "table": runs.project(on=["config.how", {"metrics.loss": lambda series: series.iloc[-1]}]).values.tolist(),
}))
"""


@pytest.fixture(scope="module")
def places(server, tmp_path_factory):
    """The URL of a server and the databases into which Sacred and we have recorded the same script."""
    folder, url, names = tmp_path_factory.mktemp("lab"), f"mongodb://{server}", {}
    (folder / "train.py").write_text(SCRIPT)
    (folder / "data.csv").write_text("1,2\n")
    pythons = {"sacred": sacred_home.python(*sacred_home.DATABASES), "expkit": sys.executable}
    for tool, python in pythons.items():
        names[tool] = f"{tool}_{os.urandom(6).hex()}"
        environment = {**os.environ, **({"PYTHONPATH": os.fspath(HOME)} if tool == "expkit" else {})}
        command = [python, "train.py", tool, url, names[tool]]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr
    store = MongoStore(url)
    yield url, names, store.server.client
    for name in names.values():
        store.server.client.drop_database(name)
    store.close()


def kinds(value):
    """What a value is made of, without what differs from run to run."""
    if isinstance(value, dict):
        return {key: kinds(item) for key, item in value.items()}
    if isinstance(value, list):
        return [kinds(item) for item in value]
    return type(value).__name__


def test_the_same_documents(places):
    """Each field of Sacred's documents is in ours, of the same kind, and what does not depend on the tool is equal."""
    _, names, client = places
    (theirs, ours) = ([*client[names[tool]]["runs"].find().sort("_id", 1)] for tool in ("sacred", "expkit"))
    for their, our in zip(theirs, ours, strict=True):
        assert set(their) - set(our) == set()
        assert set(our) - set(their) <= {"expkit", "fail_trace"}
        for key in ("_id", "format", "command", "status", "config", "result", "artifacts", "start_time", "heartbeat"):
            assert kinds(our[key]) == kinds(their[key]), key
        same = ("_id", "format", "command", "status", "config", "result")
        assert {key: our.get(key) for key in same} == {key: their.get(key) for key in same}
        assert {**our["info"], "metrics": []} == {**their["info"], "metrics": []}
        assert [link["name"] for link in our["info"]["metrics"]][:2] == [
            link["name"] for link in their["info"]["metrics"]
        ]
        assert kinds(our["info"]["metrics"][0]) == kinds(their["info"]["metrics"][0])
        assert [os.path.basename(name) for name, _ in their["resources"]] == [name for name, _ in our["resources"]]
        assert [md5 for _, md5 in their["resources"]] == [md5 for _, md5 in our["resources"]]
        assert [name for name, _ in our["experiment"]["sources"]] == [
            name for name, _ in their["experiment"]["sources"]
        ]
        assert set(their["experiment"]) - set(our["experiment"]) == {"base_dir"}
        assert set(their["host"]) <= set(our["host"]) and set(their["meta"]) <= set(our["meta"])
    assert theirs[0]["captured_out"].startswith(ours[0]["captured_out"])  # it prints a line of its own there
    assert ours[1]["fail_trace"][-1] == theirs[1]["fail_trace"][-1]


def test_the_same_metrics_and_files(places):
    """Metrics have the same columns; the GridFS has the same files, each once."""
    _, names, client = places
    metrics, files = [], []
    for tool in ("sacred", "expkit"):
        database = client[names[tool]]
        found = [*database["metrics"].find({"run_id": 1, "name": {"$in": ["loss", "acc"]}}).sort("name", 1)]
        metrics.append([{key: repr(each[key]) for key in ("run_id", "name", "steps", "values")} for each in found])
        assert all(kinds(each["timestamps"]) == ["datetime"] * 5 for each in found)
        (artifact,) = database["runs"].find_one({"_id": 1})["artifacts"]
        file = database["fs.files"].find_one({"_id": artifact["file_id"]})
        files.append({key: file[key] for key in ("filename", "contentType", "metadata", "length")})
    assert metrics[0] == metrics[1]
    assert files[0] == files[1]
    kept = [file["filename"] for file in client[names["expkit"]]["fs.files"].find()]
    assert sum(name.endswith(("train.py", "plot.png", "data.csv")) for name in kept) == 3


def test_incense(places):
    """Incense finds our runs and shows config, metrics, output, artifacts, sources and the trace of a failure."""
    url, names, _ = places
    command = [incense_home.python(), "-c", INCENSE, url, names["expkit"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["found"] == [[1, 2], [1, 2], [1, 2], [2]] and shown["latest"] == 2
    assert shown["config"] == [0.1, 10, [3, 4]]
    assert shown["about"] == ["digits", "COMPLETED", 0.75, "training with 0.1 ключ\n", 4]
    assert shown["sources"] == ["train.py"]
    assert shown["metrics"]["loss"] == [[0, 1, 2, 3, 4], [1, 0.5, 1 / 3, 0.25, 0.2]]
    assert shown["artifacts"] == {"plot.png": ["ImageArtifact", 5120]}
    assert shown["trace"] == "ValueError: no data\n"
    assert shown["table"] == [["completed", 0.2], ["failed", 0.2]]


@pytest.fixture
def omniboard(places, tmp_path):
    """Asks Omniboard, by the paths that its page asks for; answers are text."""
    url, names, _ = places
    process = mongo.omniboard(tmp_path, f"{url.removeprefix('mongodb://')}:{names['expkit']}").start()

    def ask(path, **query):
        place = f"http://127.0.0.1:{process.port}/sacred/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(place, timeout=60) as answer:
            return answer.read()

    wait(lambda: "established" in (tmp_path / "server.log").read_text())
    yield ask
    process.kill()


def test_omniboard(omniboard):
    """Omniboard lists our runs and shows config, metrics, output, artifacts and sources of one, as its page asks."""
    columns = "_id,heartbeat,experiment,command,status,start_time,result,duration,host,config,omniboard"
    runs = json.loads(omniboard("Runs", select=columns, sort_by="_id", query='{"config.lr":{"$lt":1}}'))
    assert [(run["_id"], run["status"], run["config"]["how"]) for run in runs] == [
        (2, "FAILED", "failed"),
        (1, "COMPLETED", "completed"),
    ]
    assert all(run["duration"] >= 0 and run["host"]["hostname"] and run["result"] != {} for run in runs)
    run = json.loads(
        omniboard("Runs/1", select="captured_out,info,meta,host,experiment,artifacts,config,fail_trace,status")
    )
    assert (run["captured_out"], run["config"]["lr"], run["info"]["epochs"]) == ("training with 0.1 ключ\n", 0.1, 4)
    metrics = {metric["name"]: metric for metric in json.loads(omniboard("Metrics", query='{"run_id":"1"}'))}
    assert (metrics["loss"]["steps"], metrics["acc"]["values"]) == ([0, 1, 2, 3, 4], [0, None, 0.4, 0.6, 0.8])
    (artifact,), (source,) = run["artifacts"], run["experiment"]["sources"]
    assert omniboard(f"files/download/{artifact['file_id']}/plot.png") == bytes(range(256)) * 20
    assert omniboard(f"files/preview/{source[1]}/train.py").decode() == SCRIPT
    for kind, name in (("artifacts", "artifact://runs/1/plot.png"), ("source", "train.py")):
        (file,) = json.loads(omniboard(f"files/{kind}/1"))
        assert file["filename"] == name
    assert omniboard("files/downloadAll/1/artifacts").startswith(b"PK")
    assert json.loads(omniboard("SourceFilesCount/1")) == [{"_id": source[1], "count": 2}]
