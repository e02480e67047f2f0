"""Files that a run opens, seen by the interpreter's audit events."""

from __future__ import annotations

import hashlib
import os
import sys

import pytest


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_what_is_read_is_an_input_and_what_is_written_an_output(used):
    """Files are known by path from the project, size and content hash, without any call."""
    (used.path / "data").mkdir()
    (used.path / "data/in.txt").write_text("given")
    run = used('open("data/in.txt").read(); open("out.txt", "w").write("made")')
    assert run.named("input") == ["data/in.txt"] and run.named("output") == ["out.txt"]
    given, made = run.refs["input", "data/in.txt"], run.refs["output", "out.txt"]
    assert (given.sha256, given.size, given.layer, given.kept, given.changed) == (sha("given"), 5, "audit", True, False)
    assert (made.sha256, made.size, made.mode, made.kept) == (sha("made"), 4, "w", True)
    assert str(used.path) not in str(run.record["files"])


def test_all_ways_to_open_are_seen(used):
    """pathlib, os.open, bytes paths, relative paths after chdir, appending, sqlite and numpy are all seen."""
    for name in ("a", "b", "c", "d"):
        (used.path / f"{name}.txt").write_text(name)
    (used.path / "sub").mkdir()
    (used.path / "sub/a.txt").write_text("another a")
    run = used(
        """
        pathlib.Path("a.txt").read_text()
        os.close(os.open(b"b.txt", os.O_RDONLY))
        io.open("c.txt").close()
        os.chdir("sub")
        open("a.txt").read()
        os.chdir("..")
        with open("d.txt", "a") as file:
            file.write("more")
        base = sqlite3.connect("base.sqlite"); base.execute("create table t(a)"); base.commit(); base.close()
        shutil.copyfile("a.txt", "copy.txt")
        """,
        "import io, pathlib, shutil, sqlite3",
    )
    assert run.named("input") == ["a.txt", "b.txt", "c.txt", "sub/a.txt"]
    assert run.named("output") == ["base.sqlite", "copy.txt", "d.txt"]


def test_a_file_that_is_read_and_then_written_is_both(used):
    """The input is what was read, although the program overwrote it at once."""
    (used.path / "state.txt").write_text("before")
    run = used('text = open("state.txt").read(); open("state.txt", "w").write(text + " and after")')
    given, made = run.refs["input", "state.txt"], run.refs["output", "state.txt"]
    assert (given.sha256, given.changed) == (sha("before"), False)
    assert made.sha256 == sha("before and after")


def test_what_the_run_made_itself_is_no_input(used):
    """A file that is written and read back is an output only."""
    run = used('open("made.txt", "w").write("x"); open("made.txt").read(); open("made.txt", "r+").read()')
    assert run.named("input") == [] and run.named("output") == ["made.txt"]


def test_what_a_signal_handler_raises_arrives_in_the_program(used):
    """A timeout strikes as it would without us, also while we take note of a file and if it is an OSError."""
    run = used(
        """
        lost = 0
        for turn in range(300):
            until, struck = time.time() + 0.1, False
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.0001 + turn % 7 * 0.00005)
                while time.time() < until:
                    open("made.txt", "w").close()
                    os.rename("made.txt", "moved.txt")
                    os.remove("moved.txt")
            except TimeoutError:
                struck = True
            lost += not struck
        assert not lost, f"{lost} were lost"
        """,
        "import signal, time",
        """
        def strike(*_):
            raise TimeoutError

        signal.signal(signal.SIGALRM, strike)
        """,
        measured=False,  # a generator of a coverage measurement swallows what strikes while it is closed
    )
    assert run.record["gaps"] == []


def test_looking_that_is_switched_over_meanwhile(used):
    """A file that is opened in the moment in which another thread is to be overlooked is an input all the same."""
    (used.path / "read.txt").write_text("text")
    run = used(
        """
        inside, leave = threading.Event(), threading.Event()

        def overlooked():
            with audit.quietly():
                inside.set()
                leave.wait()

        def moment(now=audit._time):
            audit._time = now
            threading.Thread(target=overlooked).start()
            inside.wait()
            return now()

        audit._time = moment
        open("read.txt").close()
        leave.set()
        """,
        "import threading; from expkit.provenance.files import audit",
    )
    assert (run.record["gaps"], run.named("input")) == ([], ["read.txt"])


def test_what_is_written_aside_and_renamed_is_known_by_its_last_name(used):
    """Atomic replacement of a file, and of a folder of files, ends in outputs under their final names."""
    (used.path / "old.txt").write_text("old")
    run = used(
        """
        open("old.txt.part", "w").write("new")
        os.replace("old.txt.part", "old.txt")
        os.mkdir("aside"); open("aside/weights", "w").write("w"); os.rename("aside", "checkpoint")
        """
    )
    assert run.named("output") == ["checkpoint/weights", "old.txt"]
    assert run.named("input") == []


def test_temporary_files_are_neither(used):
    """What is gone at the end, and was not there before the run, leaves no trace."""
    run = used(
        """
        with tempfile.NamedTemporaryFile("w+") as file:
            file.write("x"); file.flush(); open(file.name).read()
        open("passing", "w").close(); open("passing").read(); os.remove("passing")
        """,
        "import tempfile",
    )
    assert run.named("input") == run.named("output") == []


def test_an_input_that_the_run_removes_stays_an_input(used):
    """The bytes of a small file are saved before it goes."""
    (used.path / "inbox.txt").write_text("letter")
    run = used('open("inbox.txt").read(); os.remove("inbox.txt")')
    assert run.refs["input", "inbox.txt"].sha256 == sha("letter")


def test_files_that_fail_to_open_or_stay_unchanged_do_not_count(used):
    """Neither a probe for a missing file, nor opening for writing without writing, is a use."""
    (used.path / "there.txt").write_text("x")
    run = used(
        """
        for name in ("missing.txt", "no/such/folder.txt"):
            try: open(name)
            except OSError: pass
        open("there.txt", "a").close()
        """
    )
    assert run.named("input") == run.named("output") == []


def test_folders_pipes_and_devices_are_never_opened_by_us(used):
    """A FIFO that nobody writes to would hang whoever opens it."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(used.path / "pipe")
    run = used(
        """
        os.close(os.open(".", os.O_RDONLY))
        open(os.devnull).read(); open(os.devnull, "w").close()
        if os.path.exists("pipe"):
            end = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK); os.close(end)
        """
    )
    assert run.named("input") == run.named("output") == []


def test_libraries_caches_and_the_store_are_no_inputs(used):
    """Neither modules and what packages read, nor the run's own folder, nor sources, nor what the setting ignores."""
    (used.path / "helper.py").write_text("X = 1")
    (used.path / "noise.tmp").write_text("x")
    (used.path / ".cache").mkdir()
    (used.path / ".cache/x").write_text("x")
    run = used(
        """
        import helper, email, json.tool
        open(os.__file__).read(); open("noise.tmp").read(); open(".cache/x").read()
        open("/proc/self/status").read() if os.path.exists("/proc/self/status") else None
        open(__file__).read()
        (_run.dir / "mine.txt").write_text("x")
        """
    )
    assert run.named("input") == run.named("output") == []


def test_files_elsewhere_have_no_absolute_paths(used, tmp_path_factory):
    """A file outside project and home is named by its last folder only."""
    place = tmp_path_factory.mktemp("far") / "deep"
    place.mkdir()
    (place / "data.csv").write_text("1")
    run = used(f"open({os.fspath(place / 'data.csv')!r}).read()")
    ref = run.refs["input", "deep/data.csv"]
    assert ref.root == "elsewhere" and os.fspath(place) not in str(run.record["files"])


def test_large_files_are_hashed_and_not_kept_and_secrets_never(used):
    """Bytes are kept up to a size or where a pattern asks; those of key files never."""
    (used.path / "large.bin").write_bytes(b"x" * 2_000)
    (used.path / "wanted.bin").write_bytes(b"y" * 2_000)
    (used.path / "key.pem").write_text("secret")
    (used.path / ".env").write_text("TOKEN=canary-1")
    run = used(
        'for name in ("large.bin", "wanted.bin", "key.pem", ".env"): open(name, "rb").read()',
        """
        from expkit import SETTINGS
        SETTINGS.FILES.MAX_KEPT_SIZE = 1_000
        SETTINGS.FILES.KEEP = ["*/wanted.*", "*.pem"]
        """,
    )
    kept = {path: run.refs["input", path].kept for path in run.named("input")}
    assert kept == {"large.bin": False, "wanted.bin": True, "key.pem": False, ".env": False}
    assert all(run.refs["input", path].sha256 for path in kept)
    stored = [path for path in (used.path / "runs").rglob("*") if path.is_file()]
    assert not any(b"canary-1" in path.read_bytes() for path in stored)


def test_a_file_that_changes_between_open_and_hash_is_marked(used):
    """Somebody else appends to a large file right after it was opened."""
    (used.path / "moving.bin").write_bytes(b"x" * 1_500_000)
    run = used(
        """
        file = open("moving.bin", "rb")
        time.sleep(0.02)  # clocks of file systems are coarse
        with quietly():
            with open("moving.bin", "ab") as other: other.write(b"y")
        file.read()
        """,
        "import time\nfrom expkit.provenance.files.audit import quietly",
    )
    assert run.refs["input", "moving.bin"].changed


def test_output_folders_are_looked_at_before_and_after(used):
    """What native programs write into a declared folder becomes an output; what lay there unchanged does not."""
    (used.path / "results").mkdir()
    (used.path / "results/old").write_text("old")
    (used.path / "results/grown").write_text("short")
    run = used(
        'subprocess.run(["sh", "-c", "echo new > results/new; echo more >> results/grown"])',
        'import subprocess\nfrom expkit import SETTINGS\nSETTINGS.FILES.OUTPUT_FOLDERS = ["results"]',
    )
    assert run.named("output") == ["results/grown", "results/new"]
    assert run.refs["output", "results/new"].layer == "folder"


def test_programs_that_are_started_cannot_be_seen_into(used):
    """Their names are told, those of shells' programs too; programs that only tell facts are not."""
    run = used(
        """
        subprocess.run(["true", "--password", "x"]); subprocess.run("X=1 cat /dev/null | wc", shell=True)
        os.system("echo > /dev/null"); subprocess.run(["uname"], stdout=subprocess.DEVNULL)
        """,
        "import subprocess",
    )
    assert run.record["unseen"] == ["subprocess true", "subprocess cat", "subprocess echo"]


def test_there_is_a_switch(used):
    """With the setting off, nothing is looked at."""
    run = used('open("out.txt", "w").write("x")', "from expkit import SETTINGS; SETTINGS.FILES.CAPTURE = False")
    assert run.named("output") == []


def test_no_more_files_than_the_setting_says(used):
    """Memory and record are bounded, and the record says what it lacks."""
    run = used(
        'for number in range(50): open(f"out{number}", "w").write("x")',
        "from expkit import SETTINGS; SETTINGS.FILES.MAX_FILES = 10",
    )
    assert len(run.named("output")) == 10
    assert any("more files than the 10" in gap for gap in run.record["gaps"])


def test_only_files_below_the_roots_count_where_there_are_roots(used):
    """The setting ROOTS replaces every other judgement of places."""
    for name in ("in", "out"):
        (used.path / name).mkdir()
        (used.path / name / "x.txt").write_text(name)
    run = used(
        'open("in/x.txt").read(); open("out/x.txt").read()',
        "from expkit import SETTINGS; SETTINGS.FILES.ROOTS = ['in']",
    )
    assert run.named("input") == ["in/x.txt"]


def test_resources_and_artifacts_stay_what_they_are(used):
    """What is added by name is not seen a second time as an input."""
    (used.path / "res.txt").write_text("x")
    (used.path / "art.txt").write_text("y")
    run = used('_run.open_resource("res.txt").read(); _run.add_artifact("art.txt")')
    assert run.named("input") == []
    assert run.named("resource") == ["res.txt"] and run.named("artifact") == ["art.txt"]


def test_a_log_that_the_program_writes_is_an_output(used):
    """Its name does not make it less the run's."""
    assert used('open("train.log", "w").write("x")').named("output") == ["train.log"]


def test_threads_belong_to_the_run(used):
    """A file that a thread of the program opens is the run's."""
    (used.path / "in.txt").write_text("x")
    run = used('t = threading.Thread(target=lambda: open("in.txt").read()); t.start(); t.join()', "import threading")
    assert run.named("input") == ["in.txt"]


def test_nested_runs_have_files_of_their_own(used):
    """The innermost run of the opening thread gets the file."""
    for name in ("a", "b"):
        (used.path / f"{name}.txt").write_text(name)
    run = used(
        """
        open("a.txt").read()
        inner = start_run("inner")
        with inner as other:
            open("b.txt").read()
        open("a.txt").read()
        print("INNER", sorted(ref.path for ref in other.record.files_of("input")))
        print("OUTER", sorted(ref.path for ref in _run.record.files_of("output")))
        """,
        "from expkit import start_run",
    )
    assert "INNER ['b.txt']" in run.output


def test_many_inputs_leave_room_for_outputs(used):
    """What a run makes is recorded however much it has read before."""
    (used.path / "data").mkdir()
    for number in range(1200):
        (used.path / f"data/{number}").write_text("x")
    run = used(
        """
        for number in range(1200):
            open(f"data/{number}").close()
        time.sleep(0.3)
        open("model.pt", "w").write("made")
        """,
        "import time; from expkit import SETTINGS; SETTINGS.FILES.MAX_FILES = 10",
    )
    assert len(run.named("input")) == 10 and run.named("output") == ["model.pt"]
    assert run.record["gaps"] == ["the run used more files than the 10 that are recorded"]


def test_one_huge_file_does_not_keep_others_from_being_hashed(used):
    """Time that runs out at the end is missing for large inputs only."""
    with open(used.path / "huge.bin", "wb") as file:
        file.truncate(20 * 10**9)
    (used.path / "small.txt").write_text("small")
    run = used(
        """
        open("huge.bin", "rb").read(1)
        time.sleep(0.4)  # so that the hash is begun
        open("small.txt").read()
        open("out.txt", "w").write("made")
        """,
        "import time",
    )
    assert run.refs["input", "small.txt"].sha256 == sha("small") and run.refs["output", "out.txt"].sha256 == sha("made")
    assert run.refs["input", "huge.bin"].sha256 in ("", None)
    assert run.record["gaps"] == ["no hash of huge.bin (not finished in time)"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which folder is open")
def test_renaming_below_an_open_folder(used):
    """What is renamed by names that start from a folder's descriptor is known by where it lies."""
    run = used(
        """
        os.mkdir("sub")
        open("sub/part", "w").close()
        open("whole", "w").close()
        folder = os.open("sub", os.O_RDONLY)
        os.rename("part", "whole", src_dir_fd=folder, dst_dir_fd=folder)
        os.remove("whole")
        """
    )
    assert run.named("output") == ["sub/whole"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which files are open")
def test_an_output_that_is_still_open_is_marked(used):
    """Its bytes may be on their way when the run ends."""
    run = used(
        """
        global late
        late = open("late.txt", "w"); late.write("on its way")
        open("done.txt", "w").close()
        """
    )
    assert (run.refs["output", "late.txt"].changed, run.refs["output", "done.txt"].changed) == (True, False)


def test_what_inner_runs_do_is_none_of_the_outer_ones_doing(used):
    """Their outputs are theirs; what expkit itself reads, writes and starts for them is nobody's."""
    (used.path / "in.txt").write_text("x")
    run = used(
        """
        for number in range(8):
            inner.run(config_updates={"number": number})
        time.sleep(0.5)  # so that the outer run comes to look
        """,
        "import time",
        """
        inner = Experiment("inner", interactive=True, observers=["inner_runs"])

        @inner.config
        def cfg():
            number = 0

        @inner.main
        def work(number):
            open("in.txt").read()
            with open(f"io{number}.txt", "w") as file:
                file.write("x" * 300_000)
        """,
    )
    assert (run.named("input"), run.named("output")) == ([], [])
    assert run.record["unseen"] == [] and run.record["gaps"] == []
    (used.path / "runs").rename(used.path / "outer_runs")
    (used.path / "inner_runs").rename(used.path / "runs")
    inner = used.last()
    assert (inner.named("input"), inner.named("output")) == (["in.txt"], ["io7.txt"])


@pytest.mark.parametrize("ending", ["raise ValueError('x')", "sys.exit(3)"])
def test_runs_that_fail_have_their_files(used, ending):
    """However main ends, what was opened is recorded."""
    (used.path / "in.txt").write_text("x")
    run = used(f'open("in.txt").read()\n{ending}', code=3 if "exit" in ending else 1)
    assert run.named("input") == ["in.txt"]


def test_a_killed_run_has_its_inputs(used):
    """Inputs are told as they are hashed, long before the end."""
    (used.path / "in.txt").write_text("x")
    run = used(
        """
        open("in.txt").read()
        deadline = time.monotonic() + 20
        while not _run.record.files_of("input") and time.monotonic() < deadline: time.sleep(0.01)
        os.kill(os.getpid(), 9)
        """,
        "import time",
        code=-9,
    )
    from expkit.stores.folder.store import FolderStore

    store = FolderStore(used.path / "runs")
    assert [ref.path for ref in store.load("1").files_of("input")] == ["in.txt"]
