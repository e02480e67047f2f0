"""Train a classifier on handwritten digits: the bundled data set of scikit-learn, 1,797 images of 8 x 8 pixels.

Try for example:

    python examples/digits.py with model.C=10 small
    python examples/digits.py print_config with small
"""

import pickle

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from expkit import Experiment, Ingredient

data = Ingredient("data")


@data.config
def data_config():
    test_share = 0.25  # part of the images that is kept for testing
    classes = 10  # only digits below this one


@data.capture
def load(test_share, classes, _seed):
    images, labels = load_digits(return_X_y=True)
    chosen = labels < classes
    return train_test_split(images[chosen] / 16.0, labels[chosen], test_size=test_share, random_state=_seed % 2**32)


ex = Experiment("digits", ingredients=[data])


@ex.config
def config():
    epochs = 20  # passes over the training images
    model = {
        "C": 1.0,  # inverse strength of regularisation
        "loss": "log_loss",
    }
    batch = 64


@ex.named_config
def small():
    """Three digits, five epochs: done in a second."""
    epochs = 5
    data = {"classes": 3}


@ex.capture(prefix="model")
def make_model(C, loss, _seed):
    return SGDClassifier(loss=loss, alpha=1e-4 / C, random_state=_seed % 2**32)


@ex.capture
def train_epoch(model, images, labels, classes, batch, _rnd):
    order = _rnd.permutation(len(images))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        model.partial_fit(images[chosen], labels[chosen], classes=classes)


@ex.capture
def keep(model, images, labels, _run):
    (_run.dir / "model.pkl").write_bytes(pickle.dumps(model))
    ConfusionMatrixDisplay.from_estimator(model, images, labels)
    plt.savefig(_run.dir / "confusion.png")


@ex.automain
def main(epochs, _run, _log):
    train_images, test_images, train_labels, test_labels = load()
    fitted = make_model()
    classes = np.unique(train_labels)
    for epoch in range(epochs):
        train_epoch(fitted, train_images, train_labels, classes)
        accuracy = fitted.score(test_images, test_labels)
        _run.log_scalar("train.accuracy", fitted.score(train_images, train_labels), epoch)
        _run.log_scalar("test.accuracy", accuracy, epoch)
        print(f"epoch {epoch}: accuracy {accuracy:.3f}")
    keep(fitted, test_images, test_labels)
    _log.info("tested on %d images", len(test_labels))
    return round(float(accuracy), 4)
