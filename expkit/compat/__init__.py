"""Old names for what is here: one room per predecessor, loaded by nobody who does not ask."""
