"""Ingredients that the scripts share."""
