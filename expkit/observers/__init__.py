"""Who is told about a run: observers, and what a lane hands to them. Knows stores and records, not runs in progress."""
