"""Say what is installed, which stores answer, what is owed, and what could be done about it.

Usage:
  expkit doctor [STORE...] [options]

Arguments:
  STORE  Paths or URLs of stores that are asked besides the default one: mongodb://HOST/DATABASE, s3://BUCKET/PATH, ...

Options:
  --json       Print one JSON document.
  --store=URL  Ask this store instead of the default one.

The exit code is 1 if a store does not answer, or a part of expkit's own state cannot be read.

Examples:
  expkit doctor
  expkit doctor mongodb://HOST/lab s3://bucket/runs
  expkit doctor --json
"""

from __future__ import annotations

import platform
import sys
from shutil import which
from typing import TYPE_CHECKING, Any

from expkit.console import checkup, showing
from expkit.console.arguments import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from expkit.console.checkup import Answer


def main(argv: Sequence[str]) -> int:
    """Look; return 0 if nothing is wrong, else 1.

    Raises:
        UsageError: the command line does not fit.
    """
    options = parse(__doc__, "doctor", argv)
    if options is None:
        return 0
    answers = [checkup.ask(place) for place in [options["--store"], *options["STORE"]]]
    found = _Findings(answers)
    if options["--json"]:
        showing.document(found.to_json())
    else:
        found.show()
    return 1 if found.problems else 0


class _Findings:
    """All that was found out.

    Attributes:
        problems: sentences on what does not work.
    """

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = answers
        self._dependencies = checkup.installed(checkup.DEPENDENCIES)
        self._extras = {name: checkup.installed(packages) for name, packages in checkup.EXTRAS.items()}
        self._spools = checkup.spools()
        self.problems = _problems(answers, self._spools, self._dependencies)
        self._suggestions = _suggestions(answers, self._spools)
        self._versions = {
            "expkit": str(sys.modules["expkit"].__version__),
            "python": platform.python_version(),
            "platform": platform.platform(),
        }

    def to_json(self) -> dict[str, Any]:
        return {
            **self._versions,
            "dependencies": self._dependencies,
            "extras": {
                name: {"installed": all(packages.values()), "packages": packages}
                for name, packages in self._extras.items()
            },
            "stores": [answer.to_json() for answer in self._answers],
            "spools": self._spools,
            "suggestions": self._suggestions,
            "problems": self.problems,
        }

    def show(self) -> None:
        showing.facts(self._versions.items())
        _show_packages("needed", {name: {name: version} for name, version in self._dependencies.items()})
        _show_packages("extra", self._extras)
        showing.say("")
        titles = ["store", "runs", "answered in", "index", ""]
        showing.table(titles, map(_row, self._answers), right=["runs", "answered in"], whole=["store"])
        showing.say("", _owed(self._spools))
        for title, sentences in (("problems", self.problems), ("suggestions", self._suggestions)):
            if sentences:
                showing.say("", showing.coloured(title, "bold"), *(f"  {sentence}" for sentence in sentences))


def _show_packages(title: str, groups: Mapping[str, Mapping[str, str | None]]) -> None:
    showing.say("")
    rows = [[name, ", ".join(_version(name, *pair) for pair in packages.items())] for name, packages in groups.items()]
    showing.table([title, "installed"], rows)


def _version(group: str, package: str, version: str | None) -> str:
    if package == group:
        return version or "no"
    return f"{package} {version}" if version else f"{package} is missing"


def _row(answer: Answer) -> list[str]:
    note = "; ".join(filter(None, ("default" if answer.default else "", answer.note)))
    if answer.why:
        return [answer.url, "", "no answer", "", note]
    took = "" if answer.note.startswith("not there") else showing.duration(answer.seconds)
    return [answer.url, str(answer.runs), took, _index(answer), note]


def _index(answer: Answer) -> str:
    if not answer.index:
        return ""
    known = answer.index["runs"]
    runs = "? runs" if known is None else showing.counted(known, "run")
    return f"{runs}, {showing.size(answer.index['bytes'])}"


def _owed(spools: Mapping[str, Any]) -> str:
    count = len(spools["owed"])
    if not count:
        return "nothing is owed to any store"
    targets = ", ".join(sorted({note["target"] for note in spools["owed"]}))
    return f"{'one delivery is' if count == 1 else f'{count} deliveries are'} owed to {targets}"


def _problems(
    answers: Sequence[Answer], spools: Mapping[str, Any], dependencies: Mapping[str, str | None]
) -> list[str]:
    found = [f"{answer.url}: {showing.escaped(answer.why)}" for answer in answers if answer.why]
    found += [f"{path} says nothing of what is owed; look at it, then delete it" for path in spools["bad"]]
    lacking = [name for name, version in dependencies.items() if version is None]
    if lacking:
        found.append(f"expkit needs {', '.join(lacking)}; type: pip install {' '.join(lacking)}")
    return found


def _suggestions(answers: Sequence[Answer], spools: Mapping[str, Any]) -> list[str]:
    found = []
    if spools["owed"]:
        found.append("expkit sync delivers what is owed")
    found += [
        f"{path} holds a run that no store waits for; expkit show last --store={path} shows it, or delete it"
        for path in spools["forgotten"]
    ]
    for answer in answers:
        if answer.trashed:
            where = "" if answer.default else f" --store={answer.url}"
            runs = showing.counted(answer.trashed, "run")
            found.append(f"expkit gc{where} deletes what lies in the trash for more than 30 days: {runs}")
    if which("git") is None:
        found.append("git is not installed, so runs do not say which commit they are of")
    return found
