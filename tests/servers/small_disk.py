"""A disk of a few megabytes, which can be filled and freed while a server writes to it."""

import os
import subprocess
from pathlib import Path

_MOUNT = 'mount -t tmpfs -o "size=$1,mode=777" none "$2" && echo mounted && exec sleep infinity'
_ENTER = 'cd "$0" && exec "$@"'
_BALLAST = "ballast"


class SmallDisk:
    """A tmpfs over a folder, in a mount namespace of its own: as root, or in a user namespace of its own.

    Args:
        folder: where the disk is, for those inside; what is there now is copied onto it.
        size: as ``mount`` wants it.
    """

    def __init__(self, folder, size):
        self.folder = Path(folder)
        is_root = os.geteuid() == 0
        private = ["unshare", "-m"] if is_root else ["unshare", "-r", "-m"]
        self._enter = ["nsenter", "-m"] if is_root else ["nsenter", "--preserve-credentials", "-U", "-m"]
        command = [*private, "bash", "-c", _MOUNT, "bash", size, self.folder]
        self._holder = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        assert self._holder.stdout.readline() == "mounted\n"
        subprocess.run(["cp", "-a", f"{self.folder}/.", self.seen], check=True)

    @property
    def seen(self):
        """The disk, as those outside see it."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    def inside(self, command, folder="/"):
        """The command that runs another one where the disk is."""
        return [*self._enter, "-t", str(self._holder.pid), "bash", "-c", _ENTER, str(folder), *map(str, command)]

    def fill(self):
        """Leave no room."""
        with open(self.seen / _BALLAST, "wb", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self):
        """Give the room back."""
        (self.seen / _BALLAST).unlink()

    def copy_out(self):
        """What lies on the disk lies in its folder afterwards, also for those outside."""
        subprocess.run(["cp", "-a", f"{self.seen}/.", self.folder], check=True)

    def end(self):
        """Nothing is left of it."""
        self._holder.kill()
        self._holder.communicate()
