"""What the import takes once NumPy is there; inside the process, because NumPy's own 100 ms vary too much."""

from __future__ import annotations

import sys
import time

import numpy as np  # noqa: F401
from library import answer

start = time.perf_counter()
exec(f"from {sys.argv[1]} import Experiment, Ingredient")
answer(seconds=time.perf_counter() - start)
