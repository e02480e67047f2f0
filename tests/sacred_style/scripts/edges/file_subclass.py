import os

from sacred import Experiment
from sacred.observers import FileStorageObserver


class MyStorage(FileStorageObserver):
    """Keeps a summary of its own beside the record."""

    def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
        if _id is None:
            _id = "run_{}".format(config["a"])
        given = super().started_event(ex_info, command, host_info, start_time, config, meta_info, _id)
        print("started", given, os.path.basename(self.dir), os.path.basename(self.basedir))
        return given

    def artifact_event(self, name, filename, metadata=None, content_type=None):
        super().artifact_event("my_" + name, filename, metadata, content_type)

    def completed_event(self, stop_time, result):
        with open(os.path.join(self.dir, "summary.txt"), "w") as f:
            f.write("result {}".format(result))
        super().completed_event(stop_time, result)


class Counting(FileStorageObserver):
    def __init__(self, basedir, **kwargs):
        super().__init__(basedir, **kwargs)
        self.beats = 0

    def heartbeat_event(self, info, captured_out, beat_time, result):
        self.beats += 1
        super().heartbeat_event(info, captured_out, beat_time, result)

    def join(self):
        print("beats", self.beats > 0)


ex = Experiment("file_subclass")
ex.observers.append(MyStorage("mine"))
ex.observers.append(Counting("counted", priority=10))


@ex.config
def cfg():
    a = 1


@ex.automain
def main(a, _run):
    print("id", _run._id)
    ex.add_artifact("extra.yaml")
    _run.log_scalar("x", a)
    return a * 2
