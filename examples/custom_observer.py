"""An observer of one's own: it appends a line per finished run to a table.

Try:
    python examples/custom_observer.py with x=3
"""

from expkit import Experiment
from expkit.observers import FileStorageObserver, RunObserver


class Table(RunObserver):
    def __init__(self, path):
        self.path = path

    def started_event(self, config, _id):
        self.start = f"{_id}\t{config['x']}"

    def completed_event(self, result):
        self.write(result)

    def failed_event(self, fail_trace):
        self.write(fail_trace[-1].strip())

    def write(self, end):
        with open(self.path, "a") as file:
            file.write(f"{self.start}\t{end}\n")


ex = Experiment("table", observers=[FileStorageObserver("runs"), Table("table.tsv")])


@ex.config
def config():
    x = 1


@ex.automain
def main(x):
    return 12 / x
