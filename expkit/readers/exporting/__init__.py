"""Runs as files for other programs: CSV, Parquet, JSON, a page. Written as they are read, in constant memory."""
