"""Random programs, and the truth about their files."""

from __future__ import annotations

import hashlib
import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from expkit import Experiment
from expkit.observers.store import StoreObserver
from expkit.stores.folder.store import FolderStore

NAMES = ["a", "b", "c", "d"]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.sampled_from(NAMES)),
        st.tuples(st.just("write"), st.sampled_from(NAMES), st.binary(min_size=1, max_size=3)),
        st.tuples(st.just("append"), st.sampled_from(NAMES), st.binary(min_size=1, max_size=3)),
        st.tuples(st.just("remove"), st.sampled_from(NAMES)),
        st.tuples(st.just("rename"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    ),
    max_size=12,
)


class Truth:
    """What a program does to files, done by the book."""

    def __init__(self, before):
        self.now = dict(before)
        self.given = dict.fromkeys(before, True)  # whether what is there now was there before the run
        self.inputs = {}
        self.written = set()

    def read(self, name):
        if name in self.now and self.given.get(name):
            self.inputs.setdefault(name, self.now[name])

    def write(self, name, data):
        self.now[name], self.given[name] = data, False
        self.written.add(name)

    def append(self, name, data):
        self.write(name, self.now.get(name, b"") + data)

    def remove(self, name):
        self.now.pop(name, None)

    def rename(self, old, new):
        if old in self.now and old != new:
            self.now[new], self.given[new] = self.now.pop(old), False
            self.written.add(new)

    @property
    def outputs(self):
        return {name: self.now[name] for name in self.written if name in self.now}


def do(step, folder):
    kind, name, *rest = step
    path = os.path.join(folder, name)
    if kind == "read" and os.path.exists(path):
        with open(path, "rb") as file:
            file.read()
    elif kind in ("write", "append"):
        with open(path, "wb" if kind == "write" else "ab") as file:
            file.write(rest[0])
    elif kind == "remove" and os.path.exists(path):
        os.remove(path)
    elif kind == "rename" and os.path.exists(path) and rest[0] != name:
        os.replace(path, os.path.join(folder, rest[0]))


def hashes(files):
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def recorded(record, role):
    return {ref.path: ref.sha256 for ref in record.files_of(role)}


@settings(max_examples=300 if os.environ.get("EXPKIT_FAULTS") == "1" else 20, deadline=None)
@given(before=st.dictionaries(st.sampled_from(NAMES), st.binary(min_size=1, max_size=3)), steps=STEPS)
def test_inputs_and_outputs_are_the_truth(tmp_path_factory, before, steps):
    """Inputs are what was there before and was read, as it was then; outputs what was written and is there at the end."""
    folder = tmp_path_factory.mktemp("truth")
    for name, data in before.items():
        (folder / name).write_bytes(data)
        os.utime(folder / name, (1e9, 1e9))
    ex = Experiment(
        "truth",
        interactive=True,
        base_dir=folder,
        save_git_info=False,
        observers=[StoreObserver(FolderStore(folder / "runs"))],
    )
    truth = Truth(before)

    @ex.main
    def main():
        for step in steps:
            do(step, folder)
            getattr(truth, step[0])(*step[1:])

    record = ex.run().record
    assert json.dumps(record.gaps) == "[]"
    assert recorded(record, "input") == hashes(truth.inputs)
    assert recorded(record, "output") == hashes(truth.outputs)
    assert not any(ref.changed for ref in record.files)
