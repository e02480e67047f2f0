"""Data files that a process opens: heard of in the program's own threads, worked off elsewhere."""
