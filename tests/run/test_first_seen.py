"""When a run met its files."""

from datetime import timezone

from expkit import Experiment, StoreObserver
from expkit.stores.memory import MemoryStore


def test_every_file_says_when_the_run_met_it(tmp_path):
    """Sources are met when the run begins, the others when they are added; adding one again changes nothing."""
    store = MemoryStore()
    experiment = Experiment("sample", observers=[StoreObserver(store)], base_dir=tmp_path)
    data = tmp_path / "data.txt"
    data.write_text("x")
    times = []

    @experiment.main
    def main(_run):
        _run.add_resource(data)
        times.append(_run.record.files_of("resource")[0].first_seen)
        _run.add_artifact(data)
        _run.add_resource(data)
        (_run.dir / "made.txt").write_text("y")

    record = store.load(experiment.run().uid)
    seen = {ref.path: ref.first_seen for ref in record.files}
    assert all(time.tzinfo is timezone.utc for time in seen.values())
    assert record.files_of("resource")[0].first_seen == times[0] < record.files_of("artifact")[0].first_seen
    sources = {ref.first_seen for ref in record.files_of("source")}
    assert max(sources) <= record.start_time <= times[0] < seen["files/made.txt"] <= record.stop_time
