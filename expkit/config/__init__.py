"""From definitions and updates to one resolved config. Knows nothing of runs, stores or the command line."""
