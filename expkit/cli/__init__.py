"""From argv to an invocation, and how configs, commands and failures are shown."""
