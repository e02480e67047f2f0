from sacred import Experiment
from sacred.observers import FileStorageObserver

ex = Experiment("hello")
ex.observers.append(FileStorageObserver("runs"))


@ex.config
def config():
    message = "hello"


@ex.automain
def main(message):
    print(message)
