from sacred import Experiment
from sacred.observers import FileStorageObserver

child = Experiment("child")
child.add_config(x=1)


@child.main
def child_main(x, _run):
    print("child", x)
    return x * 10


parent = Experiment("parent")
parent.observers.append(FileStorageObserver("runs"))


@parent.config
def cfg():
    xs = [1, 2]


@parent.capture
def width(xs):
    return len(xs)


@parent.automain
def main(xs, _run):
    results = [child.run(config_updates={"x": x}).result for x in xs]
    print(width(), results, parent.current_run is _run)
    return sum(results)
