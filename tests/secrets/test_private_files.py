"""Which files of a repository are never kept, because of their names or of what is written in them."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from expkit.provenance.private import is_private, public_part, shows_secrets

PRIVATE = (
    "id_rsa_backup my.pem.bak id_ed25519_sk .vault_pass tokens.txt .pgpass.old prod.env.bak keyfile.asc kaggle.json "
    ".bash_history credentials-prod.json aws_credentials.ini gcp-key.json server.crt.key.old wandb.netrc cookies.txt "
    "huggingface_token my_pw.txt deploy/id_rsa .env~ .ssh/config env "
    "netrc conf/netrc.bak rclone.conf http.keytab"
)
PUBLIC = (
    "tokenizer.json token.py vocab.txt id_rsa.pub keyboard.csv data.bak train.py.orig dem.asc special_tokens_map.json "
    "monkey.json history.csv environment.yml keypoints.json auth.py passes.txt netrc.md parse_netrc.py"
)


@pytest.mark.parametrize("path", PRIVATE.split())
def test_private_names(path):
    """Key files, access data and their backups."""
    assert is_private(path, f"/nowhere/{path}")


@pytest.mark.parametrize("path", PUBLIC.split())
def test_public_names(path):
    """Names that merely remind of them."""
    assert not is_private(path, f"/nowhere/{path}")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("notes", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza\n"),
        ("conf.py", 'api_key="k9s8d7f6"\n'),
        ("conf.py", "db = {'password': 'hunter22'}\n"),
        ("conf.py", "URL = 'postgres://ada:hunter22@db/x'\n"),
        ("nb.ipynb", '"source": ["token = \\"ghp_0123456789abcdefghij\\""]\n'),
        ("settings.toml", 'secret = "hunter22"\n'),
        ("settings.yaml", "db:\n  password: hunter22\n"),
        ("run.sh", "export WANDB_API_KEY=0123456789abcdef\n"),
    ],
)
def test_contents_that_are_private(path, text):
    """Access data that is written out; in a patch, too."""
    assert shows_secrets(path, text.encode())
    assert shows_secrets(path, "".join(f"+{line}" for line in text.splitlines(True)).encode())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("conf.py", "password = get_password()\nconnect(user, password=password)\ntoken: str = tokens[0]\n"),
        ("conf.py", 'api_key = os.environ["API_KEY"]\npad_token = "<pad>"\nmax_tokens = "512"\n'),
        ("conf.py", 'password = "Please type your password"\ntoken="${TOKEN}"\nsecret = "..."\n'),
        ("conf.py", "url = f'postgres://ada:{password}@db/x'\n"),
        ("settings.yaml", "password: ${PASSWORD}\ntokenizer: bert-base\nkey_size: 2048000\n"),
        ("weights.bin", "\0\0password='hunter22'"),
    ],
)
def test_contents_that_are_public(path, text):
    """Code that handles secrets, placeholders, sentences and look-alikes."""
    assert not shows_secrets(path, text.encode())


def test_a_file_with_a_secret_is_left_out_of_a_patch():
    """The rest is byte for byte what it was; odd names are told as they are."""
    one = b"diff --git a/a b.py b/a b.py\nindex 1..2\n--- a/a b.py\n+++ b/a b.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
    two = b'diff --git "a/g\\303\\274.py" "b/g\\303\\274.py"\nindex 1..2\n@@ -1 +1 @@\n-x = 1\n+api_key = "k9s8d7f6"\n'
    assert public_part(one + two + one) == (one + one, ["g\u00fc.py"])


SCRIPT = """
from expkit import Experiment

ex = Experiment("g", observers=["runs"])

@ex.automain
def main():
    pass
"""


def test_what_a_run_keeps_of_a_repository(script):
    """The patch still applies, private files are named, their bytes lie nowhere."""
    folder = script.path
    write = {
        "a.py": "x = 1\n", "conf.py": "import os\n", "settings.toml": "lr = 1\n",
    }  # fmt: skip
    for name, text in write.items():
        (folder / name).write_text(text)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", *write], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], cwd=folder, check=True)
    (folder / "a.py").write_text("x = 2\n")
    (folder / "conf.py").write_text('import os\napi_key = "CANARY-7-in-code"\n')
    (folder / "settings.toml").write_text('lr = 1\npassword = "CANARY-8-in-toml"\n')
    (folder / "my.pem.bak").write_text("CANARY-9\n")
    (folder / "notes.txt").write_text("-----BEGIN PRIVATE KEY-----\nCANARY-10\n")
    (folder / "fine.txt").write_text("fine\n")
    done = script(SCRIPT)
    assert done.returncode == 0, done.stderr
    runs = folder / "runs"
    record = json.loads((runs / "1/run.json").read_text())
    (repository,) = record["experiment"]["repositories"]
    assert [path for path, *_ in repository["untracked"]] == ["fine.txt", "script.py"]
    (left_out,) = repository["left_out"]
    assert sorted(left_out["paths"]) == ["conf.py", "my.pem.bak", "notes.txt", "settings.toml"]
    assert not [os.fspath(path) for path in runs.rglob("*") if path.is_file() and b"CANARY" in path.read_bytes()]
    patch = (runs / ".expkit/blobs" / repository["patch"][:2] / repository["patch"][2:]).read_bytes()
    subprocess.run([*git, "checkout", "-q", "a.py"], cwd=folder, check=True)
    subprocess.run([*git, "apply"], cwd=folder, input=patch, check=True)
    assert (folder / "a.py").read_text() == "x = 2\n"


@pytest.fixture
def named(tmp_path, monkeypatch):
    """Let a variable name a path below the folder of the test; returns whether a file there is private."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    def look(variable, value, path):
        monkeypatch.setenv(variable, value.replace("$", str(tmp_path)))
        return is_private(path, str(tmp_path / path))

    return look


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("NETRC", "$/conf/logins", "conf/logins"),
        ("NETRC", "conf/logins", "conf/logins"),
        ("NETRC", "$/link/logins", "real/logins"),
        ("NETRC", "$/real/logins", "link/logins"),
        ("AWS_SHARED_CREDENTIALS_FILE", "$/aws", "aws"),
        ("AWS_CONFIG_FILE", "$/aws", "aws"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "$/robot.json", "robot.json"),
        ("KUBECONFIG", f"$/one{os.pathsep}$/two.yaml", "two.yaml"),
        ("PGPASSFILE", "$/pg", "pg"),
        ("PGSERVICEFILE", "$/pg", "pg"),
        ("AZURE_CONFIG_DIR", "$/cloud/", "cloud/deep/azureProfile.json"),
        ("DOCKER_CONFIG", "$/docker", "docker/config.json"),
        ("BOTO_CONFIG", "$/boto.cfg", "boto.cfg"),
        ("DB_PASSWORD_FILE", "$/db.txt", "db.txt"),
    ],
)
def test_a_file_that_a_variable_names_as_giving_access_is_private(named, variable, value, path):
    """Whatever it is called, and however one gets there: it may be relative, one of several, or lie in a named folder."""
    assert not is_private(path, os.path.abspath(path))
    assert named(variable, value, path)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NETRC", ""), ("DOCKER_CONFIG", "."), ("DOCKER_CONFIG", "$"), ("KUBECONFIG", "/"), ("API_TOKEN", "abcdef"),
     ("TOKEN_PATH", "$/data")],
)  # fmt: skip
def test_a_variable_that_names_too_much_makes_nothing_private(named, variable, value):
    """The working directory and what lies around it is no folder of access data, and what is no table's names files only."""
    assert not named(variable, value, "data/train.txt")


READER = """
import os

from expkit import Experiment

ex = Experiment("g", observers=["runs", "tinydb:database", "sqlite:///runs.db"])

@ex.automain
def main():
    open("conf/logins").read()
    open("given.txt").read()
"""


def test_what_a_run_keeps_of_a_file_that_netrc_names(script):
    """It is an input by its hash alone: in no store lie its bytes, nor among the untracked files of the repository."""
    folder = script.path
    (folder / "conf").mkdir()
    (folder / "conf/logins").write_text("machine host login ada password CANARY-11\n")
    (folder / "given.txt").write_text("given")
    for command in (
        ["init", "-q"],
        ["add", "given.txt"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    done = script(READER, env={**os.environ, "NETRC": str(folder / "conf/logins")})
    assert done.returncode == 0, done.stderr
    record = json.loads((folder / "runs/1/run.json").read_text())
    kept = {ref["path"]: ref.get("kept", True) for ref in record["files"] if ref["role"] == "input"}
    assert kept == {"conf/logins": False, "given.txt": True}
    (repository,) = record["experiment"]["repositories"]
    assert [path for path, *_ in repository["untracked"]] == ["script.py"]
    stored = [folder / "runs.db", *(folder / "runs").rglob("*"), *(folder / "database").rglob("*")]
    assert not [os.fspath(path) for path in stored if path.is_file() and b"CANARY" in path.read_bytes()]
