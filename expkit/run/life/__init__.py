"""The life of a run, from its start to any kind of end; the engine has it on one page."""
