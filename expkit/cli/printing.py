"""Configs, their history, dependencies and named configs as text, coloured where that is wanted.

Everything that colour says is said by marks as well.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any, NamedTuple

from expkit._support.odd import is_a
from expkit.cli.values import as_typed, pretty, short
from expkit.config.paths import below, get_in, has_path, is_prefix, join, split
from expkit.record.tagged import Masked, opaque_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from expkit.config.layers import Layer
    from expkit.config.summary import ConfigSummary
    from expkit.config.typed.declared import Declared

Line = list[tuple[str, str]]
"""Pieces of text, each with the name of a style (``""`` for none)."""

_WIDTH = 100
_DOC_COLUMN = 35
_STYLES = {
    "added": "green",
    "changed": "blue",
    "type changed": "red",
    "missing": "red",
    "doc": "dim",
    "head": "bold",
    "": "",
}  # fmt: skip
_MARKS = {"added": "+", "changed": "*", "type changed": "!", "missing": " ", "": " "}


class _ToBeGiven:
    """Stands for the value of an entry that must be given and is not."""

    def __repr__(self) -> str:
        return "(must be given)"


_TO_BE_GIVEN = _ToBeGiven()


class _Entry(NamedTuple):
    path: str
    depth: int
    name: str
    value: Any
    is_section: bool


def format_config(
    config: Mapping[str, Any],
    summary: ConfigSummary,
    ingredients: Sequence[str] = (),
    *,
    declared: Mapping[str, Declared] = {},
    missing: Sequence[Declared] = (),
    colour: bool = False,
) -> str:
    """A config, its entries marked as added, changed or type-changed, with their declared types and their docs.

    Args:
        config: the whole config.
        summary: what updates changed, and the docs; paths from the root.
        ingredients: dotted paths whose entries are shown as groups of their own, in this order.
        declared: what is declared about entries, by path.
        missing: entries that must be given and are not.
        colour: with terminal colours.
    """
    lines = [_legend()]
    config = _with_missing(config, missing)
    for group in ("", *ingredients):
        entries = list(_entries(_namespace(config, group), group, ingredients))
        if not entries and group:
            continue
        lines += [[], [(f"{group}:", "head")]] if group else []
        lines += [line for entry in entries for line in _config_lines(entry, summary, declared)]
    return render(lines, colour=colour)


def format_explain(
    key: str,
    layers: Sequence[Layer],
    config: Mapping[str, Any],
    declared: Declared | None = None,
    *,
    colour: bool = False,
) -> str:
    """The value of an entry, and the layers that set it, first to last; the last one counts.

    Args:
        key: path of the entry.
        layers: in the order in which they applied; none for what expkit itself chose, like the seed.
        config: the whole config.
        declared: what is declared about the entry.
        colour: with terminal colours.
    """
    form = as_typed if declared is not None else _as_is
    rows = [(layer.kind, str(layer.origin), _set_to(layer, form)) for layer in layers]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    texts = [f"  {kind:<{widths[0]}}  {origin:<{widths[1]}}  {value}" for kind, origin, value in rows]
    is_missing = declared is not None and declared.required and not has_path(config, split(key))
    lines: list[Line] = [[(f"{key} = {_TO_BE_GIVEN if is_missing else _present(key, config, form)}", "head")]]
    if declared is not None:
        lines.append([(f"  declared as {type_text(declared)}  ({declared.origin})", "doc")])
    lines += [[(text, "doc")] for text in texts[:-1]]
    if texts:
        lines.append([(texts[-1], ""), ("  <- counts", "added")])
    elif not is_missing:
        lines.append([("  set by no config: chosen for this run", "doc")])
    return render(lines, colour=colour)


def type_text(declared: Declared) -> str:
    """A declared type as it was written, with the choices that it does not tell by itself."""
    text = " ".join(declared.text.split())
    names = [str(getattr(choice, "name", choice)) for choice in declared.choices]
    told = "Literal[" in text or not names
    return text if told else f"{text}: {', '.join(names)}"


def format_dependencies(info: Mapping[str, Any], *, colour: bool = False) -> str:
    """Packages, sources and repositories of an experiment.

    Args:
        info: with ``dependencies`` (``name==version``), ``sources`` (name, digest) and ``repositories``
            (``url``, ``commit``, ``dirty``).
        colour: with terminal colours.
    """
    packages = [dependency.partition("==")[::2] for dependency in info.get("dependencies", ())]
    lines = _titled("Dependencies:", [(name, f"== {version}") for name, version in packages])
    lines += _titled("Sources:", [(str(name), str(digest)) for name, digest, *_ in info.get("sources", ())])
    repositories = [
        (f"{'M' if repository.get('dirty') else ' '} {repository['url']}", str(repository["commit"]))
        for repository in info.get("repositories", ())
    ]
    if repositories:
        lines += _titled("Version control (M: with uncommitted changes):", list(dict.fromkeys(repositories)))
    return render(lines[1:], colour=colour)


def format_named_configs(docs: Mapping[str, str | None], *, colour: bool = False) -> str:
    """The named configs of an experiment with their docs.

    Args:
        docs: full name to docstring.
        colour: with terminal colours.
    """
    from inspect import cleandoc

    if not docs:
        return "No named configs.\n"
    lines: list[Line] = [[("Named configs:", "head")]]
    width = max(map(len, docs))
    for name, doc in docs.items():
        first, *rest = cleandoc(doc or "").splitlines() or [""]
        lines.append([(f"  {name:<{width}}", ""), (f"  # {first}" if first else "", "doc")])
        lines += [[(f"{'':<{width}}    # {text}", "doc")] for text in rest]
    return render(lines, colour=colour)


def render(lines: Iterable[Line], *, colour: bool) -> str:
    """Lines as one text, with escape codes for ``colour``."""
    if not colour:
        return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)
    from rich.console import Console
    from rich.text import Text

    buffer = StringIO()
    console = Console(file=buffer, force_terminal=True, color_system="standard", legacy_windows=False)
    for line in lines:
        console.print(Text.assemble(*((text, _STYLES[style]) for text, style in line)), soft_wrap=True)
    return buffer.getvalue()


def _with_missing(config: Mapping[str, Any], missing: Sequence[Declared]) -> Mapping[str, Any]:
    """The config with something in the places of what is to be given."""
    if not missing:
        return config
    from expkit.config.containers import copy_containers
    from expkit.config.paths import put_in

    shown: dict[str, Any] = copy_containers(config)
    names = [join(entry.path) for entry in missing]
    for entry in missing:
        if not any(name != join(entry.path) and is_prefix(name, join(entry.path)) for name in names):
            put_in(shown, entry.path, _TO_BE_GIVEN)
    return shown


def _legend() -> Line:
    pieces: Line = [("Configuration (", "")]
    for style in ("added", "changed", "type changed"):
        pieces += [(f"{_MARKS[style]} {style}", style), (", ", "")]
    return [*pieces[:-1], ("):", "")]


def _namespace(config: Any, path: str) -> Mapping[str, Any]:
    for part in path.split(".") if path else ():
        config = config.get(part, {}) if is_a(config, dict) else {}
    return config if is_a(config, dict) else {}


def _entries(namespace: Mapping[Any, Any], path: str, groups: Sequence[str], depth: int = 0) -> Iterator[_Entry]:
    """Entries before sections, each sorted; what belongs to another group is left out."""
    for key, value in sorted(namespace.items(), key=lambda item: (_is_section(item[1]), str(item[0]))):
        inner = below(path, key)
        if inner in groups:
            continue
        content = list(_entries(value, inner, groups, depth + 1)) if _is_section(value) else []
        if content or not _is_section(value):
            yield _Entry(inner, depth, below("", key), value, bool(content))
        yield from content


def _is_section(value: Any) -> bool:
    return is_a(value, dict) and bool(value)


def _config_lines(entry: _Entry, summary: ConfigSummary, declared: Mapping[str, Declared]) -> Iterator[Line]:
    change = "missing" if entry.value is _TO_BE_GIVEN else _change(entry.path, summary)
    start = f"{_MARKS[change]} {'  ' * entry.depth}{entry.name}"
    if entry.is_section:
        first, *rest = f"{start}:".split("\n")
    else:
        indent = len(start) + 3
        value = as_typed(entry.value) if entry.path in declared else entry.value
        first, *rest = f"{start} = {pretty(value, _WIDTH - indent)}".split("\n")
        rest = [f"{'':<{indent}}{text}" for text in rest]
    comment = _comment(entry, change, summary, declared.get(entry.path))
    yield [(f"{first:<{_DOC_COLUMN}}" if comment else first, change), (comment, "doc")]
    yield from ([(text, change)] for text in rest)


def _change(path: str, summary: ConfigSummary) -> str:
    if path in summary.typechanged:
        return "type changed"
    if path in summary.added:
        return "added"
    return "changed" if path in summary.modified else ""


def _comment(entry: _Entry, change: str, summary: ConfigSummary, declared: Declared | None) -> str:
    was = f"was {_type_name(summary.typechanged[entry.path][0])}" if change == "type changed" else ""
    secret = "masked" if not entry.is_section and opaque_paths([entry.value], kinds=(Masked,)) else ""
    kind = type_text(declared) if declared is not None else ""
    doc = summary.docs.get(entry.path) or (declared.doc if declared is not None else "")
    notes = [note for note in (was, secret, kind, doc) if note]
    return f"  # {'; '.join(notes)}" if notes else ""


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind)


def _as_is(value: Any) -> Any:
    return value


def _present(key: str, config: Mapping[str, Any], form: Callable[[Any], Any]) -> str:
    path = split(key)
    return short(form(get_in(config, path))) if has_path(config, path) else "(removed)"


def _set_to(layer: Layer, form: Callable[[Any], Any]) -> str:
    from expkit.config.layers import REMOVAL

    return "(removed)" if layer.kind == REMOVAL else short(form(layer.value))


def _titled(title: str, rows: Sequence[tuple[str, str]]) -> list[Line]:
    width = max((len(name) for name, _ in rows), default=0)
    shown: list[Line] = [[(f"  {name:<{width}}  ", ""), (text, "doc")] for name, text in rows]
    return [[], [(title, "head")], *(shown or [[("  none", "doc")]])]
