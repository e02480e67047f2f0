from sacred import Experiment
from storage import FileStorageObserverWithExUuid, Plain

ex = Experiment("own_folders")
ex.observers = [FileStorageObserverWithExUuid("by_uuid"), Plain("by_number")]


@ex.config
def cfg():
    uuid = "abc"
    x = 2


@ex.automain
def main(x, uuid, _run):
    print(_run._id, [type(observer).__name__ for observer in _run.observers])
    _run.info["x"] = x
    return x * len(uuid)
