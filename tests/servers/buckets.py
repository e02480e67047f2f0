"""Object stores on this machine, each with its data in a folder: S3, Google's and Azure's."""

import base64
import contextlib
import os
from pathlib import Path

from .building import Recipe, call

PINS = Path(__file__).with_name("pins")
KEY, SECRET, REGION = "runs-key-7", "runs-secret-7", "us-east-1"
AZURE_ACCOUNT, AZURE_KEY = "runs", base64.b64encode(SECRET.encode()).decode()


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


def _build_azurite(folder):
    call("npm", "install", "--no-audit", "--no-fund", (PINS / "azurite.txt").read_text().strip(), cwd=folder)


S3 = _go("versitygw")
GOOGLE = _go("fake-gcs-server")
AZURE = Recipe("azurite", {"npm": "npm", "node": "nodejs"}, [PINS / "azurite.txt"], _build_azurite)
RECIPES = [S3, GOOGLE, AZURE]


def s3_command(port, data):
    """How to start it with its data in a folder."""
    (data / "buckets").mkdir(parents=True, exist_ok=True)
    access = ["--access", KEY, "--secret", SECRET, "--region", REGION]
    place = ["posix", data / "buckets"]
    return list(map(str, [S3.built() / "versitygw", "--quiet", "--port", f"127.0.0.1:{port}", *access, *place]))


def google_command(port, data):
    """How to start it with its data in a folder."""
    address = f"127.0.0.1:{port}"
    where = ["-host", "127.0.0.1", "-port", port, "-public-host", address, "-external-url", f"http://{address}"]
    kept = ["-backend", "filesystem", "-filesystem-root", data / "buckets", "-log-level", "error"]
    return list(map(str, [GOOGLE.built() / "fake-gcs-server", "-scheme", "http", *where, *kept]))


def azure_command(port, data):
    """How to start it with its data in a folder."""
    program = AZURE.built() / "node_modules" / ".bin" / "azurite-blob"
    where = ["--blobHost", "127.0.0.1", "--blobPort", port, "--location", data]
    account = f"AZURITE_ACCOUNTS={AZURE_ACCOUNT}:{AZURE_KEY}"
    return list(map(str, ["env", account, program, *where, "--silent", "--skipApiVersionCheck", "--disableTelemetry"]))
