"""Functions that get their arguments from a run's config. Knows a run only as a ``RunContext``."""
