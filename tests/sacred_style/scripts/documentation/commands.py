from sacred import Experiment, Ingredient

data = Ingredient("data")


@data.config
def data_config():
    path = "some/where"
    rows = 10


@data.command
def stats(path, rows):
    """Print statistics of the data."""
    print("stats", path, rows)


@data.command(prefix="loader", unobserved=True)
def peek(_config):
    print("peek", _config)


ex = Experiment("commands", ingredients=[data])


@ex.config
def config():
    name = "joe"
    greeting = {"word": "hi", "end": "."}


@ex.command
def greet(name):
    """Print a simple greeting."""
    print("Hello {}! Nice to greet you!".format(name))


@ex.command(prefix="greeting")
def short(word, end):
    print(word + end)


@ex.command(unobserved=True)
def look(_run):
    print("looking", _run.status)
    return 5


@ex.main
def main(name):
    print("main", name)


if __name__ == "__main__":
    ex.run_commandline()
