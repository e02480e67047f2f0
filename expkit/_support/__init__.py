"""Small tools that know nothing of experiments. Standard library only; imports nothing of expkit."""
