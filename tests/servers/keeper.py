"""Runs a server as long as another process lives: ``keeper.py PID [--remove FOLDER] PROGRAM ARGUMENT...``."""

import os
import shutil
import signal
import subprocess
import sys
import time

PAUSE = 0.2


def main(pid, command):
    folder = command[1] if command[0] == "--remove" else None
    command = command[2:] if folder else command
    server = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        while server.poll() is None and lives(pid):
            time.sleep(PAUSE)
    finally:
        server.kill()
        server.wait()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def lives(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
