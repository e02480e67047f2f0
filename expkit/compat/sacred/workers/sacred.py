"""What a worker process finds under the name ``sacred``: it puts the modules of the map in its own place."""  # noqa: INP001

import sys
from importlib import import_module

from expkit.compat.sacred.finder import ROOT

sys.modules.pop(ROOT, None)
import_module(ROOT)
