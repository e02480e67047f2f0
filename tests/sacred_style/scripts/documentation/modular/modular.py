"""An experiment in several files."""
from dataset import data_ingredient, load_data
from sacred import Experiment

ex = Experiment("modular", ingredients=[data_ingredient])


@ex.config
def cfg():
    a = 10
    b = 17
    c = a + b


@ex.named_config
def named():
    a = 0
    dataset = {"filename": "named.npy"}


@ex.automain
def main(a, b, c):
    data = load_data()
    print("parameters: a={}, b={}, c={}".format(a, b, c))
    return c + float(data.sum())
