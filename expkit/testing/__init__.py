"""What proves a store or an observer: contracts for pytest. The only room that imports pytest and hypothesis."""

from pathlib import Path

import pytest

# So that a failing rule shows the values it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{path.stem}" for path in Path(__file__).parent.glob("[a-z]*.py")))
