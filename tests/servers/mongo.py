"""MongoDB's protocol on this machine: mongo-java-server, with its data in a file of H2."""

import shutil
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
