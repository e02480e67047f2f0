"""What proves a store or an observer: contracts for pytest. The only room that imports pytest and hypothesis."""

import pytest

# So that a failing rule shows the values it compared.
pytest.register_assert_rewrite(
    *(f"{__name__}.{name}" for name in ("observers", "store_machine", "store_writing", "stores"))
)
