"""Writing a run down: one local log, a lane to each observer, and what is owed to those that were away."""
