"""An observer that chooses the folders, as several code bases write it."""
import os

from sacred.observers import FileStorageObserver


class FileStorageObserverWithExUuid(FileStorageObserver):
    """Stores runs in folders named by an id in the config."""

    UNUSED_VALUE = -1

    def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
        _id = config["uuid"] + "_metadata"
        super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id=_id)
        return _id

    def queued_event(self, ex_info, command, host_info, queue_time, config, meta_info, _id):
        assert "ex_uuid" in config
        return super().queued_event(ex_info, command, host_info, queue_time, config, meta_info, _id=config["uuid"])


class Plain(FileStorageObserver):
    """The next free number, with leading zeros."""

    def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
        os.makedirs(self.basedir, exist_ok=True)
        taken = [int(name) for name in os.listdir(self.basedir) if name.isdigit()]
        _id = "{:04d}".format(max(taken, default=0) + 1)
        return super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)
