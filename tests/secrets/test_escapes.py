"""Known secrets escape in no form: keys, arrays, frames, paths, names of metrics and files, argv of other parsers."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from expkit.record.masking import Secrets

SECRET = "CANARYenv05x"

SHAPES = """
import collections, os, pathlib, enum
import numpy as np
import pandas as pd
from expkit import Experiment

P = os.environ["MY_DB_PASSWORD"]
C = P[:6]  # the script itself is recorded
ex = Experiment("s", observers=["runs"])


class Kind(enum.Enum):
    A = P


class Thing:
    def __init__(self):
        self.held = [P]

    def __repr__(self):
        return f"Thing(raw={P})"


class Client:
    def __init__(self):
        self.password = C + "obj04"

    def __repr__(self):
        return f"Client(raw={self.password})"


def shapes():
    return {
        "keys": {P: 1, P + " two": 2}, "array": np.array([P, "b"]), "wide": np.array([P] * 2000),
        "objects": np.array([P, {"password": C + "npo06"}], dtype=object), "scalar": np.str_(P),
        "bytes": b"abc " + P.encode(), "deque": collections.deque([P, {"token": C + "deq07"}]), "set": {P},
        "path": pathlib.Path("/x") / P, "error": ValueError("bad login " + P), "member": Kind.A, "thing": Thing(), "client": Client(),
        "frame": pd.DataFrame({"password": [C + "df15"], "n": [P], P: [1]}, index=[P]), "series": pd.Series([P]),
        "wide frame": pd.DataFrame({"n": [P] * 2000}), "pair keys": {("a", P): 1}, "fine": np.arange(3),
    }


@ex.config
def config():
    given = shapes()


@ex.automain
def main(_run):
    _run.info.update(shapes())
    _run.log_scalar("metric_" + P, 1)
    with open("f_" + P + ".txt", "w") as file:
        file.write("x")
    _run.add_artifact("f_" + P + ".txt", metadata={"note": P})
    _run.add_artifact("f_" + P + ".txt", name="n_" + P)
    return {P: 1, "a": np.array([P])}
"""


def leaks(folder, *texts):
    """Files, names of files and texts that have a canary."""
    found = [text for text in texts if "CANARY" in text]
    for path in folder.rglob("*"):
        if "CANARY" in path.name or (path.is_file() and b"CANARY" in path.read_bytes()):
            found.append(os.fspath(path.relative_to(folder)))
    return found


def test_no_shape_of_a_value_lets_a_secret_out(script, monkeypatch):
    """Neither files of the run, nor their names, nor our lines on the terminal have it; other values stay."""
    monkeypatch.setenv("MY_DB_PASSWORD", SECRET)
    done = script(SHAPES, "--name", f"called {SECRET}")
    assert done.returncode == 0, done.stderr
    assert leaks(script.path / "runs", done.stdout, done.stderr) == []
    info = json.loads((script.path / "runs/1/run.json").read_text())["info"]
    assert info["fine"]["value"] == [0, 1, 2]
    assert info["keys"] == {"***": 1, "*** two": 2}
    assert sorted(info["array"]["items"], key=str) == ["b", {"!expkit": "masked"}]
    assert "***" in info["frame"]["csv"]


def test_frames_without_secrets_stay_what_they_are():
    """Neither copied nor of other types; where there is one, a copy is made, and all labels are looked at."""
    import pandas as pd

    secrets = Secrets()
    secrets.learn([SECRET])
    plain = pd.DataFrame({"kind": pd.Categorical(["a", "b"]), "n": [1, 2]}, index=["x", "y"])
    levels = pd.MultiIndex.from_tuples([("a", SECRET), ("b", "c")], names=["one", "two"])
    held = pd.DataFrame({"n": [1, 2]}, index=levels)
    shown = secrets.masked({"plain": plain, "series": plain["kind"], "held": held, "own": held["n"]})
    assert shown["plain"] is plain
    assert shown["series"].dtype == "category"
    assert SECRET not in shown["held"].to_csv() + shown["own"].to_csv()
    assert shown["held"]["n"].dtype == held["n"].dtype
    assert SECRET in held.to_csv()


PARSED = """
import argparse
from expkit import Experiment

ex = Experiment("a", observers=["runs"])

@ex.main
def main():
    pass

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("--password", "--api-token", "--steps", "--notes"):
        parser.add_argument(name)
    parser.parse_args()
    ex.run()
"""


def test_arguments_of_another_parser(script):
    """What stands behind a long option of a secret name is masked, also where it is a plain word."""
    done = script(PARSED, "--password", "swordfish", "--api-token=S3cret77", "--steps", "3", "--notes", "a b")
    assert done.returncode == 0, done.stderr
    argv = json.loads((script.path / "runs/1/run.json").read_text())["launch"]["argv"]
    assert argv == ["--password", "***", "--api-token=***", "--steps", "3", "--notes", "a b"]


TYPED = """
from expkit import Experiment

ex = Experiment("t", observers=["runs"])

@ex.config
def config():
    password = ""
    db = {"secret": None, "token": 5}

@ex.automain
def main(password):
    assert password == 82736455
"""


def test_a_number_typed_for_a_secret(script):
    """Is masked, unless the entry is a number by itself; the function gets the number."""
    words = ("with", "password=82736455", "db.secret=19283746", "db.token=7", "new_password=55667788")
    done = script(TYPED, "-f", *words)
    assert done.returncode == 0, done.stderr
    text = (script.path / "runs/1/run.json").read_text() + (script.path / "runs/1/config.json").read_text()
    assert not any(number in text for number in ("82736455", "19283746", "55667788"))
    record = json.loads((script.path / "runs/1/run.json").read_text())
    assert record["config"]["db"]["token"] == 7
    assert record["facts"]["masked"] == ["db.secret", "new_password", "password"]
    shown = script(TYPED, "print_config", *words, "-f")
    assert "82736455" not in shown.stdout
    assert "password = ***" in shown.stdout


PLAIN = """
from expkit import Experiment

ex = Experiment("a", observers=["runs"])

@ex.config
def config():
    model = "resnet"; steps = 10; note = "resnet is running on 123456"

@ex.automain
def main(_run):
    _run.info["x"] = "resnet-18 v123456 1234567"
"""


def test_words_and_numbers_are_not_masked_inside_of_others(script, monkeypatch):
    """A token ``resnet`` and a password ``123456`` hide neither the user's model nor the number of steps."""
    monkeypatch.setenv("TOKEN", "resnet")
    monkeypatch.setenv("DB_PASSWORD", "123456")
    done = script(PLAIN, "with", "model=resnet50", "steps=1234567", "note=resnet")
    assert done.returncode == 0, done.stderr
    record = json.loads((script.path / "runs/1/run.json").read_text())
    assert record["launch"]["argv"] == ["with", "model=resnet50", "steps=1234567", "note=resnet"]
    assert record["config"]["model"] == "resnet50"
    assert record["info"]["x"] == "resnet-18 v123456 1234567"
    assert "***" not in done.stderr


def test_a_secret_of_letters_and_digits_ends_at_words():
    """``abc123`` is hidden as a word of its own, and not in ``abc1234``; a long one is hidden anywhere."""
    secrets = Secrets()
    secrets.learn(["abc123", "Xy7-Xy7-Xy7-Xy7"])
    assert secrets.sure("abc123 abc1234 (abc123) _abc123_ zXy7-Xy7-Xy7-Xy7z") == "*** abc1234 (***) _***_ z***z"
    assert secrets.arguments(["-pabc123", "--p=abc123", "abc1234"]) == ("-p***", "--p=***", "abc1234")


def test_what_to_type_is_shown(script):
    """The suggestion says ``pwd=...``, like for all entries."""
    source = PARSED.split("@ex.main")[0].replace("import argparse", "") + (
        "@ex.config\ndef config():\n    pwd = ''\n\n@ex.automain\ndef main(pwd):\n    pass\n"
    )
    script(source, "save_config", "with", "pwd=abc", "config_filename=saved.json")
    refused = script(source, "with", "saved.json")
    assert refused.stderr.endswith("give again: with pwd=...\n")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer CANARYhdr30", "curl -u admin:CANARYcurl32 https://h", "Server=h;Uid=u;Pwd=CANARYdsn33;",
        "host=h user=u password = CANARYdsn34", "host=h password='CANARYdsn 35'", "redis://:CANARYredis36@h:6379/0",
        "mongodb+srv://u:p%40CANARYmongo37@h/db", "https://CANARYuser38@github.com/x", "s3://AKIA:CANARYs339@bucket",
        "https://h/?X-Amz-Signature=CANARYamz41&X-Amz-Credential=CANARYamz42", "https://h/cb#access_token=CANARYfrag43",
        "https://h/?token[]=CANARYq44&pass=CANARYq45&api%5Fkey=CANARYq46", "jdbc:mysql://h/db?user=u&password=CANARYj47",
        "sqlserver://h;databaseName=d;password=CANARYjdbc48", "//u:CANARYrel49@h/x", "HTTPS://u:CANARYup50@h/x",
        '{"password": "CANARYjson55", "a": 1}', '{"password":"CANARYjson56","a":1}', "password: CANARYyml57",
        "--password CANARYcli58 --token=CANARYcli59", "train --api-key 'CANARYcli 60'",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARYpem60\n-----END RSA PRIVATE KEY-----", "AKIACANARY61AAAAAAAA",
        "use ghp_CANARYgh62aaaaaaaaaaaaaaaaaaaaaaaaaaaa now", "github_pat_11CANARYgh62aaaaaaaaaaaaaaaa",
        "sk-proj-CANARY1gh62aaaaaaaaaaaa", "hf_CANARYgh62aaaaaaaaaaaaaaaa", "xoxb-123-CANARYslack1",
        "eyJhbGciOiJI.eyJCANARYI6.CANARYsig",
    ],
)  # fmt: skip
def test_access_data_is_known_by_its_looks(text):
    """In any string, whatever the entry is called."""
    assert "CANARY" not in str(Secrets().masked({"entry": text, "list": [text]}))


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-random-forest-version-2", "the key: value of all", "hf_internal_testing_tiny_random_bert", "a=1",
        "https://host:8080/x?page=2#part", "//server/share/x", "Bearer of good news", "tokens: 512", "--tokenizer bert",
        "lr=0.1 --key-size 2048", "eyJ", "AKIA", "C://data", "see https://h/#token", "--password-file /etc/pw",
        "usage: train --password PASSWORD", "max_tokens=5", "tokenizer: 'bert'",
    ],
)  # fmt: skip
def test_look_alikes_in_texts_stay(text):
    """What merely reminds of access data stays readable."""
    assert Secrets().masked({"entry": text}) == {"entry": text}
