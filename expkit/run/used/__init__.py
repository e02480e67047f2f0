"""What a run used: files that it read and wrote, and its sources, on their way into the record."""
