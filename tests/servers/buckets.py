"""Object stores on this machine, each with its data in a folder: S3 by versitygw."""

import contextlib
import os
from pathlib import Path

from . import running
from .building import Recipe, call

PINS = Path(__file__).with_name("pins")
KEY, SECRET, REGION = "runs-key-7", "runs-secret-7", "us-east-1"


def _go(name):
    """How to build a program of Go; its module and version lie in ``pins``."""
    pin = PINS / f"{name}.txt"

    def build(folder):
        environment = {"GOBIN": str(folder), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "auto"}
        with _environment(environment):
            call("go", "install", pin.read_text().strip(), cwd=folder)

    return Recipe(name, {"go": "golang-go"}, [pin], build)


@contextlib.contextmanager
def _environment(added):
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


S3 = _go("versitygw")
RECIPES = [S3]


def s3_command(port, data):
    """How to start it with its data in a folder."""
    for name in ("buckets", "beside"):
        (data / name).mkdir(parents=True, exist_ok=True)
    access = ["--access", KEY, "--secret", SECRET, "--region", REGION]
    place = ["posix", "--sidecar", data / "beside", data / "buckets"]
    return list(map(str, [S3.built() / "versitygw", "--quiet", "--port", f"127.0.0.1:{port}", *access, *place]))


def shared(name, command, factory):
    """The port of the server that all tests share."""
    folder = running.session_folder(factory)
    return running.had(lambda: running.shared(name, command, folder, factory.mktemp(name)))


def own(recipe, command, folder, port=None):
    """A server of a test's own, not started yet."""
    running.had(recipe.built)
    return running.Process(lambda port: command(port, Path(folder) / "server"), folder, port)
