"""Runs a server as long as another process lives: ``keeper.py PID PROGRAM ARGUMENT...``."""

import os
import signal
import subprocess
import sys
import time

PAUSE = 0.2


def main(pid, command):
    server = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        while server.poll() is None and lives(pid):
            time.sleep(PAUSE)
    finally:
        server.kill()
        server.wait()


def lives(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
