"""Print what teaches a shell to complete commands, options, runs, files and metrics.

Usage:
  expkit completion [options] (bash | zsh | fish)
  expkit completion words [WORD...]

Arguments:
  WORD  What stands on the command line behind `expkit`, the unfinished word last. Prints what it could become; this is
        what the scripts ask.

Options:
  --json       Print the script as a JSON document.
  --store=URL  Has no meaning here: runs are looked for where the completed command line looks for them.

Examples:
  echo 'eval "$(expkit completion bash)"' >> ~/.bashrc
  echo 'eval "$(expkit completion zsh)"' >> ~/.zshrc
  expkit completion fish > ~/.config/fish/completions/expkit.fish
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit.console import showing
from expkit.console.arguments import parse
from expkit.errors import DAMAGE, ExpkitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from expkit.readers.selection import Runs

SCRIPTS = {
    "bash": """\
_expkit() {
    local IFS=$'\\n'
    COMPREPLY=($(expkit completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _expkit expkit
""",
    "zsh": """\
_expkit() {
    local -a found
    found=("${(@f)$(expkit completion words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found[1] ]]; then compadd -- "${found[@]}"; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _expkit expkit
""",
    "fish": """\
function __expkit_words
    set -l before (commandline -opc)
    set -e before[1]
    set -l now (commandline -ct)
    expkit completion words $before "$now" 2>/dev/null
end
complete -c expkit -a '(__expkit_words)'
""",
}
"""What shells have to be told."""

_MOST_RUNS = 200
_HARMLESS = re.compile(r"[\w./@%+=:,~-]+", re.ASCII)
_OPTION = re.compile(r"^  (?:-\w, )?(--[\w-]+)(=)?", re.MULTILINE)
_PLACES = re.compile(r"\b(RUN|FILE|NAME|WHERE|A|B)\b(?:\.\.\.)?")


def main(argv: Sequence[str]) -> int:
    """Print; return 0.

    Raises:
        UsageError: the command line does not fit.
    """
    if argv[:1] == ["words"]:
        for word in completions(argv[1:]):
            showing.say(word)
        return 0
    options = parse(__doc__, "completion", argv)
    if options is None:
        return 0
    shell = next(name for name in SCRIPTS if options[name])
    if options["--json"]:
        showing.document({"shell": shell, "script": SCRIPTS[shell]})
    else:
        showing.put(SCRIPTS[shell])
    return 0


def completions(words: Sequence[str]) -> list[str]:
    """What the last word could become; only what a shell takes as it is.

    Args:
        words: behind ``expkit``; bash splits them at ``=``.
    """
    *before, now = _joined(words) or [""]
    try:
        found = list(_possible(before, now))
    except (ExpkitError, *DAMAGE):  # nobody wants to read errors while typing
        return []
    return [word for word in dict.fromkeys(found) if word.startswith(now) and _HARMLESS.fullmatch(word)]


def _joined(words: Sequence[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if found and (word == "=" or (found[-1].startswith("--") and found[-1].endswith("="))):
            found[-1] += word
        else:
            found.append(word)
    return found


def _possible(before: Sequence[str], now: str) -> Iterable[str]:
    from expkit.console.main import COMMANDS

    if not before:
        return [*COMMANDS, "--help", "--version"]
    if before[0] not in COMMANDS:
        return []
    from importlib import import_module

    doc = import_module(COMMANDS[before[0]]).__doc__ or ""
    options = dict(_OPTION.findall(doc.partition("Options:")[2]))
    if now.startswith("-"):
        return [*(name + takes for name, takes in options.items()), "--help"]
    if before[0] == "completion":
        return SCRIPTS
    if options.get(before[-1]):  # its value
        return []
    return _arguments(doc, before, [word for word in before[1:] if not word.startswith("-")])


def _arguments(doc: str, before: Sequence[str], given: Sequence[str]) -> Iterable[str]:
    """What may stand in the place that comes next."""
    usage = doc.partition("Usage:")[2].strip().partition("\n")[0]
    places = _PLACES.findall(usage)
    place = places[min(len(given), len(places) - 1)] if places else ""
    if place not in ("RUN", "A", "B", "FILE", "NAME") or (len(given) >= len(places) and "..." not in usage):
        return []
    runs = _runs(before)
    if place == "FILE":
        from expkit.readers.files import files_of

        return [file.name for file in files_of(runs[given[0]])]
    if place == "NAME":
        return runs[given[0]].metrics if before[0] == "metrics" else []
    return ["last", *(str(row["id"]) for row in runs.sort("-uid").limit(_MOST_RUNS).find(["id"]))]


def _runs(before: Sequence[str]) -> Runs:
    from expkit.readers.opening import runs

    places = [word.partition("=")[2] for word in before if word.startswith("--store=")]
    return runs(store=places[-1] if places else None)
