"""Print what folders of runs hold, in the predecessor's terms."""

import json
import pathlib
import re
import sys

UNSEEN = ("seed", "__doc__", "__annotations__")
LOG_LINE = re.compile(r"\[?(DEBUG|INFO|WARNING|ERROR)\b")


def load(path):
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def facts(run):
    record = load(run / "run.json")
    meta = record["meta"]
    yield "result", record.get("result")
    yield "config", {key: value for key, value in load(run / "config.json").items() if key not in UNSEEN}
    yield "info", load(run / "info.json")
    yield "metrics", {name: [found["steps"], found["values"]] for name, found in load(run / "metrics.json").items()}
    yield "artifacts", sorted(record["artifacts"])
    yield "resources", sorted({pathlib.Path(name).name for name, _ in record["resources"]})
    yield "sources", sorted(name for name, _ in record["experiment"]["sources"])
    yield "named configs", meta.get("named_configs")
    yield "updates", meta.get("config_updates")
    yield "comment", meta.get("comment")
    yield "failed", "".join(record.get("fail_trace") or [""]).strip().splitlines()[-1:]
    output = run / "cout.txt"
    lines = output.read_text("utf-8").splitlines() if output.exists() else []
    yield "output", sorted(line for line in lines if not LOG_LINE.match(line))


def show(run):
    record = load(run / "run.json")
    print("run", run.name, record["status"], record["experiment"]["name"], record["command"])
    for name, value in facts(run):
        if value not in (None, "", [], {}):
            print(f"  {name}: {json.dumps(value, sort_keys=True)}")


for folder in map(pathlib.Path, sys.argv[1:]):
    for run in sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)):
        if (run / "run.json").exists():
            show(run)
