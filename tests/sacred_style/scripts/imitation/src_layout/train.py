import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))
from project.model import make, model
from sacred import Experiment

ex = Experiment("train", ingredients=[model])


@ex.automain
def main(model):
    print(len(make()), model["units"])
