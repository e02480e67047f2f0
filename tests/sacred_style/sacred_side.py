"""Run by Sacred's interpreter: a process that has Sacred loaded and forks itself for every command line it is told.

Each line of stdin is a JSON object: the arguments after ``python``, the folder, the environment and two files for
the output. The answer is the exit code. What follows the fork is what the interpreter does for a script.

Sacred captures output with ``sys``, unless a script says otherwise: with ``fd``, its default, lines of stdout and
stderr overwrite each other in the record by chance.
"""

import json
import multiprocessing.process
import os
import random
import runpy
import signal
import sys

import hashfs  # noqa: F401
import numpy
import sacred.observers  # noqa: F401
import tinydb  # noqa: F401
import yaml  # noqa: F401
from sacred import SETTINGS


TIME_LIMIT = 120
SETTINGS.CAPTURE_MODE = "sys"


def orders():
    """The orders, in the forked process only the one it is there for."""
    for line in sys.stdin:
        order = json.loads(line)
        if (child := os.fork()) == 0:
            yield order
            return
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def settle(order):
    """Become what a fresh interpreter would be; a script that hangs is ended."""
    for stream, path in ((1, order["stdout"]), (2, order["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    sys.stdin = open(os.devnull)
    os.dup2(sys.stdin.fileno(), 0)
    os.chdir(order["folder"])
    multiprocessing.process.ORIGINAL_DIR = order["folder"]
    os.environ.clear()
    os.environ.update(order["environment"])
    signal.alarm(TIME_LIMIT)
    random.seed()
    numpy.random.seed()


def start(arguments):
    """What ``python`` does with these arguments."""
    if arguments[0] == "-m":
        sys.argv[:] = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv[:] = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name="__main__")


for order in orders():
    settle(order)
    start(order["arguments"])
