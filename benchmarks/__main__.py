"""``python -m benchmarks``: print the table of figures."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks import sacred
from benchmarks.bench import Bench
from benchmarks.figures import FIGURES
from benchmarks.table import render


def main() -> int:
    """Measure what was asked for; 1 if a job failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; default: all")
    parser.add_argument("--without-sacred", action="store_true", help="do not install and measure Sacred")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points, rougher figures")
    options = parser.parse_args()
    unknown = set(options.figures) - set(FIGURES)
    if unknown:
        parser.error(f"no such figure: {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    bench = Bench(None if options.without_sacred else sacred.interpreter(), options.quick)
    rows = []
    for name in options.figures or FIGURES:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += FIGURES[name](bench)
    print(f"Python {platform.python_version()} on {platform.platform()}; best of several rounds.\n")
    print(render(rows))
    for failure in bench.failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if bench.failures else 0


sys.exit(main())
