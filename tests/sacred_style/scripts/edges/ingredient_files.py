"""Files as configs and as named configs, of experiment and ingredient."""
from sacred import Experiment, Ingredient

part = Ingredient("part")
part.add_config("extra.yaml")
part.add_named_config("other", "namedpart.yaml")

ex = Experiment("ingredient_files", ingredients=[part])
ex.add_config({"a": 1, "inner": {"x": 1, "y": 2}})
ex.add_named_config("from_file", "namedfile.json")
ex.add_named_config("inline", {"inner": {"y": 5}, "part": {"depth": 7}})


@part.capture
def shown(depth, optim):
    return depth, optim["lr"]


@ex.automain
def main(a, inner):
    print(a, inner["x"], inner["y"], shown())
