import numpy as np
from sacred import Experiment

ex = Experiment("metrics")


@ex.config
def cfg():
    epochs = 3
    steps_per_epoch = 2


@ex.capture
def helper(_run, value):
    _run.log_scalar("helped", value)


@ex.automain
def main(epochs, steps_per_epoch, _run):
    step = 0
    for epoch in range(epochs):
        for _ in range(steps_per_epoch):
            step += 1
            _run.log_scalar("train.loss", 1.0 / step, step)
        ex.log_scalar("epoch.accuracy", np.float64(0.5 + epoch / 10))
        ex.log_scalar("epoch.int", np.int64(epoch), step=np.int64(step))
        helper(value=epoch)
    _run.log_scalar("jump", 1, 10)
    _run.log_scalar("jump", 2)
    _run.info["final"] = {"steps": step, "list": [1, 2]}
    ex.info["more"] = "text"
    _run.info.setdefault("runs", []).append(1)
    _run.result = "intermediate"
    return np.float64(0.25)
