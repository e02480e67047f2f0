"""Configuration of Sphinx."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from generate import write_pages

from expkit import __version__

project = "expkit"
copyright = "the expkit developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "reference/generated"]
html_theme = "furo"
html_title = f"expkit {release}"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
pygments_style = "tango"


def setup(app):
    """Write the generated pages before any page is read."""
    del app
    write_pages(HERE / "reference" / "generated")
