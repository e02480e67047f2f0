"""What people add to a run afterwards, folded: the one place that knows what each later fact means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from expkit.record.tagged import kind_of
from expkit.record.wire import file_from_json, time_to_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from expkit.record.model import Annotation, FileRef
    from expkit.types import Json

FILE = "file"
"""The kind of tagged values that stand for a file, whose bytes are its ``blob``."""


class Later:
    """Later facts about one run, as they add up; of names, and of the trash, the last word counts.

    Args:
        annotations: all of them, in order of their time. Those of a kind that this version does not know mean nothing.

    Attributes:
        notes: notes, each with ``value`` (its text), ``author`` and ``time``.
        name: the last name that people gave; None if nobody did.
        results: late results by name; ``result`` is one without a name.
        trash: who put it into the trash, and when; None if it is not there.
    """

    def __init__(self, annotations: Iterable[Annotation]) -> None:
        self.notes: list[Annotation] = []
        self.name: Json = None
        self.results: dict[str, Json] = {}
        self.trash: Annotation | None = None
        self._tags: list[Annotation] = []
        self._files: list[Json] = []
        for annotation in annotations:
            self._add(annotation)

    def _add(self, said: Annotation) -> None:
        if said.action in ("tag", "untag"):
            self._tags.append(said)
        elif said.action == "note":
            self.notes.append(said)
        elif said.action == "name":
            self.name = said.value
        elif said.action == "result":
            self.results |= said.value if isinstance(said.value, dict) else {"result": said.value}
        elif said.action == "artifact":
            self._files.append(said.value)
        elif said.action in ("trash", "restore"):
            self.trash = said if said.action == "trash" else None

    def tags(self, meta: Json) -> list[Json]:
        """A run's own tags and those that were added, without those that were removed; each once.

        Args:
            meta: of its record.
        """
        own = meta.get("tags") if isinstance(meta, dict) else None
        found: list[Json] = []
        for tag in own if isinstance(own, list) else ():
            if tag not in found:
                found.append(tag)
        for said in self._tags:
            if said.action == "untag":
                found = [tag for tag in found if tag != said.value]
            elif said.value not in found:
                found.append(said.value)
        return found

    @property
    def files(self) -> list[FileRef]:
        """The artifacts that were added."""
        found = [tree for tree in self._files if kind_of(tree) == FILE and isinstance(tree.get("blob"), str)]
        return [file_from_json({**tree, "sha256": tree["blob"]}) for tree in found]

    def mixed_in(self, tree: dict[str, Json]) -> dict[str, Json]:
        """A record's tree with these facts, as rows of :mod:`expkit.stores.finding` have them."""
        notes = [{"text": note.value, **_by(note)} for note in self.notes]
        row = {**tree, "tags": self.tags(tree["meta"]), "notes": notes, "late": self.results}
        if self.name is not None:
            row["name"] = self.name
        return row if self.trash is None else {**row, "trash": _by(self.trash)}


def _by(said: Annotation) -> dict[str, Json]:
    return {"author": said.author, "time": time_to_json(said.time)}
