"""Many processes with many runs at once, in each backend."""

from __future__ import annotations

from expkit.record.model import OUTPUT, POINTS

from ..processes import ended
from .table import tried_with
from .world import LIMIT

MANY = """
import sys
from expkit import SETTINGS, Experiment

SETTINGS.LANES.STORE_LIMIT = 300  # how many there are is asked here, not how long each one waits
ids = []
for _ in range(int(sys.argv[2])):
    ex = Experiment("many", interactive=True, observers=[sys.argv[1]])

    @ex.main
    def main(_run):
        for step in range(20):
            _run.log_scalar("loss", 1 / (step + 1), step)
        print("run", _run._id)
        _run.add_artifact(__file__, "program.py")
        return str(_run._id)

    ids.append(str(ex.run()._id))
print("ids", *ids)
"""


@tried_with("many at once")
def test_many_at_once(world):
    """16 processes with 25 runs each give 400 whole records under ids of their own; scaled down, 8 with 3 each."""
    processes, each = (16, 25) if world.faults else (8, 3)
    world.start()
    starters = [world.program(MANY, world.url(), each, head="") for _ in range(processes)]
    ids = []
    for starter in starters:
        code, out, err = ended(starter, 4 * LIMIT)
        assert code == 0, err
        ids += out.rpartition("ids")[2].split()
    assert len(set(ids)) == len(ids) == processes * each
    code, said = world.sync()
    assert code == 0, said
    store = world.store()
    assert_whole(store, ids)
    assert world.backend.doubles(store) == []
    store.close()


def assert_whole(store, ids):
    keys = store.ids()
    assert sorted(str(key.id) for key in keys) == sorted(ids)
    assert len({key.uid for key in keys}) == len(ids)
    if store.capabilities.counts:
        assert sorted(map(int, ids)) == list(range(1, len(ids) + 1))
    assert [change.what for change in store.changes()[0]].count("created") == len(ids)
    for key in keys:
        record = store.load(key.uid)
        assert (record.status, record.result, record.gaps) == ("COMPLETED", str(key.id), ())
        found = {stream.content: store.read(key.uid, stream) for stream in store.streams(key.uid)}
        points = [(point.step, point.value) for point in found[POINTS] if point.name == "loss"]
        assert points == [(step, 1 / (step + 1)) for step in range(20)]
        assert f"run {key.id}\n" in found[OUTPUT].decode()
        assert [ref.path for ref in record.files_of("artifact")] == ["program.py"]
        assert all(store.has_blob(ref.sha256) for ref in record.files if ref.kept)
