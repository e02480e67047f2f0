"""How fast expkit is, beside Sacred 0.8.7 and beside what the machine allows: ``python -m benchmarks``."""
