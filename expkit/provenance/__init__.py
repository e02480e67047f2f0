"""What a run was made from: sources, packages, repositories, host. Looks, never changes, never stops a run."""
