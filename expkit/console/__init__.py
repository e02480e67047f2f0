"""The ``expkit`` program: a table from subcommand to module, loaded on use. Nobody imports this room."""
