"""The shipped observer contract, for observers that need no server."""

from expkit import FileStorageObserver, RunObserver, StoreObserver
from expkit.stores.memory import MemoryStore
from expkit.testing.observers import ObserverContract, RecordingObserver


class TestStoreObserver(ObserverContract):
    """Any store."""

    def make_observer(self):
        return StoreObserver(MemoryStore())


class TestFileStorageObserver(ObserverContract):
    """The folder store, which is the local log itself."""

    def make_observer(self):
        return FileStorageObserver("runs")

    def check(self, observer, run):
        assert (observer.store.root / observer.store.load(run.uid).id).is_dir()


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


class TestSecondFolder(ObserverContract):
    """A folder store that is not the local log is a lane like any other."""

    def make_observer(self):
        return FileStorageObserver("second", priority=1)

    def beside(self):
        return [FileStorageObserver("first", priority=50)]


class TestRecording(ObserverContract):
    """The recording observer, which remembers each time that it is told."""

    once = False

    def make_observer(self):
        return RecordingObserver()

    def check(self, observer, run):
        assert observer.names()[-1:] in ([run.status.lower() + "_event"], ["join"], ["queued_event"])


class TestSilent(ObserverContract):
    """An observer that overrides nothing."""

    def make_observer(self):
        return RunObserver()
