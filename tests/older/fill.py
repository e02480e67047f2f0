"""Fill a new store with what the samples beside this file hold, by the version of expkit that is imported.

    git archive COMMIT expkit | tar -x -C OLD
    PYTHONPATH=OLD python tests/older/fill.py URL

What lies behind the URL afterwards is a sample: a folder is zipped, a database dumped. Samples are never made anew.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from expkit.stores.urls import open_store

spec = spec_from_file_location("older", Path(__file__).parents[2] / "expkit/testing/older.py")
older = module_from_spec(spec)
spec.loader.exec_module(older)
store = open_store(sys.argv[1])
older.fill(store)
store.close()
