"""File systems on which points are appended, because memory that is mapped there is not safe."""

from __future__ import annotations

import os

import pytest

from expkit.stores.disk import mounts
from expkit.stores.disk.points import PointReader, PointWriter
from expkit.stores.disk.window import Appending, Window

TABLE = """\
22 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw
28 1 {device} / / rw,relatime shared:1 - {kind} /dev/sda rw
"""


@pytest.fixture
def disk_of(monkeypatch, tmp_path):
    """Makes believe that the test's folder lies on a file system of this type."""

    def change(kind):
        device = os.stat(tmp_path).st_dev
        text = TABLE.format(device=f"{os.major(device)}:{os.minor(device)}", kind=kind)
        (tmp_path / "table").write_text(text)
        monkeypatch.setattr(mounts, "_TABLE", os.fspath(tmp_path / "table"))
        mounts._kind.cache_clear()

    yield change
    mounts._kind.cache_clear()


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "virtiofs", "lustre", "btrfs", "zfs"]
)
def test_points_are_appended_where_memory_is_not_safe(tmp_path, disk_of, kind):
    """On network file systems, and where each write takes new room, every point is in the file when log_scalar returns."""
    disk_of(kind)
    path = tmp_path / "a.points"
    writer = PointWriter(path)
    for number in range(3000):
        writer.log_scalar("loss", float(number))
        if number % 500 == 0:
            assert PointReader(path).count() == number + 1
    assert isinstance(writer._window, Appending)
    assert [point.value for point in PointReader(path).read(0)] == [float(number) for number in range(3000)]
    writer.close()
    assert PointReader(path).count() == 3000


@pytest.mark.parametrize("kind", ["ext4", "xfs", "tmpfs"])
def test_points_are_mapped_where_that_is_safe(tmp_path, disk_of, kind):
    """On the usual local file systems points go through memory."""
    disk_of(kind)
    writer = PointWriter(tmp_path / "a.points")
    writer.log_scalar("loss", 1.0)
    assert isinstance(writer._window, Window)
    writer.close()


@pytest.mark.parametrize("problem", ["no table", "another device"])
def test_what_nobody_knows_is_not_mapped(tmp_path, disk_of, monkeypatch, problem):
    """Where the system does not say what a folder lies on, points are appended."""
    disk_of("ext4")
    if problem == "no table":
        (tmp_path / "table").unlink()
    else:
        (tmp_path / "table").write_text(TABLE.format(device="300:1", kind="ext4"))
    assert not mounts.may_map(os.fspath(tmp_path))


def test_a_writer_goes_on_where_another_one_appended(tmp_path, disk_of):
    """Files written in both ways are the same: either goes on with the other's."""
    path = tmp_path / "a.points"
    for number, kind in enumerate(["nfs", "ext4", "nfs", "ext4"]):
        disk_of(kind)
        writer = PointWriter(path)
        writer.add("loss", float(number), number)
        writer.close()
    assert [point.step for point in PointReader(path).read(0)] == [0, 1, 2, 3]
