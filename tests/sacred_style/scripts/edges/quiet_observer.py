"""An observer that hears whatever there is, by keyword."""
from sacred import Experiment
from sacred.observers import RunObserver


class Quiet(RunObserver):
    def started_event(self, **kwargs):
        self.kwargs = sorted(kwargs)

    def completed_event(self, **kwargs):
        print("quiet", self.kwargs, sorted(kwargs))


ex = Experiment("quiet", interactive=True)
ex.observers = [Quiet()]


@ex.automain
def main():
    pass
