"""``python -m expkit`` is the ``expkit`` program."""

import sys

from expkit.console.main import main

sys.exit(main())
