"""Bytes: kept once, shown in several places, never to be changed through any of them."""

from __future__ import annotations

import errno
import io
import mmap
import os
import shutil
import time
from datetime import datetime, timezone
from hashlib import md5, sha256
from pathlib import Path

import pytest

from expkit.errors import BlobNotFoundError, StoreError
from expkit.record.events import FileAdded
from expkit.record.model import FileRef
from expkit.stores.disk import large
from expkit.stores.disk import views as module
from expkit.stores.disk.blobs import Blobs
from expkit.stores.disk.layout import StoreLayout
from expkit.stores.folder.store import FolderStore

BIG = os.urandom(1 << 16) * 48


@pytest.fixture
def blobs(root):
    return Blobs(StoreLayout(str(root)))


def kept(root):
    return sorted(path for path in (root / ".expkit" / "blobs").rglob("*") if path.is_file())


def refuse(*_):
    raise OSError(errno.EOPNOTSUPP, "not here")


@pytest.mark.parametrize("data", [b"", b"small", BIG], ids=["empty", "small", "big"])
def test_every_source_gives_the_same_bytes(blobs, root, tmp_path, data):
    """Bytes, files and streams of any size are kept once, with the hashes that were asked for."""
    path = tmp_path / "data"
    path.write_bytes(data)
    for source in (data, path, io.BytesIO(data), path):
        stored = blobs.put(source, md5=True)
        assert stored == (sha256(data).hexdigest(), md5(data).hexdigest(), len(data))
    assert blobs.put(path).md5 == ""
    (only,) = kept(root)
    assert only.read_bytes() == data
    assert not only.stat().st_mode & 0o222
    assert list((root / ".expkit" / "aside").iterdir()) == []


def test_stored_bytes_are_not_written_again(blobs, root, tmp_path):
    """A file whose bytes are here already is read, but nothing is copied."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    blobs.put(path)
    (only,) = kept(root)
    inode = only.stat().st_ino
    shutil.rmtree(root / ".expkit" / "aside")
    for source in (path, BIG):
        blobs.put(source)
    assert only.stat().st_ino == inode
    assert not (root / ".expkit" / "aside").exists()


def test_a_file_that_changes_while_it_is_kept(blobs, root, tmp_path, monkeypatch):
    """The hash is that of the bytes that were written, whatever happens to the file; and nothing is noted of it."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    old(path)
    real = large.chunks_of

    def growing(place):
        for number, chunk in enumerate(real(place)):
            if not number:
                path.write_bytes(BIG + b"more")
            yield chunk

    monkeypatch.setattr(large, "chunks_of", growing)
    stored = blobs.put(path)
    monkeypatch.undo()
    (only,) = kept(root)
    assert stored.sha256 == sha256(only.read_bytes()).hexdigest()
    assert blobs.put(path).sha256 == sha256(BIG + b"more").hexdigest()


def old(path):
    """Set the file's times back: what changed just now may change again unseen."""
    deadline = time.monotonic() + 10
    while time.time_ns() - path.stat().st_ctime_ns < 3e7:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def reads(monkeypatch):
    """The large files that were read."""
    found = []
    real = large.chunks_of

    def noting(path):
        found.append(path)
        return real(path)

    monkeypatch.setattr(large, "chunks_of", noting)
    return found


def test_a_large_file_is_known_again(root, tmp_path, reads):
    """A file that was kept before, also by another process, is not read again; one that was touched is."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    old(path)
    first = Blobs(StoreLayout(str(root))).put(path)
    assert len(reads) == 1
    assert Blobs(StoreLayout(str(root))).put(path) == first
    assert len(reads) == 1
    path.touch()
    assert Blobs(StoreLayout(str(root))).put(path) == first
    assert len(reads) == 2


def test_known_bytes_that_are_gone_are_kept_again(blobs, root, tmp_path):
    """What is known of a file counts only while the bytes are here, all of them."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    old(path)
    for harm in (os.unlink, lambda place: os.truncate(place, 10)):
        stored = blobs.put(path)
        (only,) = kept(root)
        only.chmod(0o644)
        harm(only)
        assert blobs.put(path) == stored
        assert only.read_bytes() == BIG


def test_a_change_right_after_hashing_is_seen(blobs, tmp_path, reads):
    """A file that was changed a moment before it was hashed is read again: its times may not show the next change."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    stamp = time.time_ns()
    os.utime(path, ns=(stamp, stamp))
    blobs.put(path)
    path.write_bytes(BIG[::-1])
    os.utime(path, ns=(stamp, stamp))
    assert blobs.put(path).sha256 == sha256(BIG[::-1]).hexdigest()


def test_a_mapped_file_is_always_read(blobs, tmp_path):
    """What a program changes through memory shows in no time stamp; such a file is read again."""
    path = tmp_path / "data"
    path.write_bytes(BIG)
    old(path)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[5] = memory[5] ^ 1
        old(path)
        first = blobs.put(path)
        memory[5] = memory[5] ^ 1
        assert blobs.put(path).sha256 == sha256(BIG).hexdigest() != first.sha256


def test_a_copy_of_stored_bytes_writes_nothing(blobs, root, tmp_path):
    """The bytes of a large file that are here under another name are not written a second time."""
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(BIG)
    blobs.put(tmp_path / "one")
    (only,) = kept(root)
    inode = only.stat().st_ino
    shutil.rmtree(root / ".expkit" / "aside")
    blobs.put(tmp_path / "two")
    assert only.stat().st_ino == inode
    assert not (root / ".expkit" / "aside").exists()


def test_large_files_of_one_size(blobs, tmp_path):
    """Files of one size are told apart, whichever byte differs."""
    path = tmp_path / "data"
    for place in (0, 70_001, len(BIG) - 1):
        data = bytearray(BIG)
        data[place] ^= 1
        path.write_bytes(data)
        assert blobs.put(path).sha256 == sha256(data).hexdigest()


@pytest.mark.parametrize("size", [None, 1000, 1 << 20])
def test_a_reader_verifies(blobs, root, size):
    """Whoever reads damaged bytes to their end gets an error there, however they are read."""
    digest = blobs.put(BIG).sha256
    with blobs.open(digest) as file:
        assert b"".join(iter(lambda: file.read(size or -1), b"")) == BIG
        file.seek(10)
        assert file.read(5) == BIG[10:15]
    (only,) = kept(root)
    only.chmod(0o644)
    with only.open("r+b") as file:
        file.seek(1_000_000)
        file.write(bytes([BIG[1_000_000] ^ 1]))
    with blobs.open(digest) as file, pytest.raises(StoreError, match="damaged"):
        while file.read(size or -1):
            pass


def test_damaged_bytes_do_not_pass_into_another_store(blobs, root, tmp_path):
    """Copying bytes from store to store reads them to the end, so damage does not spread."""
    digest = blobs.put(BIG).sha256
    (only,) = kept(root)
    only.chmod(0o644)
    only.write_bytes(BIG[:-1])
    other = Blobs(StoreLayout(str(tmp_path / "other")))
    with blobs.open(digest) as file, pytest.raises(StoreError, match="damaged"):
        other.put(file)
    assert kept(tmp_path / "other") == []
    assert list((tmp_path / "other" / ".expkit" / "aside").iterdir()) == []


@pytest.mark.parametrize("source", ["file", "stream"])
def test_memory_stays_the_same(start, root, tmp_path, source):
    """However large a file is, keeping it takes a few megabytes of memory."""
    path = tmp_path / "data"
    with path.open("wb") as file:
        file.truncate(1 << 28)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from expkit.stores.folder.store import FolderStore\n"
        "store = FolderStore(sys.argv[1])\n"
        "store.put_blob(b'small')\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "path = Path(sys.argv[2])\n"
        "store.put_blob(path if sys.argv[3] == 'file' else path.open('rb'))\n"
        "print(peak() - before)\n"
    )
    grown, _ = start(code, root, path, source).communicate(timeout=60)
    assert int(grown) < 40_000


def test_files_without_a_size(blobs):
    """Files of which the system says that they are empty are kept whole."""
    assert blobs.put(Path("/proc/version")).size > 0


def test_missing_bytes(blobs):
    """Asking for bytes that are not here says which and where."""
    with pytest.raises(BlobNotFoundError, match="abcd"):
        blobs.open("abcd" * 16)
    assert not blobs.has("abcd" * 16)


WAYS = {
    "reflink": [],
    "hard link": ["_reflink"],
    "symlink": ["_reflink", "_hard_link"],
    "copy": ["_reflink", "_hard_link", "_symlink"],
}


@pytest.mark.parametrize("missing", WAYS.values(), ids=WAYS)
def test_every_way_of_showing(store, new_record, root, monkeypatch, missing):
    """Whatever the file system can do, files are shown under their names, replaced, and survive their views."""
    for way in missing:
        monkeypatch.setattr(module, way, refuse)
    store.create(new_record())
    log = store.open_log("1")
    for data in (b"one", b"two", b"two"):
        artifact = log.keep(data, FileRef(path="plots/a.txt", role="artifact", root="run"))
        source = log.keep(data, FileRef(path="pkg/a.py", role="source"))
        assert (log.folder / "plots" / "a.txt").read_bytes() == data
        assert (root / "_sources" / f"a_{md5(data).hexdigest()}.py").read_bytes() == data
        log.write(FileAdded(time=datetime.now(timezone.utc), file=artifact))
        log.write(FileAdded(time=datetime.now(timezone.utc), file=source))
    log.close()
    assert sorted(path.name for path in (log.folder / "plots").iterdir()) == ["a.txt"]
    shutil.rmtree(root / "_sources")
    shutil.rmtree(log.folder / "plots")
    for ref in store.load("1").files:
        with FolderStore(root).open_blob(ref.sha256) as file:
            assert sha256(file.read()).hexdigest() == ref.sha256


@pytest.mark.parametrize("missing", list(WAYS.values())[1:3], ids=list(WAYS)[1:3])
def test_links_take_no_second_space(store, log, monkeypatch, missing):
    """Where files can only be linked, all views are the one stored file, and read-only; links are relative."""
    for way in missing:
        monkeypatch.setattr(module, way, refuse)
    ref = log.keep(b"weights", FileRef(path="a.bin", role="artifact", root="run"))
    view = log.folder / "a.bin"
    assert view.samefile(store.blob_path(ref.sha256))
    assert not view.stat().st_mode & 0o222
    assert not view.is_symlink() or not os.path.isabs(os.readlink(view))


def test_clones_are_files_of_their_own(tmp_path, monkeypatch):
    """Where a file system clones, the view is a file of its own that shares the blocks."""
    import fcntl

    (tmp_path / "blob").write_bytes(b"data")

    def clone(target, request, source):
        assert request == 0x40049409
        os.write(target, os.pread(source, 100, 0))

    monkeypatch.setattr(fcntl, "ioctl", clone)
    layout = StoreLayout(str(tmp_path))
    monkeypatch.setattr(layout, "blob", lambda _: str(tmp_path / "blob"))
    for _ in range(2):
        Blobs(layout).show("ab", str(tmp_path / "views" / "a"))
    assert (tmp_path / "views" / "a").read_bytes() == b"data"
    assert len(list((tmp_path / "views").iterdir())) == 1


def test_views_that_lead_nowhere_are_mended(store, log, root):
    """A link whose target is gone, and a name that shows other bytes, are replaced."""
    view = log.folder / "a.txt"
    view.symlink_to("nowhere")
    log.keep(b"one", FileRef(path="a.txt", role="artifact", root="run"))
    assert view.read_bytes() == b"one"
    (root / "_sources").mkdir()
    broken = root / "_sources" / f"b_{md5(b'x').hexdigest()}.py"
    broken.symlink_to("nowhere")
    log.keep(b"x", FileRef(path="b.py", role="source"))
    assert broken.read_bytes() == b"x"


def test_other_folders_for_sources(tmp_path, new_record):
    """Sources and resources may be shown elsewhere; the record names them from the store's folder."""
    store = FolderStore(tmp_path / "runs", source_dir=tmp_path / "code", resource_dir=tmp_path / "data")
    store.create(new_record())
    log = store.open_log("1")
    for role in ("source", "resource"):
        ref = log.keep(b"x", FileRef(path="a.py", role=role))
        log.write(FileAdded(time=datetime.now(timezone.utc), file=ref))
    log.close()
    name = f"a_{md5(b'x').hexdigest()}.py"
    assert (tmp_path / "code" / name).read_bytes() == (tmp_path / "data" / name).read_bytes() == b"x"
    text = (tmp_path / "runs" / "1" / "run.json").read_text()
    assert f'"../code/{name}"' in text
    assert f'"../data/{name}"' in text


def test_replicas_show_their_files(store, tmp_path, new_record):
    """A record that is saved with its bytes gets the same views, but for names that the disk cannot have."""
    refs = []
    for path, role, data in (
        ("a.py", "source", b"s"),
        ("plots/a.png", "artifact", b"p"),
        ("../evil", "artifact", b"e"),
        ("run.json", "artifact", b"e"),
        ("away.bin", "artifact", None),
        ("files/mine.txt", "artifact", b"m"),
    ):
        digest = store.put_blob(data).sha256 if data else "ab" * 32
        refs.append(FileRef(path=path, role=role, sha256=digest, root="run"))
    record = new_record()
    store.create(record)
    store.save(record.but(files=tuple(refs)))
    folder = store.root / "1"
    assert {path.name for path in folder.rglob("*") if path.is_file()} == {
        "run.json",
        "config.json",
        "a.png",
        "mine.txt",
    }
    assert store.load("1").files == tuple(refs)
    assert len(list((store.root / "_sources").iterdir())) == 1
    assert not (store.root / "evil").exists()


def test_read_only_bytes_can_be_removed(tmp_path, monkeypatch):
    """Where a read-only file cannot be unlinked, it is made writable first."""
    from expkit.stores.disk import files

    path = tmp_path / "x"
    path.write_bytes(b"")
    path.chmod(0o444)
    real = os.unlink

    def strict(name):
        if not os.stat(name).st_mode & 0o200:
            raise PermissionError(name)
        real(name)

    monkeypatch.setattr(os, "unlink", strict)
    files.remove(str(path))
    assert not path.exists()
