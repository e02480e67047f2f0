"""``python -m expkit.compat.sacred train.py with lr=1``; see :mod:`expkit.compat.sacred.runner`."""

from expkit.compat.sacred.runner import main

main()
