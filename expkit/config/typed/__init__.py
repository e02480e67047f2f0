"""Entries with a declared type: what was declared, how given values are made to fit, and objects made of them."""
