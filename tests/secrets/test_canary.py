"""Twenty secrets are planted wherever a run may meet one, and none leaves the process; look-alikes stay readable."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = [
    "nested entry", "in a list", "in a tuple", "below a secret name", "Secret", "url in config", "query in config",
    "typed", "typed in a list", "typed url", "option", "environment", "git remote", "host fact", "url in host fact",
    "named config", "in info", "metadata", "in the result", "in an exception", "config file",
]  # fmt: skip
PLANTED = {place: f"Canary{number:02}x{'Qz7' * 3}" for number, place in enumerate(PLACES, 10)}

HARMLESS = {
    "tokenizer": "bert-base", "max_tokens": 4096, "key_size": "k-2048", "token_count": "c-17", "n_secrets": "n-3",
    "eos_token": "</s>", "pad_token": "<pad>", "keyboard": "qwerty", "author": "a-lovelace", "monkey": "rhesus",
    "primary_key": "id-column", "token_type": "wordpiece", "password_file": "/etc/pw-file", "tokens_per_batch": "t-9",
    "secretary": "s-miller", "passes": "two-passes", "keywords": "kw-one", "api_version": "v-2024",
    "access_mode": "rw-both", "token": 123456789, "authority": "ca-root",
}  # fmt: skip

SCRIPT = Path(__file__).with_name("canary.py")


@pytest.fixture
def planted(tmp_path):
    """Runs the script of secrets in a repository of its own; returns the finished process."""
    (tmp_path / "canary.py").write_bytes(SCRIPT.read_bytes())
    for command in (
        ["init", "-q"],
        ["add", "canary.py"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
        ["remote", "add", "origin", f"https://me:{PLANTED['git remote']}@github.com/a/b.git"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    environment = {
        **os.environ,
        "CANARY": json.dumps(PLANTED),
        "HARMLESS": json.dumps(HARMLESS),
        "MY_API_TOKEN": PLANTED["environment"],
        "MY_HARMLESS": "plain-value",
        "EXPKIT_STATE": os.fspath(tmp_path / "state"),
    }

    def run(*arguments, **more):
        return subprocess.run(
            [sys.executable, "canary.py", *arguments],
            cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


TYPED = (
    "-z", PLANTED["option"], "--force", "with", "named", f"typed_token={PLANTED['typed']}",
    f"layers[0].secret_key={PLANTED['typed in a list']}", f"extra=ftp://ada:{PLANTED['typed url']}@h/x",
)  # fmt: skip


def leaks(folder, *texts):
    """Which secrets stand where."""
    found = [
        (place, os.fspath(path.relative_to(folder)))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.parts and path.name != "given.json"
        for place, secret in PLANTED.items()
        if secret in path.read_text(encoding="utf-8", errors="replace")
    ]
    return found + [(place, text) for text in texts for place, secret in PLANTED.items() if secret in text]


def test_a_run_that_completes(planted, tmp_path):
    """Nothing in the folder of runs, with custom observers, in the state folder or on the terminal; look-alikes stay."""
    done = planted(*TYPED)
    assert done.returncode == 0, done.stderr
    assert leaks(tmp_path, done.stdout, done.stderr) == []
    record = json.loads((tmp_path / "runs/1/run.json").read_text())
    assert record["config"]["harmless"] == record["info"]["harmless"] == HARMLESS
    assert record["config"]["db"]["port"] == 5432
    assert record["host"]["ENV"] == {"MY_API_TOKEN": "***", "MY_HARMLESS": "plain-value"}
    gossip = (tmp_path / "gossip.txt").read_text()
    assert "bert-base" in gossip
    assert "***" in gossip


def test_what_is_masked_is_said(planted, tmp_path):
    """The record names every entry that was masked."""
    planted(*TYPED)
    facts = json.loads((tmp_path / "runs/1/run.json").read_text())["facts"]
    assert facts["masked"] == [
        "credentials.login", "db.passphrase", "db.password", "extra", "header", "layers[0].secret_key", "sealed",
        "services[0].apiKey", "services[1][1].token", "signed", "typed_token", "url",
    ]  # fmt: skip


def test_a_run_that_fails(planted, tmp_path):
    """Traceback and cause in the record name no secret, though the terminal shows what Python says."""
    failed = planted(*TYPED, FAIL="1")
    assert failed.returncode == 1
    assert PLANTED["in an exception"] in failed.stderr
    assert leaks(tmp_path) == []
    trace = "".join(json.loads((tmp_path / "runs/1/run.json").read_text())["fail_trace"])
    assert "ConnectionError: no answer from mysql://me:***@db/x with ***" in trace


def test_a_spool(planted, tmp_path):
    """Where no folder observes, the spool in the state folder has none either."""
    done = planted(*TYPED, NO_FOLDER="1")
    assert done.returncode == 0, done.stderr
    assert leaks(tmp_path, done.stdout, done.stderr) == []


def test_a_queued_run(planted, tmp_path):
    """What is typed for later is not kept; starting names what has to be typed again."""
    queued = planted("--queue", *TYPED)
    assert leaks(tmp_path, queued.stdout, queued.stderr) == []
    refused = planted("--id", "1", "--force")
    assert refused.returncode == 2
    for path in ("typed_token", "layers", "extra"):
        assert path in refused.stderr
    assert "masked when they were saved" in refused.stderr
    started = planted("--id", "1", *TYPED)
    assert started.returncode == 0, started.stderr
    assert leaks(tmp_path, queued.stderr, refused.stderr, started.stderr) == []


@pytest.mark.parametrize(
    "command",
    [["print_config"], ["explain", "db"], ["print_dependencies"], ["print_named_configs"], ["--help"], ["save_config"]],
    ids=" ".join,
)
def test_looking_commands(planted, tmp_path, command):
    """Commands that only look show none, and look-alikes."""
    done = planted(*command) if "--help" in command else planted(*command, *TYPED)
    assert done.returncode == 0, done.stderr
    assert leaks(tmp_path, done.stdout, done.stderr) == []
    if command == ["print_config"]:
        assert all(str(value) in done.stdout for value in HARMLESS.values())
        assert "masked" in done.stdout


def test_a_config_file(planted, tmp_path):
    """Secrets from a config file are masked like any other, and the file's bytes are not kept."""
    (tmp_path / "given.json").write_text(json.dumps({"db": {"auth_token": PLANTED["config file"]}}))
    done = planted("--force", "with", "given.json")
    assert done.returncode == 0, done.stderr
    assert leaks(tmp_path, done.stdout, done.stderr) == []


@pytest.mark.parametrize(
    "typed",
    [
        [f"db.pasword={PLANTED['typed']}", f"db.token={PLANTED['typed']}"],
        [f"db.password={PLANTED['typed']}", "db.password.x=1"],
        ["-o", f"nowhere://me:{PLANTED['typed url']}@h/x"],
        [f"db..password={PLANTED['typed']}"],
    ],
    ids=["unknown", "contradiction", "observer", "no path"],
)
def test_messages(planted, tmp_path, typed):
    """Our messages about what was typed name no secret."""
    options, updates = (typed, []) if typed[0] == "-o" else ([], ["with", *typed])
    refused = planted(*options, *updates)
    assert refused.returncode == 2, refused.stderr
    assert leaks(tmp_path, refused.stdout, refused.stderr) == []
