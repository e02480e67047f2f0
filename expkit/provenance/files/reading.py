"""Native readers are looked into once one of their libraries is there; most runs load none."""

from __future__ import annotations

import sys
import threading

from expkit.provenance.code.modules import is_lazy
from expkit.provenance.files.audit import on_import

LIBRARIES = frozenset(("cv2", "h5py", "polars", "pyarrow", "safetensors", "torch"))
"""Libraries with readers in native code, see :mod:`expkit.provenance.files.native`."""

_UNSEEN = (
    "av", "decord", "duckdb", "lightgbm", "lmdb", "netCDF4", "pyogrio", "rasterio", "SimpleITK", "soundfile", "tables",
    "tensorflow", "torchcodec", "xgboost",
)  # fmt: skip
_lock = threading.RLock()
_users = 0
_is_hooked = _was_hooked = False


def hook_readers() -> None:
    """Wrap readers in native code, now and as they are imported, until everybody has called :func:`unhook_readers`."""
    global _users  # noqa: PLW0603 - libraries are one per process, too
    with _lock:
        _users += 1
        on_import(_about_to_import)
        if not LIBRARIES.isdisjoint(sys.modules):
            _hook()


def unhook_readers() -> None:
    """Put everything back, if nobody else needs it."""
    global _users, _is_hooked  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _is_hooked and not _users:
            from expkit.provenance.files.hooks import unwrap

            _is_hooked = False
            unwrap()


def _about_to_import(module: str) -> None:
    if _users and module.partition(".")[0] in LIBRARIES:
        from expkit.provenance.files.hooks import about_to_import

        _hook()
        about_to_import(module)


def _hook() -> None:
    global _is_hooked, _was_hooked  # noqa: PLW0603
    if not _is_hooked:
        from expkit.provenance.files.hooks import wrap_loaded

        _is_hooked = _was_hooked = True
        wrap_loaded()


def unseen_readers() -> list[str]:
    """What cannot be seen of the libraries that are imported."""
    unseen = [*(name for name in _UNSEEN if name in sys.modules), *_loaded_late()]
    return [f"files that {name} opens in native code" for name in unseen]


def _loaded_late() -> list[str]:
    """Libraries that were waiting to be loaded by themselves, and were loaded since."""
    if not _was_hooked:
        return []
    from expkit.provenance.files.hooks import passed_over

    return [name for name, module in passed_over.items() if not is_lazy(module)]
