"""Definitions, plan, engine and the ``Run`` handle: how a definition becomes a recorded run."""
