"""TensorBoard's event files, as TensorBoard itself reads them."""

import json
import re
import struct

import pytest

from expkit.stores import copy, open_store
from expkit.stores.foreign.tfrecords import masked_crc
from expkit.stores.memory import MemoryStore

from .conftest import expected, points_of


@pytest.fixture
def folder(sample):
    return sample("tensorboard")


def runs_of(store):
    return {store.load(key.uid).info["tensorboard"]["run"]: key.uid for key in store.ids()}


def test_scalars_as_tensorboard_reads_them(folder):
    """Every scalar has the step, value and time that TensorBoard's own reader found, NaN and infinity among them."""
    store = open_store(f"tensorboard:{folder}")
    points, told = points_of(store, runs_of(store)["plain"]), expected(folder)["plain"]
    assert len(told["scalars"]) == 2
    assert {tag: points[tag] for tag in told["scalars"]} == told["scalars"]


def test_tensors_as_tensorboard_reads_them(folder):
    """TensorFlow 2 writes scalars as tensors; a folder that was written to twice has two segments."""
    store = open_store(f"tensorboard:{folder}")
    uid = runs_of(store)["tf2/train"]
    points, told = points_of(store, uid), expected(folder)["tf2/train"]["tensors"]
    assert {tag: [[step, time] for step, _, time in series] for tag, series in points.items()} == told
    assert [value for _, value, _ in points["epoch_loss"]] == ["0.0", "0.25", "0.5", "0.75", "1.0"] * 2
    assert [value for _, value, _ in points["lr"]][3] == "1.0"
    assert [key.segment for key in store.streams(uid)] == [0, 1]
    assert store.load(uid).segment == 1


def test_texts_and_hyperparameters(folder):
    """Texts are points, hyperparameters the config, and how a session ended is the status; else that is unknown."""
    store = open_store(f"tensorboard:{folder}")
    runs = runs_of(store)
    assert points_of(store, runs["plain"])["note/text_summary"][0][:2] == [3, "'eins **zwei**'"]
    (tried,) = [name for name in runs if name.startswith("plain/")]
    record = store.load(runs[tried])
    assert record.config == {"lr": 0.1, "net": "deep", "amp": True}
    assert (record.status, store.load(runs["plain"]).status) == ("COMPLETED", "UNKNOWN")


def test_what_is_left_out_is_counted(folder):
    """Histograms and pictures are counted, in the record's gaps as well."""
    store = open_store(f"tensorboard:{folder}")
    uid = runs_of(store)["plain"]
    assert store.dropped(uid) == {"histograms": 1, "images": 1}
    assert "left out: histograms (1)" in store.load(uid).gaps


def test_copied_twice(folder):
    """Copying again changes nothing; what was written meanwhile is added."""
    store, dst = open_store(f"tensorboard:{folder}"), MemoryStore()
    assert copy(store, dst).count("copied") == 3
    assert copy(store, dst).count("unchanged") == 3
    path = next((folder / "plain").glob("events*"))
    value = b"\x0a\x04loss\x15" + struct.pack("<f", 0.5)
    summary = b"\x0a" + bytes([len(value)]) + value
    event = b"\x09" + struct.pack("<d", 2e9) + b"\x10\x63\x2a" + bytes([len(summary)]) + summary
    head = struct.pack("<Q", len(event))
    record = head + struct.pack("<I", masked_crc(head)) + event + struct.pack("<I", masked_crc(event))
    with path.open("ab") as file:
        file.write(record + record[:9])
    assert copy(store, dst).count("brought up to date") == 1
    assert points_of(dst, runs_of(dst)["plain"])["loss"][-1] == [99, "0.5", 2e9]


def test_the_same_from_above_and_from_below(folder):
    """A run has the same uid whichever folder above it was named."""
    assert set(open_store(f"tensorboard:{folder / 'tf2'}").load(1).uid) <= set("0123456789abcdef")
    below = {key.uid for key in open_store(f"tensorboard:{folder / 'tf2'}").ids()}
    assert below < {key.uid for key in open_store(f"tensorboard:{folder}").ids()}


@pytest.mark.parametrize(("place", "kept"), [(12, 0), (40, 0), (3000, None)])
def test_damage(folder, place, kept):
    """Points before a damaged place are kept; that the rest is missing stands among the gaps."""
    path = next((folder / "plain").glob("events*"))
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)
    store = open_store(f"tensorboard:{folder / 'plain'}")
    uid = runs_of(store)["."]
    assert [gap for gap in store.load(uid).gaps if "is damaged" in gap and "what follows is missing" in gap]
    count = sum(map(len, points_of(store, uid).values()))
    assert count == kept if kept is not None else 0 < count < 103
    assert copy(store, MemoryStore()).problems == ()


@pytest.mark.parametrize("cut", [True, False])
def test_importing_what_is_damaged(folder, expkit, cut):
    """It is said which file is damaged, from which byte, and what was read of it; the exit code is that of a part."""
    path = next((folder / "plain").glob("events*"))
    data = bytearray(path.read_bytes())
    if cut:
        del data[3000:]
    else:
        data[3000] ^= 0xFF
    path.write_bytes(data)
    what = (
        "is cut off, or being written: it ends within a record"
        if cut
        else "is damaged: a record is not what was written"
    )
    sentence = rf"{path} {what} \(byte 2\d\d\d\); \d\d records before it were read; what follows is missing"
    code, printed = expkit("import", folder / "plain", "dst")
    assert (code, bool(re.match(sentence, printed))) == (1, True), printed
    code, printed = expkit("import", folder / "plain", "dst", "--json")
    (said,) = json.loads(printed)["damaged"]
    assert (code, bool(re.fullmatch(sentence, said))) == (1, True)
    assert said in expkit("ls", f"--store=tensorboard:{folder / 'plain'}")[1]


@pytest.mark.parametrize("content", [b"", b"x" * 11, b"x" * 5000, struct.pack("<Q", 2**62) + b"x" * 100])
def test_no_event_file(tmp_path, content):
    """Any bytes are read without harm."""
    (tmp_path / "events.out.tfevents.1.host").write_bytes(content)
    store = open_store(f"tensorboard:{tmp_path}")
    (key,) = store.ids()
    assert store.streams(key.uid) == {}
    assert store.load(key.uid).start_time is None


def test_known_checksum():
    """The checksum is CRC-32C, masked as TensorFlow does it."""
    crc = 0xE3069283  # of "123456789", as its standard says
    assert masked_crc(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
