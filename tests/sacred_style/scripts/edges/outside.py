"""Main and captured functions called outside of a run, and observers added late."""
from sacred import Experiment
from sacred.observers import FileStorageObserver, RunObserver

ex = Experiment("outside", interactive=True)
ex.add_config(a=1)


class Late(RunObserver):
    def started_event(self, ex_info, command, host_info, start_time, config, meta_info, _id):
        print("late started", _id, config["a"])
        return _id

    def completed_event(self, stop_time, result):
        print("late completed", result)


@ex.capture
def double(a=4):
    return a * 2


@ex.main
def main(a=10):
    return a + double()


@ex.config_hook
def add(config, command_name, logger):
    if not any(isinstance(observer, Late) for observer in ex.observers):
        ex.observers.append(FileStorageObserver("hooked"))
        ex.observers.append(Late())
    return {}


print(main(), main(3), double(), double(5))
run = ex.run(config_updates={"a": 7})
print(run.result, len(run.observers), run._id)
print(main(1), double(), ex.run().result)
