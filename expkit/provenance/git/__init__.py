"""What git says of the sources: asked at the start, answered while the run goes on. Looks, never changes."""
