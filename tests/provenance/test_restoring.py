"""What a repository has beyond its commit can be had again: commit, patch and untracked files give the same files."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from expkit.provenance.git import repositories
from expkit.provenance.found import Found
from expkit.provenance.git.repositories import ask
from expkit.record.model import FileRef
from expkit.settings import SETTINGS


def found(*paths):
    """What the background job finds out."""
    asked = ask(paths)
    _, job = asked.at_start(keep=True)
    return job() if job else None


def files_of(root: Path) -> dict[str, tuple[str, str]]:
    """Every file of a working tree: its kind, and the hash of its bytes."""
    tree = {}
    for place in sorted(root.rglob("*")):
        name = place.relative_to(root).as_posix()
        if name.split("/")[0] == ".git":
            continue
        if place.is_symlink():
            tree[name] = ("link", os.readlink(place))
        elif place.is_file():
            kind = "program" if place.stat().st_mode & 0o100 else "file"
            tree[name] = (kind, hashlib.sha256(place.read_bytes()).hexdigest())
    return tree


def restore(git, target: Path, facts) -> Path:
    """Check the commit out, apply the patch, write the untracked files."""
    (entry,) = facts.experiment["repositories"]
    kept = {ref.sha256: source for source, ref in facts.files}
    clone = type(git)(target)
    if entry["commit"]:
        clone("fetch", "-q", str(git.root), "HEAD")
        clone("checkout", "-q", entry["commit"])
    if entry["patch"]:
        command = ["git", "-C", str(target), "apply", "--whitespace=nowarn", "-"]
        subprocess.run(command, input=kept[entry["patch"]], check=True, capture_output=True)
    for path, sha256, mode in entry["untracked"]:
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if mode == "120000":
            place.symlink_to(os.fsdecode(kept[sha256]))
        else:
            place.write_bytes(kept[sha256])
            place.chmod(int(mode[-3:], 8))
    return target


def write(root: Path, name: str, content: bytes) -> Path:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


BINARY = bytes(range(256)) * 40


@pytest.fixture
def lab(git):
    """A repository with one file of each kind."""
    for name, content in {
        "train.py": b"x = 1\n",
        "keep.py": b"pass\n",
        "data.bin": BINARY,
        "windows.txt": b"one\r\ntwo\r\n",
        "no newline.txt": b"end",
        "gr\u00fc\u00dfe/\u540d\u524d.txt": "h\u00e9\n".encode(),
        "tool.sh": b"#!/bin/sh\n",
        "old name.csv": b"1,2\n" * 50,
        'quote"tab\t.txt': b"odd\n",
        "--option": b"a name like an option\n",
        ":(top)magic*": b"a name like a pathspec\n",
    }.items():
        write(git.root, name, content)
    (git.root / "link").symlink_to("train.py")
    git.commit()
    return git


def edit_everything(git):
    root = git.root
    write(root, "train.py", b"x = 2\n")
    write(root, "data.bin", BINARY[::-1])
    write(root, "windows.txt", b"one\r\nTWO\r\nthree")
    write(root, "no newline.txt", b"end\nagain")
    write(root, "gr\u00fc\u00dfe/\u540d\u524d.txt", b"\xff\xfe not utf-8\n")
    write(root, 'quote"tab\t.txt', b"odder\n")
    write(root, "--option", b"changed\n")
    write(root, ":(top)magic*", b"changed\n")


CHANGES = {
    "edited": edit_everything,
    "staged": lambda git: (edit_everything(git), git("add", "-A")),
    "staged, then edited": lambda git: (
        write(git.root, "train.py", b"x = 2\n"),
        git("add", "-A"),
        write(git.root, "train.py", b"x = 3\n"),
    ),
    "staged as new, then deleted": lambda git: (
        write(git.root, "new.py", b"n = 1\n"),
        git("add", "-A"),
        (git.root / "new.py").unlink(),
    ),
    "renamed": lambda git: git("mv", "old name.csv", "new name.csv"),
    "renamed and edited": lambda git: (
        git("mv", "old name.csv", "deep/new name.csv") if (git.root / "deep").mkdir() is None else None,
        write(git.root, "deep/new name.csv", b"1,2\n" * 49 + b"3,4\n"),
    ),
    "deleted": lambda git: [(git.root / name).unlink() for name in ("train.py", "data.bin", "link")],
    "taken out of the index": lambda git: git("rm", "-q", "--cached", "train.py"),
    "made a program": lambda git: (git.root / "tool.sh").chmod(0o755),
    "link turned": lambda git: ((git.root / "link").unlink(), (git.root / "link").symlink_to("keep.py")),
    "link became a file": lambda git: ((git.root / "link").unlink(), write(git.root, "link", b"x\n")),
    "file became a folder": lambda git: (
        (git.root / "train.py").unlink(),
        write(git.root, "train.py/main.py", b"x = 1\n"),
    ),
    "intent to add": lambda git: (write(git.root, "new.py", b"n = 1\n"), git("add", "-N", "new.py")),
    "emptied": lambda git: write(git.root, "data.bin", b""),
    "new": lambda git: (
        write(git.root, "new/model.py", b"m = 1\n"),
        write(git.root, "new/deep er/\u00fcber.bin", BINARY),
        write(git.root, "run.sh", b"#!/bin/sh\n").chmod(0o755),
        write(git.root, "empty.txt", b""),
        (git.root / "new/link").symlink_to("../nowhere"),
    ),
    "large": lambda git: (write(git.root, "data.bin", os.urandom(3_000_000)), write(git.root, "l.bin", b"l" * 900_000)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_commit_patch_and_untracked_files_give_the_same_files(lab, tmp_path, change):
    """Restoring gives every file of the working tree with the same bytes, kind and mode."""
    change(lab)
    facts = found(lab.root / "keep.py")
    assert facts.gaps == ()
    assert files_of(restore(lab, tmp_path / "again", facts)) == files_of(lab.root)


def test_everything_at_once(lab, tmp_path):
    """All kinds of changes together are restored, too."""
    edit_everything(lab)
    CHANGES["renamed"](lab)
    CHANGES["made a program"](lab)
    CHANGES["link became a file"](lab)
    CHANGES["new"](lab)
    facts = found(lab.root / "keep.py")
    assert files_of(restore(lab, tmp_path / "again", facts)) == files_of(lab.root)


@pytest.mark.parametrize(
    "settings",
    [
        ["diff.noprefix true", "diff.context 0", "diff.external /bin/false", "color.ui always", "diff.renames copies"],
        ["diff.mnemonicPrefix true", "diff.interHunkContext 9", "diff.wsErrorHighlight all", "core.quotePath false"],
        ["core.autocrlf input", "core.safecrlf true", "diff.algorithm patience", "diff.submodule log"],
        ["diff.relative true", "diff.ignoreSubmodules all", "status.showUntrackedFiles no", "core.pager false"],
    ],
    ids=str,
)
def test_how_the_user_looks_at_differences_does_not_matter(lab, tmp_path, settings):
    """The user's settings of git neither break a patch nor hide a file."""
    for setting in settings:
        lab("config", *setting.split())
    write(lab.root, "train.py", b"x = 2\n" * 9)
    write(lab.root, "data.bin", BINARY[::-1])
    write(lab.root, "new.py", b"n = 1\n")
    facts = found(lab.root / "keep.py")
    assert files_of(restore(lab, tmp_path / "again", facts)) == files_of(lab.root)


def test_line_ends_are_restored_where_git_converts_them(git, tmp_path):
    """A file with the line ends of another system, converted on checkout, comes back with the same bytes."""
    write(git.root, ".gitattributes", b"*.txt text eol=crlf\n")
    write(git.root, "a.txt", b"one\r\ntwo\r\n")
    git.commit()
    write(git.root, "a.txt", b"one\r\nTWO\r\n")
    facts = found(git.root / "a.txt")
    assert files_of(restore(git, tmp_path / "again", facts)) == files_of(git.root)


def test_in_the_middle_of_a_merge(lab, tmp_path):
    """Files with conflicts are restored with their marks."""
    lab("checkout", "-q", "-b", "other")
    lab.commit(train="x = 2\n")
    lab("checkout", "-q", "main")
    lab.commit(train="x = 3\n")
    with pytest.raises(subprocess.CalledProcessError):
        lab("merge", "other")
    facts = found(lab.root / "keep.py")
    assert b"<<<<<<<" in (lab.root / "train.py").read_bytes()
    assert files_of(restore(lab, tmp_path / "again", facts)) == files_of(lab.root)


def test_before_the_first_commit(git, tmp_path):
    """Without a commit every file is kept as it is, staged or not."""
    write(git.root, "train.py", b"x = 1\n")
    git("add", "-A")
    write(git.root, "new.py", b"n = 1\n")
    facts = found(git.root / "train.py")
    assert facts.experiment["repositories"][0]["patch"] is None
    assert files_of(restore(git, tmp_path / "again", facts)) == files_of(git.root)


def test_many_changes(git, tmp_path):
    """More changed names than a command line takes are restored."""
    for number in range(400):
        write(git.root, f"a folder with quite a long name/and another one in it/file {number}.py", b"x = 1\n")
    write(git.root, ".env", b"A=1\n")
    git.commit()
    for place in git.root.rglob("*.py"):
        place.write_bytes(b"x = 2\n")
    write(git.root, ".env", b"TOKEN=canary\n")
    facts = found(git.root / "train.py")
    assert b"canary" not in facts.files[0][0]
    (git.root / ".env").write_bytes(b"A=1\n")
    assert files_of(restore(git, tmp_path / "again", facts)) == files_of(git.root)


def test_files_join_the_run_as_patch_and_untracked(lab):
    """The files' roles, names and hashes are those that the repository's entry tells."""
    lab("tag", "v1")
    write(lab.root, "train.py", b"x = 2\n")
    write(lab.root, "new/model.py", b"m = 1\n")
    facts = found(lab.root / "train.py")
    (entry,) = facts.experiment["repositories"]
    refs = {ref.role: ref for _, ref in facts.files}
    assert (entry["tag"], entry["patch"]) == ("v1", refs["patch"].sha256)
    assert entry["untracked"] == [["new/model.py", hashlib.sha256(b"m = 1\n").hexdigest(), "100644"]]
    assert (refs["patch"].path, refs["patch"].layer, refs["patch"].root) == ("lab.patch", "git", "project")
    assert (refs["untracked"].path, refs["untracked"].sha256) == ("new/model.py", entry["untracked"][0][1])


def test_a_clean_repository_has_nothing_more(lab):
    """Where everything is committed no further process is started."""
    assert found(lab.root / "train.py") is None


SECRET = ("app/.env", ".env.local", "id_rsa", "server.key", "cert.pem", "a.p12", "my_secret.txt", "secrets/db.yaml",
          "api_token", "password.txt", "prod.env", "secrets.py", "aws_credentials.json")  # fmt: skip
HARMLESS = ("tokenizer.json", "token.py", "environment.yml", "monkey.txt", "keys.md", "max_tokens.txt", "pem.py")


def test_secrets_are_never_kept(lab, tmp_path):
    """Neither an untracked file nor a changed tracked one is kept if its name says secret; the entry names it."""
    for name in SECRET:
        write(lab.root, f"tracked/{name}", b"old\n")
    lab.commit()
    for name in (*SECRET, *HARMLESS):
        write(lab.root, name, b"canary of untracked\n")
        write(lab.root, f"tracked/{name}", b"canary of tracked\n")
    write(lab.root, "train.py", b"x = 2\n")
    facts = found(lab.root / "train.py")
    (entry,) = facts.experiment["repositories"]
    kept = {path for path, _, _ in entry["untracked"]}
    assert kept == {*HARMLESS, *(f"tracked/{name}" for name in HARMLESS)}
    (patch,) = [source for source, ref in facts.files if ref.role == "patch"]
    assert b"canary" not in patch
    assert b"x = 2" in patch
    (left_out,) = entry["left_out"]
    assert (left_out["why"], left_out["count"]) == ("they may hold secrets", 2 * len(SECRET))
    assert len(left_out["paths"]) == 20
    assert facts.gaps == ()  # it is on purpose


def test_size_and_number_have_limits_and_the_entry_says_so(lab, monkeypatch):
    """What is too large or too much is left out by name; sources and small files are kept first."""
    monkeypatch.setattr(SETTINGS.GIT, "MAX_UNTRACKED_SIZE", 1000)
    monkeypatch.setattr(SETTINGS.GIT, "MAX_UNTRACKED_TOTAL", 1500)
    for name, size in {"big.bin": 1001, "a.txt": 400, "b.txt": 500, "c.txt": 450, "model.py": 900}.items():
        write(lab.root, name, b"x" * size)
    facts = found(lab.root / "model.py", lab.root / "train.py")
    assert [path for path, _, _ in facts.experiment["repositories"][0]["untracked"]] == ["a.txt", "model.py"]
    assert facts.gaps == ()
    assert facts.experiment["repositories"][0]["left_out"] == [
        {"why": "they are too large or too many", "count": 3, "paths": ["c.txt", "b.txt", "big.bin"]}
    ]
    monkeypatch.setattr(SETTINGS.GIT, "MAX_UNTRACKED_FILES", 1)
    (entry,) = found(lab.root / "model.py").experiment["repositories"]
    assert [path for path, _, _ in entry["untracked"]] == ["model.py"]


def test_a_patch_that_is_too_large(lab, monkeypatch):
    """A patch beyond the limit is not kept, and a sentence says so."""
    monkeypatch.setattr(SETTINGS.GIT, "MAX_PATCH_SIZE", 10_000)
    write(lab.root, "data.bin", os.urandom(3_000_000))
    facts = found(lab.root / "train.py")
    assert facts.experiment["repositories"][0]["patch"] is None
    assert facts.gaps == ("the changes of repository lab are not kept: the patch is larger than 10,000 bytes",)


def test_runs_and_caches_are_no_files_of_the_project(lab):
    """Neither stores nor ignored files nor what lies in repositories of their own counts as untracked."""
    write(lab.root, ".gitignore", b"ignored\n")
    lab.commit()
    for name in ("ignored/a.txt", "runs/.expkit/format.json", "runs/1/run.json", "out/runs/.expkit/x", "out/runs/1/a",
                 "m/__pycache__/a.pyc", "out/note.txt", "noise.log"):  # fmt: skip
        write(lab.root, name, b"x\n")
    type(lab)(lab.root / "inner").commit(a="x\n")
    facts = found(lab.root / "train.py")
    assert [path for path, _, _ in facts.experiment["repositories"][0]["untracked"]] == ["out/note.txt"]
    assert facts.experiment["repositories"][0]["left_out"] == [
        {"why": "they are repositories of their own", "count": 1, "paths": ["inner"]}
    ]
    assert facts.gaps == ()


def test_a_repository_inside_that_is_looked_at_has_an_entry_of_its_own(lab):
    """So nothing of it is left out."""
    inner = type(lab)(lab.root / "inner")
    inner.commit(a="x\n")
    write(lab.root, "new.py", b"x\n")
    entries = found(lab.root / "train.py", inner.root / "a.py").experiment["repositories"]
    assert [entry.get("left_out") for entry in entries] == [None, None]


@pytest.mark.parametrize("gone", [False, True])
def test_runs_that_were_committed_are_no_changes(lab, gone):
    """What the next run writes into its store, or somebody removes there, makes no repository dirty."""
    for name in ("runs/.expkit/format.json", "runs/1/run.json"):
        write(lab.root, name, b"one\n")
    lab.commit()
    for name in ("runs/.expkit/format.json", "runs/1/run.json"):
        write(lab.root, name, b"other\n")
    if gone:
        shutil.rmtree(lab.root / "runs")
    answers = ask([lab.root / "train.py"])
    (entry,) = answers().found
    assert (entry["dirty"], entry["changed"]) == (False, [])
    assert found(lab.root / "train.py") is None
    write(lab.root, "train.py", b"x = 2\n")
    (entry,) = found(lab.root / "train.py").experiment["repositories"]
    assert (entry["changed"], entry["untracked"]) == (["train.py"], [])


def test_a_store_that_is_the_whole_repository(lab):
    """Its own files are no changes; others may be the project's."""
    write(lab.root, ".expkit/format.json", b"one\n")
    lab.commit()
    write(lab.root, ".expkit/format.json", b"other\n")
    assert ask([lab.root / "train.py"])().found[0]["changed"] == []


def test_odd_things_among_untracked_files(lab):
    """Pipes are passed over without waiting, links are not followed, and names that are no text are named as left out."""
    os.mkfifo(lab.root / "pipe")
    (lab.root / "door").symlink_to("/etc/passwd")
    write(lab.root, os.fsdecode(b"b\xff.txt"), b"x")
    facts = found(lab.root / "train.py")
    assert [(path, mode) for path, _, mode in facts.experiment["repositories"][0]["untracked"]] == [("door", "120000")]
    assert facts.files[0][0] == b"/etc/passwd"


def test_changes_inside_of_submodules_are_pointed_out(lab, tmp_path):
    """A submodule that the run has no source in is named; one that it has has an entry of its own."""
    library = type(lab)(tmp_path / "library")
    library.commit(tool="y = 1\n")
    lab("submodule", "add", "-q", str(library.root), "tools")
    lab.commit()
    write(lab.root, "tools/tool.py", b"y = 2\n")
    assert found(lab.root / "train.py").gaps == (
        "of repository lab these are not kept, because they are changes inside of submodules: tools",
    )
    facts = found(lab.root / "train.py", lab.root / "tools/tool.py")
    assert facts.gaps == ()
    assert sorted(ref.path for _, ref in facts.files) == ["tools.patch"]


def test_what_is_kept_is_the_state_at_the_start(lab):
    """What the program changes after the start is in no patch; files written meanwhile are marked."""
    write(lab.root, "train.py", b"x = 2\n")
    write(lab.root, "notes.txt", b"before\n")
    _, job = ask([lab.root / "train.py"]).at_start(keep=True)
    write(lab.root, "keep.py", b"written by the run\n")
    later = write(lab.root, "notes.txt", b"after\n")
    os.utime(later, (later.stat().st_mtime + 5,) * 2)
    write(lab.root, "results.csv", b"1\n")
    facts = job()
    files = {ref.path: (source, ref) for source, ref in facts.files}
    assert b"written by the run" not in files["lab.patch"][0]
    assert files["notes.txt"][1].changed
    assert not files["lab.patch"][1].changed


def test_slow_git_is_heard_later(lab, slow_git, monkeypatch):
    """The start does not wait for a slow git; its answer comes from the background."""
    write(lab.root, "train.py", b"x = 2\n")
    go = slow_git()
    monkeypatch.setattr(repositories, "START_PATIENCE", 0.05)
    known, job = ask([lab.root / "train.py"]).at_start(keep=True)
    assert known == ([], [])
    go()
    facts = job()
    assert facts.experiment["repositories"][0]["dirty"]
    assert facts.experiment["repositories"][0]["patch"]


def test_git_that_never_answers_is_a_sentence_later(lab, slow_git, monkeypatch):
    """In the background, too, git is given up after a while."""
    slow_git()
    monkeypatch.setattr(repositories, "START_PATIENCE", 0.05)
    monkeypatch.setattr(repositories, "PATIENCE", 0.1)
    _, job = ask([lab.root / "train.py"]).at_start(keep=True)
    assert job().gaps == ("git says nothing about repository lab: no answer in 0.1 seconds",)


def test_git_that_goes_away(lab, monkeypatch):
    """A git that is gone when changes are looked at leaves sentences."""
    write(lab.root, "train.py", b"x = 2\n")
    write(lab.root, "new.py", b"x = 2\n")
    asked = ask([lab.root / "train.py"])
    asked()
    monkeypatch.setenv("PATH", "")
    _, job = asked.at_start(keep=True)
    assert job().gaps == (
        "the changes of repository lab are not kept: git made no patch",
        "the untracked files of repository lab are not kept: git does not list them",
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda lab, target: lab("clone", "-q", "--depth", "1", f"file://{lab.root}", str(target)),
        lambda lab, target: lab("worktree", "add", "-q", str(target), "-b", "side"),
        lambda lab, target: lab("clone", "-q", "--separate-git-dir", f"{target}.git", str(lab.root), str(target)),
    ],
    ids=["shallow clone", "worktree", "git folder elsewhere"],
)
def test_working_trees_of_other_kinds(lab, tmp_path, make):
    """Shallow clones, worktrees and trees whose git folder lies elsewhere are restored alike."""
    lab.commit(train="x = 7\n")
    make(lab, tmp_path / "tree")
    write(tmp_path / "tree", "train.py", b"x = 8\n")
    write(tmp_path / "tree", "new.py", b"n = 1\n")
    facts = found(tmp_path / "tree" / "train.py")
    assert facts.gaps == ()
    assert files_of(restore(lab, tmp_path / "again", facts)) == {
        name: file for name, file in files_of(tmp_path / "tree").items() if name != ".git"
    }


def test_a_bare_repository_holds_no_sources(lab, tmp_path):
    """A file beside a bare repository's own lies in no working tree."""
    lab("clone", "-q", "--bare", str(lab.root), str(tmp_path / "bare.git"))
    assert ask([tmp_path / "bare.git" / "train.py"])() == ([], [])


RUN = """
from expkit import Experiment, SETTINGS

SETTINGS.GIT.KEEP_CHANGES = {keep}
ex = Experiment("run")

@ex.automain
def main():
    with open("notes.txt", "a") as file:
        file.write("written by the run")
    with open("made.txt", "w") as file:
        file.write("written by the run")
"""


def recorded(root):
    """Record of the run, and the bytes that its store keeps, by hash."""
    record = json.loads((root / "runs/1/run.json").read_text())
    blobs = {path.parent.name + path.name: path.read_bytes() for path in (root / "runs/.expkit/blobs").glob("*/*")}
    return record, blobs


def run_script(lab):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "run.py"],
        cwd=lab.root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_run_keeps_what_its_repository_has_beyond_the_commit(lab, tmp_path):
    """The record of a short run has patch and untracked files as they were at its start, and their bytes are kept."""
    lab.commit(run="pass\n")
    write(lab.root, "run.py", RUN.format(keep=True).encode())
    write(lab.root, "notes.txt", b"before\n")
    lab("add", "notes.txt")
    write(lab.root, "model.py", b"m = 1\n")
    before = files_of(lab.root)
    run_script(lab)
    record, blobs = recorded(lab.root)
    facts = Found(
        experiment=record["experiment"],
        files=tuple((blobs[entry["sha256"]], FileRef(**_plain(entry))) for entry in record["files"]),
    )
    assert {entry["role"] for entry in record["files"]} >= {"source", "patch", "untracked"}
    assert files_of(restore(lab, tmp_path / "again", facts)) == before


def _plain(entry):
    return {name: entry[name] for name in ("path", "role", "sha256")}


def test_keeping_changes_can_be_switched_off(lab):
    """KEEP_CHANGES = False keeps neither patch nor untracked files; that there are changes is told."""
    lab.commit(run=RUN.format(keep=False))
    write(lab.root, "train.py", b"x = 2\n")
    write(lab.root, "new.py", b"n = 1\n")
    run_script(lab)
    record, _ = recorded(lab.root)
    (entry,) = record["experiment"]["repositories"]
    assert entry["dirty"]
    assert "patch" not in entry
    assert not {"patch", "untracked"} & {entry["role"] for entry in record["files"]}
