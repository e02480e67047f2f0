"""What a command did, in terms that hold for both sides: what it said, the runs it recorded, the files it left."""

import hashlib
import json
import re
from pathlib import Path

RECORDED = re.compile(
    r"(run|config|info|metrics|lease)\.json|cout\.txt|environment\.txt|metrics-\d+-\d+\.points|output\.points"
)
"""The files of a run's folder that the record consists of; all others are the script's."""

KEPT_BY_OBSERVERS = {"__pycache__", ".expkit", "_sources", "_resources"}
DRAWN = 100_000
"""Seeds from here on were drawn; the scripts give smaller ones."""

STATUS_LINES = (
    r"(Running command|Queuing-up command|Started|Completed after|Result:|Queued-up run|Failed after|Aborted after)",
    r"(Interrupted after|Timeout after|[A-Z_]+ after \d+:|No observers have been added|Changed type of config entry)",
    r"(Added new config entry|Using capture mode|Starting Heartbeat|Stopping Heartbeat|Finished after|started$)",
    r".* added the config entry",
    r"(finished after \d|\S+ was \w+ and is \w+ now|config entry \S+ was (changed in place|overridden, but))",
)
"""A decision: what Sacred logs about a run's life and its config, ours says in fewer and other words."""

STATUS_OF_OURS = (
    r"run .* (→|·) .*(seed \d+|queued; start it.*|not recorded.*)$",
    r"\w+ (in|after) \S+ s( · .*)?$",
    r"captured: ",
    r"Try: \S+ help",
)
"""A decision: the life of a run is told in status lines on stderr."""

LOG_LINE = re.compile(r"(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) - (?:\S+\.)?(?P<name>[^\s.]+) - (?P<message>.*)")
"""A decision: loggers of an experiment are below one of its name, Sacred's are below the root; so names are compared
by their last part."""

OWN_MODULE = r"^(sacred\.utils|expkit\.errors)\."
DOCOPT_WORDS = {"with", "help"}
"""Words of the usage pattern that Sacred keeps among the options."""

WORDS = {
    "Configuration (modified, added, typechanged, doc):": "Configuration (+ added, * changed, ! type changed):",
    "# the random seed for this experiment": "# the root of all random numbers of this run",
}
"""A decision: what ours prints in the place of Sacred's words."""

MARKS = {"34": "*", "32": "+", "31": "!"}
"""A decision: Sacred shows by colours, which files and pipes get as well, what ours shows by marks."""


def of_command(told, folder, before):
    """What a command said and recorded, as ``(key, value)``; ``before`` is what was in the folder."""
    lines, error = _without_traceback([line for line in told.stderr if not _is_status(line)])
    yield "exit", told.code
    yield "printed", [_in_our_words(line) for line in told.stdout]
    yield (
        "logged",
        [LOG_LINE.sub(r"\g<level> - \g<name> - \g<message>", line) for line in lines if LOG_LINE.match(line)],
    )
    yield "stderr", [line for line in lines if not LOG_LINE.match(line)]
    yield "error", error
    runs = sorted((path.parent for path in folder.rglob("run.json") if path not in before), key=_by_number)
    yield "runs", [str(run.relative_to(folder)) for run in runs]
    for number, run in enumerate(runs, 1):
        yield from _flat(f"run {number}: ", dict(_run(run)))


def of_files(folder, before):
    """The files that are new in the folder, but belong to no run, as ``(key, value)``."""
    runs = {path.parent for path in folder.rglob("run.json")}
    for path in sorted(set(folder.rglob("*")) - before):
        if path.is_file() and not KEPT_BY_OBSERVERS & set(path.parts) and not runs & set(path.parents):
            yield str(path.relative_to(folder)), _text(path)


def _by_number(run):
    return [f"{part:>20}" for part in run.parts]


def _is_status(line):
    logged = (rf"\[?[A-Z]+\]?( -)? \S+( -)? {pattern}" for pattern in STATUS_LINES)
    return any(re.match(pattern, line) for pattern in (*logged, *STATUS_OF_OURS))


def _in_our_words(line):
    if coloured := re.match(r"\x1b\[(3\d)m (.*)", line):
        line = MARKS[coloured[1]] + coloured[2]
    line = re.sub(r"\x1b\[\d+m", "", line)
    for sacred, ours in WORDS.items():
        line = line.replace(sacred, ours)
    return line.rstrip()


def _without_traceback(lines):
    """The lines before the first traceback, and the first line of the last error."""
    start = next((i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call")), None)
    if start is None:
        return lines, None
    return lines[:start], _error(lines[start:])


def _error(lines):
    """The first line of the last error in a traceback; its class without the module, which is ours or Sacred's."""
    starts = [i for i, line in enumerate(lines) if line.startswith("Traceback (most recent call")]
    last = lines[starts[-1] + 1 :] if starts else []
    return next((re.sub(OWN_MODULE, "", line) for line in last if line and not line.startswith(" ")), None)


def _run(folder):
    """What is recorded of a run; of its output all but log lines, which Sacred's capture mode sees or does not."""
    record = _json(folder / "run.json")
    meta, experiment = record["meta"], record["experiment"]
    yield "status", record["status"]
    yield "name", experiment["name"]
    yield "command", record["command"]
    yield "mainfile", experiment["mainfile"]
    yield "result", record.get("result")
    yield "config", _drawn(_json(folder / "config.json"))
    yield "info", _json(folder / "info.json")
    yield "metrics", {name: _metric(found) for name, found in _json(folder / "metrics.json").items()}
    yield "artifacts", {name: _text(folder / name) for name in record.get("artifacts", ())}
    yield "resources", {Path(name).name: _text(_kept(folder, at)) for name, at in record.get("resources", ())}
    sources = [pair for pair in experiment["sources"] if isinstance(pair, list)]
    yield "sources", {name: _digest(_kept(folder, at)) for name, at in sources}
    yield "meta", {key: value for key, value in meta.items() if key not in ("options", "command")}
    options = {key.replace("_", "-"): value for key, value in meta.get("options", {}).items()}
    yield "options", {key: value for key, value in options.items() if value and key not in DOCOPT_WORDS}
    yield "host", {key: record["host"].get(key) for key in ("hostname", "os", "python_version", "cpu", "ENV")}
    yield "failed", _error("".join(record.get("fail_trace") or []).splitlines())
    output = (_in_our_words(line) for line in _text(folder / "cout.txt") or [])
    yield "output", sorted(line for line in output if not _is_status(line) and not LOG_LINE.match(line))
    others = [path for path in sorted(folder.rglob("*")) if path.is_file() and not RECORDED.match(path.name)]
    yield "files", {path.relative_to(folder).as_posix(): _digest(path) for path in others}


def _drawn(config):
    """The config, with a word in the place of seeds that nobody gave."""
    drawn = isinstance(config.get("seed"), int) and config["seed"] >= DRAWN
    inner = {key: _drawn(value) if isinstance(value, dict) else value for key, value in config.items()}
    return {**inner, "seed": "drawn"} if drawn else inner


def _metric(found):
    return {"steps": found["steps"], "values": found["values"], "count": len(found["timestamps"])}


def _kept(folder, path):
    """Where a source or resource is kept: named from the observer's folder, or as the program saw it."""
    return next((base / path for base in (folder.parent, *folder.parents) if (base / path).exists()), folder / path)


def _json(path):
    """What the file says, each side's spelling of tuples in words; nothing where it is missing."""
    return json.loads(path.read_text("utf-8"), object_hook=_in_words) if path.exists() else {}


def _in_words(value):
    if "py/tuple" in value:
        return f"tuple {value['py/tuple']}"
    return f"{value['!expkit']} {value.get('value')}" if "!expkit" in value else value


def _text(path):
    """A file's lines, or a digest of what is no text; None where it is missing."""
    if not path.exists():
        return None
    try:
        return path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return _digest(path)


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.exists() else None


def _flat(prefix, value):
    """``value`` by dotted names, so that one entry can differ alone; where nothing is, nothing is said."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(f"{prefix}{key}.", inner)
        else:
            yield f"{prefix}{key}", inner
