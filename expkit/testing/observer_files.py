"""The contract of observers: files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from expkit.observers.base import RunObserver
from expkit.testing.observer_tests import ObserverTests

NAMES = ("plain.txt", "sub/folder/deep.txt", "wäg ung ☃.txt", "a'b\"c;$HOME.txt", "." + "x" * 150)
"""Names of artifacts that somebody or other trips over."""


class _Reader(RunObserver):
    """Reads every file that it is told of."""

    def __init__(self) -> None:
        self.read: list[tuple[str, bytes]] = []

    def artifact_event(self, name: str, filename: str) -> None:  # type: ignore[override]
        self.read.append((name, Path(filename).read_bytes()))


class FileContract(ObserverTests):
    """Files: resources and artifacts, of any name, also such that do not stay."""

    def test_files(self, tmp_path: Path) -> None:
        """Artifacts and resources are taken, also when the original is gone at once."""

        def main(_run: Any) -> None:
            (tmp_path / "in.txt").write_text("in")
            _run.add_resource(tmp_path / "in.txt")
            (tmp_path / "out.txt").write_text("out")
            _run.add_artifact(tmp_path / "out.txt", "results.txt", {"kind": "text"}, "text/plain")
            (tmp_path / "out.txt").unlink()

        assert self.run(main).status == "COMPLETED"
        (told,) = self.witness.arguments("artifact_event")
        assert (told["name"], told["metadata"], told["content_type"]) == ("results.txt", {"kind": "text"}, "text/plain")

    def test_names(self, tmp_path: Path) -> None:
        """Artifacts may have any name: with folders, spaces, quotes, letters of any kind."""
        assert self._read(tmp_path, [(name, name.encode()) for name in NAMES]) == [
            (name, name.encode()) for name in NAMES
        ]

    def test_the_same_name_again(self, tmp_path: Path) -> None:
        """An artifact that comes again under its name, with other bytes or the same, is told each time as it was."""
        parts = [("model.bin", b"first"), ("model.bin", b"second"), ("copy.bin", b"second"), ("model.bin", b"second")]
        assert self._read(tmp_path, parts) == parts

    def test_empty_and_large_files(self, tmp_path: Path) -> None:
        """A file without bytes is a file, and so is one of a few megabytes."""
        parts = [("empty", b""), ("large", bytes(range(256)) * 12_000), ("also empty", b"")]
        assert self._read(tmp_path, parts) == parts

    def _read(self, folder: Path, parts: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        """What another observer reads of artifacts whose originals are gone."""
        reader = _Reader()

        def main(_run: Any) -> None:
            _run.observers.append(reader)
            for name, data in parts:
                (folder / "original").write_bytes(data)
                _run.add_artifact(folder / "original", name)
                (folder / "original").unlink()

        self.run(main)
        return reader.read
