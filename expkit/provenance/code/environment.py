"""The list of all installed packages, and where those come from that no index has."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expkit._support.digests import sha256_of
from expkit.provenance.code.modules import in_site_folder, names_of
from expkit.provenance.code.packages import Package, has_new_owners, installed, places, read, remember_owners
from expkit.provenance.code.remembered import recall, remember
from expkit.provenance.found import Found
from expkit.record.masking import stripped_url
from expkit.record.model import ORIGINS, FileRef

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "environment.txt"
"""Name of the list among the files of a run."""


def environment_facts(dependencies: Sequence[str]) -> Found:
    """The list of everything that is installed, as a file, and ``origins`` of the packages in use.

    The list has a line ``name==version`` per package, with ``@`` and the origin where there is one; the same
    environment gives the same bytes.

    Args:
        dependencies: ``name==version`` of the packages in use.
    """
    listed = environment()
    remember_owners()
    return _facts(_as_file(listed), dependencies)


def known_facts(dependencies: Sequence[str]) -> Found | None:
    """The same, if an earlier run has found it out and nothing was installed or removed since; else None."""
    key = places()
    listed = _known.get(key) or recall(key)
    if not listed or has_new_owners():
        return None
    _keep(key, listed)
    return _facts(_as_file(listed), dependencies)


def _facts(file: tuple[bytes, FileRef], dependencies: Sequence[str]) -> Found:
    used = set(dependencies)
    pairs = (line.partition(" @ ") for line in file[0].decode().splitlines() if " @ " in line)
    origins = {package.partition("==")[0]: origin for package, _, origin in pairs if package in used}
    return Found(host=cuda_facts(), experiment={ORIGINS: origins} if origins else {}, files=(file,))


@lru_cache(maxsize=1)
def _as_file(listed: str) -> tuple[bytes, FileRef]:
    data = listed.encode()
    hashed = sha256_of(data)
    return data, FileRef(
        path=NAME, role="environment", root="run", layer="import", sha256=hashed, size=len(data), kept=True
    )


def cuda_facts() -> dict[str, Any]:
    """``torch_cuda``: the version of CUDA, or ROCm, that PyTorch was built for, if it is imported and has one."""
    version = names_of(sys.modules.get("torch.version"))
    built_for = version.get("cuda") or version.get("hip")
    return {"torch_cuda": str(built_for)} if built_for else {}


def environment() -> str:
    """All installed packages, a line each; known from the last time if nothing was installed or removed since."""
    key = places()
    listed = recall(key)
    if not listed:
        listed = "".join(f"{_line(package)}\n" for package in installed())
        remember(key, listed)
    _keep(key, listed)
    return listed


def _keep(key: object, listed: str) -> None:
    _known.clear()
    _known[key] = listed


_known: dict[object, str] = {}


def origin(package: Package) -> str:
    """Where a package comes from that was installed from a repository, an archive or a folder; else ``""``.

    ``git+https://host/path@commit``, ``archive: https://...``, ``archive: name``, ``folder: name`` or
    ``editable: name``: never access data, never an absolute path.
    """
    tree = _direct_url(package)
    url = stripped_url(str(tree.get("url", "")))
    if isinstance(vcs := tree.get("vcs_info"), dict):
        return f"{vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', '')}"
    if url.startswith("file:"):
        return f"{_kind(tree)}: {_last_name(url)}"
    if url:
        return f"archive: {url}"
    folder = os.path.dirname(package.home)
    in_place = package.home.endswith(".egg-info") and not in_site_folder(folder)
    return f"editable: {os.path.basename(folder)}" if in_place else ""


def _line(package: Package) -> str:
    where = origin(package)
    return f"{package} @ {where}" if where else str(package)


def _direct_url(package: Package) -> dict[str, Any]:
    text = read(package.home, "direct_url.json") if package.home else ""
    if not text:
        return {}
    import json

    try:
        tree = json.loads(text)
    except ValueError:
        return {}
    return tree if isinstance(tree, dict) else {}


def _kind(tree: dict[str, Any]) -> str:
    facts = tree.get("dir_info")
    if not isinstance(facts, dict):
        return "archive"
    return "editable" if facts.get("editable") else "folder"


def _last_name(url: str) -> str:
    from urllib.parse import unquote

    return os.path.basename(unquote(url).replace("\\", "/").rstrip("/"))
