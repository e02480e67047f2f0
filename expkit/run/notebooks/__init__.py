"""What is different where a run lives in a notebook."""
