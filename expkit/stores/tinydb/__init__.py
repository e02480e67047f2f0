"""A store whose records are tables that TinyDB alone can read; what grows while a run lasts lies in files beside them."""
