import sys

from sacred import Experiment

ex = Experiment("cl")


@ex.config
def config():
    lr = 0.1
    size = lr * 10
    layers = [10, 20]
    name = None
    flag = False


@ex.command
def show(lr, size):
    """Show the numbers.

    In two paragraphs.
    """
    print("show", lr, size)


@ex.main
def train(lr, size, layers, name, flag, _seed, _rnd, _log, _run, _config):
    print(lr, size, layers, name, flag)
    print(type(_seed).__name__, type(_rnd).__name__, type(_log).__name__, type(_run).__name__)
    print(sorted(_config))
    assert _config["seed"] == _run.config["seed"]
    return [lr, size]


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "string":
        run = ex.run_commandline("commandline.py train with lr=5 -l ERROR")
        print("returned", run.result, run.status)
    elif len(sys.argv) > 1 and sys.argv[1] == "list":
        run = ex.run_commandline(["commandline.py", "show", "with", "lr=7", "--loglevel=WARNING"])
        print("returned", run.result)
    else:
        ex.run_commandline()
