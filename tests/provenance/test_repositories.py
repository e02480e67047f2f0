from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from expkit.errors import ProvenanceError
from expkit.provenance.git import repositories
from expkit.provenance.git.repositories import ask, require_clean
from expkit.run.later import TOO_LATE
from expkit.stores.folder.store import FolderStore


def describe(paths):
    """What git says, waited for."""
    return ask(paths)()


def one(*paths):
    found, problems = describe(paths)
    assert problems == []
    (repository,) = found
    return repository


def script(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_clean_repository(git):
    """A clean repository is told by commit and branch."""
    commit = git.commit(train="x = 1\n")
    assert one(git.root / "train.py") == {
        "url": "git:/lab",
        "commit": commit,
        "branch": "main",
        "tag": None,
        "dirty": False,
        "changed": [],
    }


def test_files_of_one_repository_give_one_entry(git, tmp_path):
    """Many files in many folders of a repository are one entry; files outside repositories are none."""
    git.write("deep/down/model.py")
    git.commit(train="x = 1\n", other="y = 2\n")
    outside = tmp_path / "outside.py"
    outside.touch()
    assert one(git.root / "train.py", git.root / "other.py", git.root / "deep/down/model.py", outside)


def test_no_repository_is_no_problem(tmp_path):
    """Outside of repositories there is nothing to tell and nothing to complain about."""
    assert describe([tmp_path / "train.py"]) == ([], [])


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda git: git.write("train.py", "x = 2\n"), ["train.py"]),
        (lambda git: (git.write("train.py", "x = 2\n"), git("add", "-A")), ["train.py"]),
        (lambda git: (git.root / "train.py").unlink(), ["train.py"]),
        (lambda git: git("mv", "data set.csv", "? renamed.csv"), ["? renamed.csv", "data set.csv"]),
    ],
    ids=["edited", "staged", "deleted", "renamed"],
)
def test_changes_of_tracked_files_are_dirty(git, change, changed):
    """Edited, staged, deleted and renamed files make the repository dirty and are named."""
    git.write("data set.csv", "1,2\n")
    git.commit(train="x = 1\n", keep="pass\n")
    change(git)
    repository = one(git.root / "keep.py")
    assert (repository["dirty"], repository["changed"]) == (True, changed)


def test_conflicts_are_dirty(git):
    """A file in the middle of a merge is a change."""
    git.commit(train="x = 1\n")
    git("checkout", "-q", "-b", "other")
    git.commit(train="x = 2\n")
    git("checkout", "-q", "main")
    git.commit(train="x = 3\n")
    with pytest.raises(Exception, match="merge"):
        git("merge", "other")
    assert one(git.root / "train.py")["changed"] == ["train.py"]


def test_new_files_count_only_if_the_run_uses_them(git):
    """An untracked source makes the repository dirty; results lying about do not; neither do ignored files."""
    git.write(".gitignore", "_version.py\n")
    git.commit(train="x = 1\n")
    for name in ("new/model.py", "loose.py", "_version.py", "runs/1/run.json"):
        git.write(name)
    assert not one(git.root / "train.py", git.root / "_version.py")["dirty"]
    assert one(git.root / "new/model.py")["changed"] == ["new/model.py"]
    assert one(git.root / "loose.py", git.root / "train.py")["changed"] == ["loose.py"]


def test_no_commit_yet(git):
    """A repository without commits has commit None, is dirty, and one sentence says so."""
    git.write("train.py")
    found, problems = describe([git.root / "train.py"])
    assert (found[0]["commit"], found[0]["branch"], found[0]["dirty"]) == (None, "main", True)
    assert problems == ["repository lab has no commit yet"]


def test_no_branch(git):
    """A checked out commit has no branch."""
    commit = git.commit(train="x = 1\n")
    git("checkout", "-q", commit)
    assert one(git.root / "train.py")["branch"] is None


def test_first_remote_without_access_data(git):
    """The url is that of the first remote, and no credential leaves the process."""
    git.commit(train="x = 1\n")
    git("remote", "add", "origin", "https://ada:s3cret@example.org/lab.git")
    git("remote", "add", "backup", "https://example.org/backup.git")
    assert one(git.root / "train.py")["url"] == "https://example.org/lab.git"


def test_worktrees_and_submodules(git, tmp_path, monkeypatch):
    """Files belong to the innermost working tree, be it a worktree or a submodule."""
    library = type(git)(tmp_path / "library")
    inner = library.commit(tool="y = 1\n")
    git.commit(train="x = 1\n")
    git("submodule", "add", "-q", str(library.root), "tools")
    outer = git.commit()
    git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "side")
    found, problems = describe([git.root / "tools/tool.py", git.root / "train.py", tmp_path / "tree" / "train.py"])
    assert problems == []
    assert {(entry["commit"], entry["branch"], entry["dirty"]) for entry in found} == {
        (inner, "main", False),
        (outer, "main", False),
        (outer, "side", False),
    }


def test_foreign_owner_is_one_sentence(git, monkeypatch):
    """A repository that git refuses to read is a sentence, not an error."""
    git.commit(train="x = 1\n")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found, problems = describe([git.root / "train.py"])
    assert found == []
    assert len(problems) == 1
    assert "dubious ownership" in problems[0]


def test_broken_repository_is_one_sentence(tmp_path, monkeypatch):
    """A .git that is none is a sentence."""
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / ".git").write_text("gitdir: /nowhere\n")
    found, problems = describe([tmp_path / "lab" / "train.py"])
    assert found == []
    assert len(problems) == 1


def test_missing_git_is_one_sentence(git, monkeypatch):
    """Without the program the run goes on, and says what it does not know."""
    git.commit(train="x = 1\n")
    monkeypatch.setenv("PATH", "")
    found, problems = describe([git.root / "train.py"])
    assert found == []
    assert problems == ["lab is a git repository, but git cannot be run: No such file or directory"]


def test_hanging_git_is_given_up(git, tmp_path, monkeypatch):
    """A git that never answers is stopped with all that it has started, and a sentence says so."""
    git.commit(train="x = 1\n")
    script(tmp_path / "bin", "git", "sleep 60")  # a child, which has the pipe, too
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(repositories, "PATIENCE", 0.2)
    found, problems = describe([git.root / "train.py"])
    assert found == []
    assert problems == ["git says nothing about repository lab: no answer in 0.2 seconds"]


def test_silent_failure_is_one_sentence(git, tmp_path, monkeypatch):
    """A git that fails without a word is a sentence, too."""
    script(tmp_path / "bin", "git", "exit 3")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert describe([git.root / "train.py"]).problems == ["git says nothing about repository lab: failed"]


@pytest.mark.parametrize("printed", ["garbage", "1 x", "u 1 2 3", "", "# branch.head main", r"\0\377\0", "2 R. N"])
def test_what_is_no_answer_of_git_is_one_sentence(git, tmp_path, monkeypatch, printed):
    """A program that is called git and prints anything else hinders nothing."""
    git.commit(train="x = 1\n")
    script(tmp_path / "bin", "git", f"printf '{printed}'")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    problem = "git says nothing about repository lab: it printed what nobody understands"
    assert describe([git.root / "train.py"]) == ([], [problem])


def test_three_processes_and_no_writing(git, tmp_path, monkeypatch):
    """Git is started three times for a repository, and nothing in it changes, not even the index."""
    git.commit(train="x = 1\n")
    os.utime(git.root / "train.py", (1, 1))  # makes a careless `git status` rewrite the index
    log = tmp_path / "log"
    script(tmp_path / "bin", "git", f'echo "$*" >> "{log}"\nexec "{shutil.which("git")}" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    before = (git.root / ".git" / "index").read_bytes()
    assert not one(git.root / "train.py")["dirty"]
    assert len(log.read_text().splitlines()) == 3
    assert (git.root / ".git" / "index").read_bytes() == before


def test_environment_of_git_hooks_does_not_mislead(git, tmp_path, monkeypatch):
    """Inside a git hook of another repository the files' own repository is asked."""
    other = type(git)(tmp_path / "other")
    other.commit(thing="z = 1\n")
    commit = git.commit(train="x = 1\n")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    assert one(git.root / "train.py")["commit"] == commit


def test_many_changes_are_capped(git):
    """At most 20 changed paths are named."""
    git.commit(**{f"f{number}": "x = 1\n" for number in range(30)})
    for number in range(30):
        git.write(f"f{number}.py", "x = 2\n")
    assert len(one(git.root / "f1.py")["changed"]) == 20


def test_enforcing_clean(git):
    """A clean repository passes; changes, missing commits, problems and missing repositories do not."""
    with pytest.raises(ProvenanceError, match="no source of this run lies in a git repository"):
        require_clean([])
    git.write("train.py")
    with pytest.raises(ProvenanceError, match=r"git:/lab has changes that are not committed: train\.py"):
        require_clean(*describe([git.root / "train.py"]))
    git.commit(train="x = 1\n")
    require_clean(*describe([git.root / "train.py"]))
    git.write("train.py", "x = 2\n")
    with pytest.raises(ProvenanceError, match=r"train\.py"):
        require_clean(*describe([git.root / "train.py"]))
    with pytest.raises(ProvenanceError, match="cannot tell.*git cannot be run"):
        require_clean([], ["lab is a git repository, but git cannot be run"])


def test_enforcing_clean_before_the_first_commit(git):
    """An empty repository is refused even if no file is new."""
    with pytest.raises(ProvenanceError, match="there is no commit"):
        require_clean(describe([git.root / "gone.py"]).found)


def test_git_works_while_others_do(git, slow_git):
    """Asking does not wait: the answers are there when they are called for."""
    commit = git.commit(train="x = 1\n")
    go = slow_git()
    answers = ask([git.root / "train.py"])
    go()
    assert answers().found[0]["commit"] == commit


def test_a_git_that_hangs_does_not_hold_up_a_run(git, tmp_path):
    """A run waits two seconds at its start and two at its end, says so, and leaves no process behind."""
    git.write("train.py", "from expkit import Experiment\nex = Experiment('lab')\n@ex.automain\ndef main(): pass\n")
    script(tmp_path / "bin", "git", f"echo $$ >> {tmp_path / 'pids'}; sleep 60")
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "train.py"], cwd=git.root, env={**os.environ, "PATH": path}, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 12
    record = FolderStore(git.root / "runs").load("1")
    assert record.gaps == (TOO_LATE,)
    for group in (tmp_path / "pids").read_text().split():
        wait_until(lambda group=group: not is_alive(int(group)))


def is_alive(group):
    members = (process for process in psutil.process_iter(["status"]) if process.info["status"] != "zombie")
    return group in {group_of(process.pid) for process in members}


def group_of(pid):
    try:
        return os.getpgid(pid)
    except ProcessLookupError:  # it has ended meanwhile
        return None


def wait_until(holds):
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
