"""Runs in a MongoDB database: documents in the predecessor's shapes, and beside them what the record needs more."""
