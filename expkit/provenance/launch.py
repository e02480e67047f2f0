"""How this process was started, so that it can be started again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from expkit.provenance.code.modules import real_folder
from expkit.provenance.projects import default_store, project_root
from expkit.record.masking import masked_url
from expkit.record.model import Launch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["default_store", "launch_facts", "project_root"]

_KEPT_VARIABLES = {
    "CUBLAS_WORKSPACE_CONFIG", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
    "PYTHONHASHSEED", "TF_DETERMINISTIC_OPS", "VECLIB_MAXIMUM_THREADS",
}  # fmt: skip


def launch_facts(mainfile: str | Path | None, root: str | Path, argv: Sequence[str] | None = None) -> Launch:
    """How to start this process again, without absolute paths where the project allows it.

    Args:
        mainfile: the experiment's file, which counts where the main module has none (notebooks, ``exec``).
        root: of the project, see :func:`project_root`.
        argv: arguments after the program; by default those of this process. Access data in URLs is masked.
    """
    module = _main_module()
    script = "" if module else _script(mainfile, root)
    words = list(sys.argv[1:] if argv is None else argv)
    runner = getattr(sys.modules.get("__main__"), "__runner__", "")
    if runner:
        words = [*(("-m", module) if module else (_typed_script(),)), *words]
    return Launch(
        script="" if runner else script,
        module=runner or module,
        argv=tuple(map(masked_url, words)),
        cwd=_relative(os.getcwd(), root),
        interpreter=_interpreter(),
        project=os.path.basename(os.path.abspath(root)),
        env=_environment(),
    )


def _main_module() -> str:
    """What stood behind ``python -m``, or ``""``."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    name = spec.name if spec is not None else ""
    return name.removesuffix(".__main__") if name != "__main__" else ""


def _script(mainfile: str | Path | None, root: str | Path) -> str:
    script = getattr(sys.modules.get("__main__"), "__file__", None) or mainfile
    if not script or str(script).startswith("<"):
        return ""
    relative = _relative(script, root)
    return os.path.basename(script) if relative.startswith("..") else relative


def _typed_script() -> str:
    return _relative(getattr(sys.modules["__main__"], "__file__", ""), os.getcwd())


def _relative(path: str | Path, root: str | Path) -> str:
    try:
        return os.path.relpath(os.path.realpath(path), real_folder(os.path.abspath(root))).replace(os.sep, "/")
    except ValueError:  # another drive
        return ".."


def _interpreter() -> str:
    name = sys.implementation.name
    return f"{'python' if name == 'cpython' else name}{sys.version_info[0]}.{sys.version_info[1]}"


def _environment() -> dict[str, str]:
    """Variables that change results or speed and cannot hold a secret or a place on this machine."""
    names = sorted(name for name in os.environ if name in _KEPT_VARIABLES or name.startswith("CUDA_"))
    found = ((name, os.environ.get(name, "")) for name in names)
    return {name: value for name, value in found if _is_kept(name, value)}


def _is_kept(name: str, value: str) -> bool:
    return name in _KEPT_VARIABLES or not os.path.isabs(value)
