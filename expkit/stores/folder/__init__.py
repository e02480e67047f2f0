"""Runs in a folder, readable by people and by Sacred's tools: one sub-folder per run, the store's own things hidden."""
