"""The machine that a run happens on: facts at its start, use while it lasts. Each probe alone and bounded."""
