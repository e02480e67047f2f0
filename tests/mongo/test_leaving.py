"""The end of a process that has talked to MongoDB."""

import subprocess
import sys

from ..processes import environment

PROGRAM = """
import atexit
from pymongo.synchronous import monitor
from expkit import open_store
from expkit.errors import StoreError

def interrupted():
    print("waiting")
    raise KeyboardInterrupt

atexit.unregister(monitor._shutdown_resources)
monitor._shutdown_resources = interrupted
atexit.register(interrupted)
atexit.register(lambda: print("other"))
for _ in range(2):
    try:
        open_store("mongodb://127.0.0.1:1/runs?serverSelectionTimeoutMS=100").ids()
    except StoreError:
        print("away")
"""


def test_ctrl_c_at_the_end(tmp_path):
    """Ctrl-C while the driver waits for its threads at the end of a process shows no traceback, and all else goes on."""
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["away", "away", "waiting", "other"]
