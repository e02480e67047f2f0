from sacred import Experiment
from sacred.utils import SacredInterrupt, TimeoutInterrupt

ex = Experiment("interrupts")


class Diverged(SacredInterrupt):
    STATUS = "DIVERGED"


@ex.config
def cfg():
    kind = "custom"


@ex.automain
def main(kind, _run):
    print("before")
    if kind == "custom":
        raise Diverged
    if kind == "plain":
        raise SacredInterrupt()
    if kind == "timeout":
        raise TimeoutInterrupt("too long")
    if kind == "keyboard":
        raise KeyboardInterrupt
    if kind == "exit":
        raise SystemExit(3)
    if kind == "chain":
        try:
            {}["a"]
        except KeyError as error:
            raise RuntimeError("chained") from error
    raise ValueError(kind)
