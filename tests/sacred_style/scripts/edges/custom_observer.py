import datetime

from sacred import Experiment
from sacred.observers import RunObserver


class Chatty(RunObserver):
    priority = 5

    def __init__(self, name):
        self.name = name
        self.lines = []

    def say(self, *words):
        print(self.name, *words)

    def queued_event(self, ex_info, command, host_info, queue_time, config, meta_info, _id):
        self.say("queued", command, isinstance(queue_time, datetime.datetime))
        return "queued id"

    def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
        self.say("started", ex_info["name"], command, start_time.tzinfo, _id, "base_dir" in ex_info)
        self.say([name for name, _ in ex_info["sources"]], ex_info["mainfile"])
        self.say(config["a"], sorted(meta_info), "hostname" in host_info, "python_version" in host_info)
        return 42 if _id is None else _id

    def log_metrics(self, metrics_by_name, info):
        for name, metric in metrics_by_name.items():
            self.say("metrics", name, metric["steps"], metric["values"], len(metric["timestamps"]), metric["name"])

    def heartbeat_event(self, info, captured_out, beat_time, result):
        self.last = info, captured_out, result

    def resource_event(self, filename):
        self.say("resource", filename.split("/")[-1])

    def artifact_event(self, name, filename, metadata=None, content_type=None):
        self.say("artifact", name, filename.split("/")[-1], metadata, content_type)

    def completed_event(self, stop_time, result):
        self.say("completed", result)

    def interrupted_event(self, interrupt_time, status):
        self.say("interrupted", status)

    def failed_event(self, fail_time, fail_trace):
        self.say("failed", fail_trace[-1].strip())

    def join(self):
        self.say("join", self.last[0], self.last[2])


ex = Experiment("observed")
ex.observers.append(Chatty("chatty"))
ex.capture_mode = "sys"


@ex.config
def cfg():
    a = 1
    fail = False


@ex.command
def stop():
    raise KeyboardInterrupt


@ex.automain
def main(a, fail, _run):
    print("id", _run._id)
    _run.log_scalar("loss", 0.5)
    _run.log_scalar("loss", 0.25, 7)
    _run.add_artifact("extra.yaml", metadata={"k": 1})
    _run.add_resource("named_small.json")
    _run.info["b"] = a
    if fail:
        raise ValueError("as you like")
    return {"a": a}
