"""The shipped observer contract, for every observer that ships."""

from expkit import FileStorageObserver, RunObserver, StoreObserver
from expkit.record.wire import record_to_json
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import ObserverContract, RecordingObserver


def assert_whole(store, run):
    """The store holds what the run's own record says, streams and bytes included."""
    stored, known = record_to_json(store.load(run.uid)), record_to_json(run.record)
    stored.pop("_id"), known.pop("_id")
    assert stored == known
    for ref in run.record.files:
        assert not ref.kept or store.has_blob(ref.sha256)


class TestStoreObserver(ObserverContract):
    """Any store."""

    def make_observer(self):
        self.store = MemoryStore()
        return StoreObserver(self.store)

    def check(self, observer, run):
        assert_whole(self.store, run)


class TestFileStorageObserver(ObserverContract):
    """The folder store."""

    def make_observer(self):
        return FileStorageObserver("runs")

    def check(self, observer, run):
        assert_whole(observer.store, run)
        assert run.folder.name == run._id


class TestOverridden(ObserverContract):
    """A folder observer whose methods are overridden and call ``super()``: everything lies there once."""

    def make_observer(self):
        class Mine(FileStorageObserver):
            def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
                return super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)

            def heartbeat_event(self, info, captured_out, beat_time, result):
                super().heartbeat_event(info, captured_out, beat_time, result)

            def artifact_event(self, name, filename, metadata=None, content_type=None):
                super().artifact_event(name, filename, metadata, content_type)

            def completed_event(self, stop_time, result):
                super().completed_event(stop_time, result)

        return Mine("runs")

    def check(self, observer, run):
        assert_whole(observer.store, run)


class TestSecondFolder(ObserverContract):
    """A folder store that is not the local log is a lane like any other."""

    def make_observer(self):
        return FileStorageObserver("second", priority=1)

    def run(self, main, config=None, options=None):
        from expkit import Experiment

        first = FileStorageObserver("first", priority=50)
        self.observer, self.witness = self.make_observer(), RecordingObserver()
        experiment = Experiment("contract", interactive=True, observers=[self.witness, self.observer, first])
        experiment.add_config(config or {"a": 1})
        experiment.main(main)
        try:
            experiment.run(options=options)
        except (Exception,) as error:
            assert type(error).__name__ in ("Enough", "ZeroDivisionError")
        run = experiment.current_run
        assert run.recorder.owed == []
        assert_whole(self.observer.store, run)
        assert_whole(first.store, run)
        return run


class TestRecording(ObserverContract):
    """The recording observer."""

    def make_observer(self):
        return RecordingObserver()


class TestSilent(ObserverContract):
    """An observer that overrides nothing."""

    def make_observer(self):
        return RunObserver()
