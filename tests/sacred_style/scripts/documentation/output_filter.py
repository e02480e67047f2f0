import sys

from sacred import SETTINGS, Experiment
from sacred.utils import apply_backspaces_and_linefeeds

SETTINGS.CAPTURE_MODE = "sys"
SETTINGS["CONFIG"]["READ_ONLY_CONFIG"] = False

ex = Experiment("progress")
ex.captured_out_filter = apply_backspaces_and_linefeeds


def write_and_flush(*args):
    for arg in args:
        sys.stdout.write(arg)
        sys.stdout.flush()


@ex.automain
def progress_bar_main(_run):
    write_and_flush("progress: [", " " * 5, "]", "\b" * 6)
    for i in range(5):
        write_and_flush("*")
    write_and_flush("\n", "abc\rx\n", "done\n")
    return 1
