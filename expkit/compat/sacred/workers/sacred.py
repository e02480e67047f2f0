"""What a worker process finds under the name ``sacred``: it puts the modules of the table in its own place."""  # noqa: INP001

import sys
from importlib import import_module

import expkit.compat.sacred  # noqa: F401

sys.modules.pop(__name__, None)
import_module(__name__)
