"""Runs in buckets and in folders of other machines: the folder store's layout over fsspec; appended data as pieces."""
