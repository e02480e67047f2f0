from __future__ import annotations

import math
import os
import struct
import threading
from fractions import Fraction
from random import Random
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expkit.errors import FormatError, StoreError
from expkit.record.codec import decode
from expkit.record.model import Point
from expkit.stores.disk import slots
from expkit.stores.disk.point_arrays import columns
from expkit.stores.disk.points import PointReader, PointWriter, Series

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NUMBERS = st.integers() | st.floats(allow_nan=False)
NAMES = st.text(max_size=30)
TAGS = st.dictionaries(NAMES, NAMES, max_size=2).map(lambda tags: tuple(sorted(tags.items())))
POINTS = st.builds(
    Point,
    NAMES,
    NUMBERS | JSON,
    NUMBERS | JSON,
    st.floats(allow_nan=False, allow_infinity=False),
    TAGS,
    st.sampled_from(["scalar", "other"]),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.points"


def values(path):
    return [point.value for point in PointReader(path).read()]


def steps(path):
    return [point.step for point in PointReader(path).read()]


def append_points(path, points):
    """Add points to a file, as a store does that receives them."""
    writer = PointWriter(path)
    writer.add_many(points)
    writer.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(POINTS.filter(lambda point: point.step is not None), max_size=40))
def test_points_come_back_as_they_went_in(tmp_path_factory, points):
    """Name, step, value, time, tags and kind are exact, whether one writer adds them or batches are appended."""
    folder = tmp_path_factory.mktemp("points")
    writer = PointWriter(folder / "one")
    writer.add_many(points)
    live = PointReader(folder / "one").read()
    writer.close()
    for start in range(0, len(points), 7):
        append_points(folder / "two", points[start : start + 7])
    assert live == PointReader(folder / "one").read() == PointReader(folder / "two").read() == points
    assert all(type(a.value) is type(b.value) for a, b in zip(live, points))


@settings(max_examples=30, deadline=None)
@given(st.lists(POINTS.filter(lambda point: point.step is not None), min_size=1, max_size=30), st.data())
def test_every_part_can_be_read_on_its_own(tmp_path_factory, points, data):
    """Reading from any offset with any limit gives what slicing all points gives."""
    path = tmp_path_factory.mktemp("points") / "one"
    append_points(path, points)
    offset = data.draw(st.integers(0, len(points) + 2))
    limit = data.draw(st.none() | st.integers(0, len(points) + 2))
    wanted = points[offset:] if limit is None else points[offset : offset + limit]
    assert PointReader(path).read(offset, limit) == wanted


def test_special_floats_are_exact(path):
    """NaN, both infinities, both zeros and the smallest float are kept."""
    writer = PointWriter(path)
    for value in (math.nan, math.inf, -math.inf, -0.0, 5e-324):
        writer.log_scalar("x", value, step=math.inf)
        writer.log_scalar("x", value)
    writer.close()
    found = values(path)
    assert math.isnan(found[0])
    assert math.isnan(found[1])
    assert [struct.pack("<d", value) for value in found[2::2]] == [
        struct.pack("<d", value) for value in (math.inf, -math.inf, -0.0, 5e-324)
    ]


def test_ints_stay_ints_of_any_size(path):
    """Whole numbers come back as ints, beyond 64 bits too."""
    wanted = [3, -(2**63), 2**63 - 1, 2**63, -(2**80)]
    writer = PointWriter(path)
    for value in wanted:
        writer.log_scalar("x", value, step=value)
    writer.log_scalar("x", 1)
    assert values(path)[:-1] == wanted
    assert steps(path) == [*wanted, -(2**80) + 1]
    assert {type(value) for value in values(path)} == {int}
    writer.close()


def test_an_int_too_long_to_print_is_kept(path):
    """A number of more digits than Python writes does no harm to the run."""
    writer = PointWriter(path)
    writer.log_scalar("x", 10**5000)
    writer.log_scalar("x", 2)
    assert values(path)[1] == 2
    writer.close()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.1), float(np.float32(0.1))),
        (np.int8(-3), -3),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.array(2.5), 2.5),
        (np.bool_(True), True),
        (np.str_("up"), "up"),
    ],
)
def test_numpy_scalars_are_unwrapped(path, value, plain):
    """Scalars and 0-d arrays become the plain number, as value and as step."""
    writer = PointWriter(path)
    writer.log_scalar("x", value, step=value)
    writer.log_scalar("x", 0.0)
    writer.close()
    first, second = PointReader(path).read()
    assert (first.value, first.step) == (plain, plain)
    assert type(first.value) is type(first.step) is type(plain)
    assert second.step == (plain + 1 if type(plain) in (int, float) else 0)


class Tensor:
    """Looks like a tensor of another library."""

    def __init__(self, value):
        self.value = value

    def item(self):
        if isinstance(self.value, list):
            raise ValueError("only one element tensors can be converted")
        return self.value


def test_tensors_are_unwrapped(path):
    """What has an ``item`` method is asked for its number; what has several numbers is kept readably."""
    writer = PointWriter(path)
    writer.log_scalar("x", Tensor(0.25))
    writer.log_scalar("x", Tensor([1, 2]))
    writer.log_scalar("x", np.arange(3))
    writer.log_scalar("x", Fraction(1, 3))
    writer.close()
    found = values(path)
    assert found[0] == 0.25
    assert "Tensor" in str(found[1])
    assert list(decode(found[2])) == [0, 1, 2]
    assert "Fraction" in str(found[3])


def test_implicit_steps_go_on_from_the_last_number(path):
    """A step that is left out is the series' last one plus one; the first is 0; text does not move the counter."""
    writer = PointWriter(path)
    for step in (None, None, 10, None, 3, None, "late", None, 2.5, None, True, None):
        writer.log_scalar("x", 0.0, step)
    writer.add("x", 0.0, tags={"set": "test"})
    writer.add("x", 0.0, kind="other")
    writer.close()
    assert steps(path) == [0, 1, 10, 11, 3, 4, "late", 5, 2.5, 3.5, True, 4.5, 0, 0]


def test_tags_tell_series_apart(path):
    """Tags are kept sorted, as mapping or pairs, and each combination counts its own steps."""
    writer = PointWriter(path)
    writer.add("acc", 0.5, tags={"b": "2", "a": "1"}, time=12.5)
    writer.add("acc", 0.6, tags=[("a", "1"), ("b", 2)])
    writer.add("acc", 0.7)
    first, second, third = PointReader(path).read()
    assert first == Point("acc", 0, 0.5, 12.5, (("a", "1"), ("b", "2")), "scalar")
    assert (second.tags, second.step) == (first.tags, 1)
    assert (third.tags, third.step) == ((), 0)
    writer.close()


def test_columns_hold_the_same_points(path):
    """The bulk form groups by series and keeps order and types."""
    writer = PointWriter(path)
    for number in range(5000):
        writer.log_scalar("a", number / 2)
        writer.log_scalar("b", number)
    writer.log_scalar("a", "text", step=1.5)
    writer.close()
    columns = PointReader(path).columns()
    points = PointReader(path).read()
    for name in "ab":
        mine = [point for point in points if point.name == name]
        assert columns[Series(name)].steps == [point.step for point in mine]
        assert columns[Series(name)].values == [point.value for point in mine]
        assert columns[Series(name)].times == [point.time for point in mine]
    assert PointReader(path).columns(len(points)) == {}
    assert PointReader(path).columns(len(points) - 1)[Series("a")].values == ["text"]


def test_there_are_no_points_where_nothing_was_added(path):
    """Without a point there is no file, and reading finds nothing."""
    writer = PointWriter(path)
    assert writer.count == 0
    writer.close()
    assert not path.exists()
    assert PointReader(path).read() == []
    path.write_bytes(b"")
    assert PointReader(path).count() == 0


def test_a_closed_file_holds_nothing_but_points(path):
    """Prepared room is given back; a point costs 32 bytes; more points are refused by name."""
    writer = PointWriter(path)
    for number in range(1000):
        writer.log_scalar("x", 0.5, number)
    assert path.stat().st_size > 40_000
    writer.close()
    writer.close()
    assert path.stat().st_size == 1000 * 32 + 32 + 64
    with pytest.raises(StoreError, match="is closed"):
        writer.log_scalar("x", 0.5)
    with pytest.raises(StoreError, match="is closed"):
        writer.log_scalar("new", 0.5)
    assert writer.count == 1000


def test_losses_are_told_instead_of_raised(path):
    """With ``on_loss`` the program goes on, and each lost point is told."""
    losses = []
    writer = PointWriter(path, on_loss=losses.append)
    writer.log_scalar("x", 0.5)
    writer.close()
    writer.log_scalar("x", 0.5)
    writer.add("x", 0.5)
    assert [type(loss) for loss in losses] == [StoreError, StoreError]


def test_a_file_is_continued(path):
    """A second writer goes on behind the points of the first, with its own names for series."""
    for number in range(3):
        writer = PointWriter(path)
        writer.log_scalar("x", float(number), step=number)
        writer.log_scalar(f"only {number}", float(number), step=number)
        writer.close(sync=True)
    assert values(path) == [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    assert {point.name for point in PointReader(path).read()} == {"x", "only 0", "only 1", "only 2"}


def test_a_live_file_is_read_as_it_grows(path):
    """A reader sees points at once, and goes on where it was."""
    writer, reader = PointWriter(path), PointReader(path)
    seen = []
    for number in range(20_000):
        writer.log_scalar("x", number if number % 1000 else str(number))
        if number % 1700 == 0:
            seen += reader.read(len(seen))
            assert len(seen) == number + 1
    seen += reader.read(len(seen))
    assert [point.step for point in seen] == list(range(20_000))
    writer.close()


def test_a_payload_larger_than_any_window_fits(path):
    """One value of megabytes is kept between small ones, however it is read."""
    writer, reader = PointWriter(path), PointReader(path)
    texts = ["a", "b" * 3_000_000, "c", "d" * 200_000]
    for text in texts:
        writer.log_scalar("x", text)
        writer.log_scalar("x", 1.0)
        reader.count()
    assert reader.read() == PointReader(path).read()
    assert values(path)[::2] == texts
    assert [point.value for point in reader.read(3, 2)] == [1.0, "c"]
    writer.close()
    assert values(path)[::2] == texts


def test_threads_lose_and_mix_up_nothing(path):
    """Eight threads on shared and own series: every point is there, implicit steps are given once."""
    writer = PointWriter(path)
    gate = threading.Barrier(8)

    def work(me):
        gate.wait()
        for number in range(3000):
            writer.log_scalar("shared", float(number))
            writer.log_scalar(f"own {number % 7}", me, step=number)
            if number % 100 == 0:
                writer.add("text", "x" * number, step=number, tags={"thread": str(me)})

    threads = [threading.Thread(target=work, args=(me,)) for me in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    writer.close()
    points = PointReader(path).read()
    assert len(points) == 8 * 6030
    assert sorted(point.step for point in points if point.name == "shared") == list(range(24_000))
    for me in range(8):
        assert [p.step for p in points if p.name.startswith("own") and p.value == me] == list(range(3000))


def test_closing_while_threads_log_keeps_what_they_were_told(path):
    """What was added before a close in another thread is in the file, and nothing else is."""
    writer = PointWriter(path)
    added = [0] * 4

    def work(me):
        try:
            for number in range(10**6):
                writer.log_scalar(f"t{me}", float(number))
                added[me] += 1
        except StoreError:
            pass

    threads = [threading.Thread(target=work, args=(me,)) for me in range(4)]
    [thread.start() for thread in threads]
    while sum(added) < 5000:
        pass
    writer.close()
    [thread.join() for thread in threads]
    assert PointReader(path).count() == sum(added)


def test_a_torn_tail_is_no_point(path):
    """However a file is cut off, a reader sees whole points only, and a writer goes on behind them."""
    points = [Point("x", 0, 0.5, 1.0), Point("x", 1, "long" * 20, 2.0), Point("y", 2, 3, 3.0)]
    append_points(path, points)
    whole = path.read_bytes()
    ends = []
    for length in range(len(whole) + 1):
        for tail in (b"", bytes(100)):
            path.write_bytes(whole[:length] + tail)
            found = PointReader(path).read()
            assert found == points[: len(found)]
            if length % 16 == 0:
                append_points(path, [points[0]])
                assert PointReader(path).read() == [*found, points[0]]
        ends.append(len(found))
    assert ends[-1] == 3
    assert ends == sorted(ends)


def test_a_torn_record_in_prepared_room_is_written_over(path):
    """A writer that goes on after a kill -9 in the middle of a record leaves no trace of it."""
    append_points(path, [Point("x", 0, 0.5, 1.0)])
    whole = path.read_bytes()
    torn = slots.pack_point(1, 1, "y" * 100, 2.0)
    path.write_bytes(whole + torn[:64] + bytes(64) + torn[128:] + bytes(4096))
    writer = PointWriter(path)
    writer.log_scalar("x", 0.25, step=5)
    writer.close()
    assert values(path) == [0.5, 0.25]


def test_damage_ends_the_points(path):
    """A record that is not whole or of an unknown type is never shown, nor what follows it."""
    append_points(path, [Point("x", number, f"value {number}", 1.0) for number in range(3)])
    data = bytearray(path.read_bytes())
    place = data.index(b"value 1")
    data[place] ^= 1
    path.write_bytes(data)
    assert values(path) == ["value 0"]
    path.write_bytes(path.read_bytes()[:32] + struct.pack("<I24xI", 12, 12) * 3)
    assert values(path) == []


READINGS = [PointReader.read, PointReader.columns, columns]
"""As points one by one, as lists, and as arrays."""


@pytest.mark.parametrize("names", [["x"], ["x", "y"]])
@pytest.mark.parametrize("read", READINGS)
def test_points_of_unknown_series(path, names, read):
    """Points of a series that the file does not name are damage, and the error says of which file."""
    append_points(path, [Point(name, number, 0.5, 1.0) for number in range(3) for name in names])
    data = path.read_bytes()
    path.write_bytes(data[:-32] + struct.pack("<I24xI", 7 << 4 | 1, 7 << 4 | 1))
    with pytest.raises(FormatError, match=r"^\S*points: it is damaged: it has a point of series 7,"):
        read(PointReader(path))


@pytest.mark.parametrize("read", READINGS)
def test_damaged_bytes(path, read):
    """Whichever bytes are spoilt, there are points or an error that names the file, and nothing else."""
    values = [0.5, 3, "text", 2**70]
    whole = [Point(name, step, value, 1.0) for step in range(4) for name in "xy" for value in values]
    append_points(path, whole)
    data, random, refused = path.read_bytes(), Random(7), 0
    for trial in range(200):
        spoilt, place = bytearray(data), random.randrange(len(data))
        if trial % 2:
            spoilt[place] ^= 1 << random.randrange(8)
        else:  # a record begins and ends alike, so that it is taken for one
            place -= place % 32
            spoilt[place] = spoilt[place + 28] = random.randrange(256)
        path.write_bytes(spoilt)
        try:
            read(PointReader(path))
        except FormatError as error:
            assert str(error).startswith(f"{path}: ")
            refused += 1
    assert refused


def test_other_files_are_refused(path):
    """A later format and foreign bytes are named as such, and never written to."""
    path.write_bytes(b"expkit metric points, format 2 \n" + bytes(64))
    with pytest.raises(FormatError, match=r"points of format 2; this version .* reads format 1"):
        PointReader(path).count()
    with pytest.raises(FormatError):
        PointWriter(path).log_scalar("x", 1.0)
    path.write_bytes(b"name,step,value\n" * 10)
    with pytest.raises(FormatError, match="not a file of packed metric points"):
        PointReader(path).read()
    assert path.read_bytes() == b"name,step,value\n" * 10


def test_the_format_is_what_the_page_says(path):
    """Bytes of a small file, spelled out: the format promise."""
    append_points(path, [Point("a", 7, 0.5, 2.0), Point("a", 8, 9, 3.0), Point("a", 1.5, None, 4.0)])
    text = b'["a","scalar",[]]'
    wanted = (
        b"expkit metric points, format 1 \n"
        + struct.pack("<II16xII", 30, crc32(text), len(text), 30)
        + text.ljust(32)
        + struct.pack("<IqddI", 17, 7, 0.5, 2.0, 17)
        + struct.pack("<IqqdI", 18, 8, 9, 3.0, 18)
        + struct.pack("<IIddII", 22, crc32(b"null"), 1.5, 4.0, 4, 22)
        + b"null".ljust(32)
    )
    assert path.read_bytes() == wanted


def test_no_descriptor_is_left_open(path):
    """A thousand files written and read leave as many open descriptors as before."""
    if not os.path.isdir("/proc/self/fd"):
        pytest.fail("this test needs /proc")
    before = len(os.listdir("/proc/self/fd"))
    for number in range(300):
        writer = PointWriter(f"{path}{number % 10}", on_loss=lambda error: None)
        writer.log_scalar("x", 1.0)
        PointReader(f"{path}{number % 10}").count()
        writer.close()
    assert len(os.listdir("/proc/self/fd")) == before
