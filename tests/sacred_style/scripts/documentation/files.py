import os

from sacred import Experiment

ex = Experiment("files")
ex.add_config("named_small.json")
ex.add_config("extra.yaml")
ex.add_config({"optim": {"kind": "adam"}, "tuple": (1, 2)})
ex.add_source_file("modular/dataset.py")
ex.add_package_dependency("madeup", "1.2.3")


@ex.command(unobserved=True)
def about():
    info = ex.get_experiment_info()
    print(sorted(info))
    print(info["name"], info["mainfile"], [name for name, digest in info["sources"] if len(digest) == 32])
    print([entry for entry in info["dependencies"] if entry.startswith("madeup")])
    print(info["base_dir"] == os.path.dirname(os.path.abspath(__file__)), info["repositories"])
    print(sorted(name for name, _ in ex.gather_commands()))
    print(sorted(name for name, _ in ex.gather_named_configs()))


@ex.automain
def main(filters, tags, depth, optim, tuple):
    print(filters, tags, depth, optim["lr"], optim["kind"], list(tuple))
