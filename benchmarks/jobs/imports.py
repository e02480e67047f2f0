"""What an import brings with it: how many modules, and which of those that should wait until they are used."""

from __future__ import annotations

import sys

before = set(sys.modules)
exec(f"from {sys.argv[1]} import Experiment, Ingredient")
loaded = set(sys.modules) - before

from library import answer  # noqa: E402 - only now, so that it is not counted

OPTIONAL = ("numpy", "pymongo", "tinydb", "git", "jsonpickle", "psutil", "wrapt")
answer(modules=len(loaded), optional=sum(name in sys.modules for name in OPTIONAL))
