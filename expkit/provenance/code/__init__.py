"""The code that a run is made from: sources as they were imported, packages, cells of notebooks."""
