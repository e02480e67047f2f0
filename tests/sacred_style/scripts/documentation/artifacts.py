import json
import os
import tempfile

from sacred import Experiment

ex = Experiment("artifacts")


@ex.config
def cfg():
    text = "some text"
    source = "named_small.json"


@ex.automain
def main(text, source, _run):
    with open("result.txt", "w") as f:
        f.write(text)
    ex.add_artifact("result.txt")
    ex.add_artifact("result.txt", name="renamed.txt", metadata={"epoch": 1}, content_type="text/plain")
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as f:
        json.dump({"a": 1}, f)
    _run.add_artifact(f.name, name="data.json")
    _run.add_artifact(filename=os.path.abspath("result.txt"), name="third.txt")
    with ex.open_resource(source) as f:
        print(json.load(f)["filters"])
    with _run.open_resource(source, "rb") as f:
        print(len(f.read()) > 0)
    ex.add_resource("extra.yaml")
    os.remove("result.txt")
    os.remove(f.name) if os.path.isabs(f.name) else None
