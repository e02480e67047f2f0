"""What the package said about itself."""

from __future__ import annotations

__version__ = "0.8.7"
"""The version of Sacred whose names these are; scripts compare it."""

__author__ = "the authors of expkit"
__author_email__ = ""
__url__ = ""
