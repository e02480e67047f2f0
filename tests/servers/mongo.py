"""MongoDB's protocol on this machine: mongo-java-server, with its data in a file of H2; and Omniboard, which shows runs."""

import os
import shutil
import tarfile
from pathlib import Path

from . import running
from .building import Recipe, call

SOURCE = Path(__file__).with_name("mongo_java")
_SWIFT = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m")


def _build(folder):
    for name in ("pom.xml", "Server.java"):
        shutil.copy(SOURCE / name, folder)
    jars = folder / "jars"
    call(
        "mvn",
        "-q",
        "-B",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={jars}",
        cwd=folder,
    )
    call("javac", "-cp", f"{jars}/*", "-d", str(folder / "classes"), str(folder / "Server.java"), cwd=folder)


RECIPE = Recipe(
    "mongo-java-server",
    {"java": "default-jdk-headless", "javac": "default-jdk-headless", "mvn": "maven"},
    [SOURCE / "pom.xml", SOURCE / "Server.java"],
    _build,
)


def _build_omniboard(folder):
    """Its server and what that needs; not what its page is built with."""
    package, *needs = OMNIBOARD_PIN.read_text().split()
    (folder / "package.json").write_text("{}")
    call("npm", "pack", "--silent", package, cwd=folder)
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(packed) as tar:
        for member in tar:
            if member.isfile() and member.name.startswith("package/dist/"):
                path = folder / os.path.relpath(member.name, "package")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
    packed.unlink()
    call("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *needs, cwd=folder)


OMNIBOARD_PIN = Path(__file__).with_name("pins") / "omniboard.txt"
OMNIBOARD = Recipe("omniboard", {"npm": "npm", "node": "nodejs"}, [OMNIBOARD_PIN], _build_omniboard)


def omniboard(folder, place):
    """Omniboard for one database, not started yet.

    Args:
        folder: for its log.
        place: ``HOST:PORT:DATABASE``.
    """
    built = running.had(OMNIBOARD.built)
    program = ["node", f"{built}/dist/start.js", "-m", place]
    return running.Process(lambda port: ["env", f"PORT={port}", *program], folder)


def command(port, data):
    """How to start it with its data in a folder."""
    built = RECIPE.built()
    return ["java", *_SWIFT, "-cp", f"{built}/classes:{built}/jars/*", "Server", f"{data}/db", str(port)]


def shared(factory):
    """The host and port of the server that all tests share."""
    folder = running.session_folder(factory)
    return f"127.0.0.1:{running.had(lambda: running.shared('mongo', command, folder, factory.mktemp('mongo')))}"


def own(folder, port=None):
    """A server of a test's own, not started yet."""
    running.had(RECIPE.built)
    return running.Process(lambda port: command(port, folder), folder, port)
