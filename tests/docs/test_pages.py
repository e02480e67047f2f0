"""What the pages show is what happens."""

import re

import pytest

from .. import console

DOCS = console.ROOT / "docs"
PAGES = [console.ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)]
RUN = {"python", "console", "yaml", "toml"}
SHOWN = {"text", "sh", ""}


def page_name(path):
    return path.relative_to(console.ROOT).as_posix()


def blocks_of(path):
    return console.blocks(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "path", [path for path in PAGES if any(b.language in RUN for b in blocks_of(path))], ids=page_name
)
def test_blocks(path, tmp_path):
    """All blocks of a page run, top to bottom in one folder, and print what the page says."""
    folder = tmp_path / "work"
    folder.mkdir()
    for block in blocks_of(path):
        where = f"{page_name(path)}:{block.line}"
        if block.language == "console":
            console.check(block.text, folder, where)
        elif block.language in RUN:
            name = console.file_name(block)
            (folder / (name or "block.py")).write_text(block.text, "utf-8")
            if name is None:
                printed, code = console.shell("python block.py", folder)
                assert code == 0, f"{where}\n{printed}"


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_files_are_used(path):
    """A block that names a file is used by a command, a block of the page or another file."""
    found = blocks_of(path)
    for block in found:
        if (name := console.file_name(block)) is not None:
            stem = name.partition(".")[0]
            others = "\n".join(other.text for other in found if other is not block)
            assert re.search(rf"\b({re.escape(name)}|import {stem}|from {stem} import|test_{stem})\b", others), (
                f"{name} in {path}"
            )


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_languages(path):
    """Every block says what it is, so that none is left out by a spelling."""
    known = RUN | SHOWN
    unknown = [(block.line, block.language) for block in blocks_of(path) if block.language not in known]
    assert unknown == []


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_links(path):
    """Links to files of the project lead somewhere."""
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    broken = [target for target in targets if "://" not in target and not (path.parent / target).exists()]
    assert broken == []


def test_every_page_is_reachable():
    """Every page is in a table of contents."""
    linked = set()
    for path in PAGES:
        for toctree in re.findall(r"```\{toctree\}\n(.*?)```", path.read_text("utf-8"), re.S):
            entries = [line for line in toctree.splitlines() if line and not line.startswith(":")]
            linked |= {(path.parent / f"{entry}.md").resolve() for entry in entries}
    assert linked == {path.resolve() for path in DOCS.rglob("*.md")} - {(DOCS / "index.md").resolve()}
