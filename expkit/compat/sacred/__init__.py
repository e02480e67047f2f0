"""After ``import expkit.compat.sacred``, ``import sacred`` in this process means expkit.

The one place that knows the predecessor's Python names. ``python -m expkit.compat.sacred train.py with lr=1`` runs a
script that was written for it, unchanged. An installed Sacred is neither used nor touched, and all other processes but
this one's workers have it as before.
"""

from __future__ import annotations

from expkit.compat.sacred.finder import install
from expkit.settings import SETTINGS

SETTINGS.CONFIG.NEW_KEYS = "warn"
install()
