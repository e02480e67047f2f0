"""Randomness: one root seed per run, everything below derived from it by name.

A name is an ingredient's path and a function's qualname. So adding or reordering functions and ingredients
never shifts another one's stream.
"""

from __future__ import annotations

import operator
import os
import random
import sys
import threading

from expkit._support.digests import new_sha256
from expkit.errors import ConfigError
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LARGEST = 2**31 - 1  # fits every library's idea of a seed
_LIMIT = 2**32  # NumPy's global generator takes seeds below this


def derive(root: int, *names: str) -> int:
    """The seed that belongs to ``names`` below ``root``: always the same, on every machine and version.

    It is ``1 + h % (2**31 - 1)``, where ``h`` are the first 8 bytes, big-endian, of the SHA-256 of the root's
    decimal digits and the names, each followed by its length in bytes and a colon, as UTF-8: of
    ``"42" + "2:" + "train" + "5:"`` for ``derive(42, "train")``.

    Returns:
        A number from 1 to 2**31 - 1.
    """
    digest = new_sha256()
    for part in (str(root), *names):
        encoded = part.encode()
        digest.update(b"%b%d:" % (encoded, len(encoded)))
    return 1 + int.from_bytes(digest.digest()[:8], "big") % _LARGEST


class SeedStream:
    """The seeds of one function's calls; the k-th is the same in every run with this root.

    Args:
        root: the seed to derive from.
        ingredient_path: path of the function's ingredient, "" for the experiment.
        qualname: the function's.
    """

    __slots__ = ("_calls", "_lock", "_names", "_root")

    def __init__(self, root: int, ingredient_path: str, qualname: str) -> None:
        self._root = root
        self._names = (ingredient_path, qualname)
        self._calls = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        """The next call's seed."""
        with self._lock:
            call = self._calls
            self._calls += 1
        return derive(self._root, *self._names, str(call))


def check_seed(value: Any, name: str = "seed") -> int:
    """``value`` as a root seed.

    Args:
        value: what the config says.
        name: of the entry, for messages.

    Raises:
        ConfigError: it is no whole number from 0 to 2**32 - 1.
    """
    try:
        seed = operator.index(value)
    except TypeError:
        seed = -1
    if isinstance(value, bool) or not 0 <= seed < _LIMIT:
        raise ConfigError(f"{name} must be a whole number from 0 to 2**32 - 1, not {value!r} ({type(value).__name__})")
    return seed


def new_root_seed() -> int:
    """A seed from the system's randomness, from 1 to 2**31 - 1; no global generator is touched."""
    return 1 + int.from_bytes(os.urandom(8), "big") % _LARGEST


def make_rng(seed: int) -> Any:
    """A random generator: NumPy's where NumPy is installed, imported or not; else Python's.

    Returns:
        ``numpy.random.Generator``; ``RandomState`` with ``SETTINGS.CONFIG.NUMPY_RANDOM_LEGACY_API``;
        ``random.Random`` without NumPy.
    """
    try:
        import numpy as np
    except ImportError:
        return random.Random(seed)  # noqa: S311 - not for secrets
    legacy = SETTINGS.CONFIG.NUMPY_RANDOM_LEGACY_API
    return np.random.RandomState(seed) if legacy else np.random.default_rng(seed)


class SeededGlobals:
    """The global generators as they were before they were seeded."""

    def __init__(self, undo: list[Callable[[], object]]) -> None:
        self._undo = undo

    def restore(self) -> None:
        """Put every generator back into its former state; a second call does nothing."""
        while self._undo:
            self._undo.pop()()


def seed_globals(root: int) -> SeededGlobals:
    """Seed the global generators of Python and of those libraries that are imported by now with ``root`` itself.

    NumPy; PyTorch on CPU and all CUDA devices; TensorFlow. A generator that refuses is left out.
    """
    undo: list[Callable[[], object]] = []
    for module, seed in _SEEDERS.items():
        library = sys.modules.get(module)
        if library is not None:
            try:
                undo.append(seed(library, root))
            except Exception:
                continue
    return SeededGlobals(undo)


def _seed_python(library: Any, root: int) -> Callable[[], object]:
    state = library.getstate()
    library.seed(root)
    return lambda: library.setstate(state)


def _seed_numpy(library: Any, root: int) -> Callable[[], object]:
    state = library.random.get_state(legacy=False)
    library.random.seed(root)
    return lambda: library.random.set_state(state)


def _seed_torch(library: Any, root: int) -> Callable[[], object]:
    cuda = library.cuda
    state = library.get_rng_state()
    # before CUDA is started it has no state, only the seed that it would start from
    states = cuda.get_rng_state_all() if cuda.is_initialized() else None
    first = library.initial_seed()
    library.manual_seed(root)

    def restore() -> None:
        library.set_rng_state(state)
        if states is not None:
            cuda.set_rng_state_all(states)
        else:
            cuda.manual_seed_all(first)

    return restore


def _seed_tensorflow(library: Any, root: int) -> Callable[[], object]:
    eager = sys.modules["tensorflow.python.eager.context"].context()  # nothing public shows the global seed
    seed, generator = eager._seed, getattr(eager, "_rng", None)
    library.random.set_seed(root)

    def restore() -> None:
        library.random.set_seed(seed)
        if generator is not None:
            eager._rng = generator

    return restore


_SEEDERS: dict[str, Callable[[Any, int], Callable[[], object]]] = {
    "random": _seed_python,
    "numpy": _seed_numpy,
    "torch": _seed_torch,
    "tensorflow": _seed_tensorflow,
}
