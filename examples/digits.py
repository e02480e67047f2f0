"""Train a classifier on handwritten digits: 1,797 images of 8 x 8 pixels that come with scikit-learn.

Try:
    python examples/digits.py with model.C=10 small
    python examples/digits.py print_config with small
"""

import pickle

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from expkit import Experiment, Ingredient

data = Ingredient("data")
ex = Experiment("digits", ingredients=[data])


@ex.config
def config():
    epochs = 20  # passes over the training images
    batch = 64  # images per step
    model = {
        # which errors count, and how much
        "loss": "log_loss",
        # inverse strength of regularisation
        "C": 1.0,
    }


@ex.named_config
def small():
    """Three digits, five epochs: done in a second."""
    epochs = 5
    data = {"classes": 3}


@data.config
def data_config():
    classes = 10  # only digits below this one
    test_share = 0.25  # part of the images that is kept for testing


@data.capture
def load(classes, test_share, _seed):
    images, labels = load_digits(return_X_y=True)
    chosen = labels < classes
    return train_test_split(images[chosen] / 16, labels[chosen], test_size=test_share, random_state=_seed)


@ex.capture(prefix="model")
def make_model(loss, C, _seed):
    return SGDClassifier(loss=loss, alpha=1e-4 / C, random_state=_seed)


@ex.capture
def train(model, images, labels, batch, _rnd):
    order = _rnd.permutation(len(images))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        model.partial_fit(images[chosen], labels[chosen], classes=np.unique(labels))


@ex.capture
def keep(model, images, labels, _run):
    (_run.dir / "model.pkl").write_bytes(pickle.dumps(model))
    figure = Figure()
    ConfusionMatrixDisplay.from_estimator(model, images, labels, ax=figure.add_subplot())
    figure.savefig(_run.dir / "confusion.png")


@ex.automain
def main(epochs, _run, _log):
    train_images, test_images, train_labels, test_labels = load()
    model = make_model()
    for epoch in range(epochs):
        train(model, train_images, train_labels)
        accuracy = {
            "train.accuracy": model.score(train_images, train_labels),
            "test.accuracy": model.score(test_images, test_labels),
        }
        _run.log_scalars(accuracy, epoch)
        print(f"epoch {epoch}: accuracy {accuracy['test.accuracy']:.3f}")
    keep(model, test_images, test_labels)
    _log.info("tested on %d images", len(test_labels))
    return round(accuracy["test.accuracy"], 4)
