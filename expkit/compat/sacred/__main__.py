"""``python -m expkit.compat.sacred train.py with lr=1``; see :mod:`expkit.compat.sacred.script`."""

from expkit.compat.sacred.script import main

main()
