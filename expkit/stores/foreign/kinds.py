"""Which tool wrote a file or a folder: found out by looking, never by asking the tool."""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.foreign.store import ForeignStore

if TYPE_CHECKING:
    from collections.abc import Callable


_LOOKED_AT = 20_000
_SQLITE = b"SQLite format 3\0"


def open_mlflow(place: str) -> ForeignStore:
    """MLflow's runs: ``mlruns``, a folder that has it, or a database."""
    from expkit.stores.foreign.mlflow_database import MlflowDatabase
    from expkit.stores.foreign.mlflow_folder import MlflowFolder

    path = _mlflow_in(_path(place.removeprefix("sqlite:///"), "mlflow:mlruns"))
    return ForeignStore(MlflowDatabase(path) if os.path.isfile(path) else MlflowFolder(path))


def _mlflow_in(path: str) -> str:
    """What MLflow wrote into a folder, if it is not that folder itself.

    Raises:
        StoreError: there are runs in two places.
    """
    if _has_meta(path):
        return path
    folder, database = os.path.join(path, "mlruns"), os.path.join(path, "mlflow.db")
    found = [
        place for place, is_there in ((folder, _has_meta(folder)), (database, os.path.isfile(database))) if is_there
    ]
    if len(found) > 1:
        raise StoreError(
            f"MLflow wrote into {folder} and into {database}; name one of them: mlflow:{folder} or mlflow:{database}"
        )
    return found[0] if found else path


def open_tensorboard(place: str) -> ForeignStore:
    """Event files of TensorBoard: a folder of logs, or one file."""
    from expkit.stores.foreign.tensorboard import Tensorboard

    return ForeignStore(Tensorboard(_path(place, "tensorboard:logs")))


def open_wandb(place: str) -> ForeignStore:
    """W&B's runs: a folder ``wandb``, the folder of a run, or its file."""
    from expkit.stores.foreign.wandb import Wandb

    return ForeignStore(Wandb(_path(place, "wandb:wandb")))


OPENERS: dict[str, Callable[[str], ForeignStore]] = {
    "mlflow": open_mlflow,
    "tensorboard": open_tensorboard,
    "wandb": open_wandb,
}
"""How to open what other tools wrote, by scheme."""


KEPT = {
    "MLflow": "parameters, metrics, tags, names, descriptions, artifacts, commits and parents are kept;"
    " datasets, logged models, traces and the registry are not",
    "TensorBoard": "scalars, texts and hyperparameters are kept; histograms, pictures, audio, graphs and embeddings are not",
    "W&B": "config, history, system metrics, summary, output, tags, notes, saved files, packages and commits are kept;"
    " histograms and links to media in the history, and the bytes of artifacts are not",
}
"""Of each tool what is kept and what is not, behind "of its records"."""


def scheme_of(path: str) -> str:
    """The scheme of what lies at a path: of one of these tools, ``tinydb`` or ``sqlite`` for Sacred's, else ``folder``.

    Args:
        path: of a file or a folder that is there.
    """
    if os.path.isfile(path):
        return _of_file(path)
    if any(map(_has_meta, (path, os.path.join(path, "mlruns")))) or os.path.isfile(os.path.join(path, "mlflow.db")):
        return "mlflow"
    if os.path.isfile(os.path.join(path, "metadata.json")) and os.path.isdir(os.path.join(path, "hashfs")):
        return "tinydb"
    folders = islice(os.walk(path), _LOOKED_AT)
    return next((found for _, _, names in folders if (found := _of_names(names))), "folder")


def _of_file(path: str) -> str:
    from expkit.stores.foreign.mlflow_database import is_database

    with open(path, "rb") as file:
        head = file.read(len(_SQLITE))
    if head == _SQLITE:
        return "mlflow" if is_database(path) else "sqlite"
    return _of_names([os.path.basename(path)]) or "folder"


def _of_names(names: list[str]) -> str:
    """Who wrote a folder with such files: event files beside a record belong to the run of that record."""
    from expkit.stores.foreign.tensorboard import is_event_file
    from expkit.stores.foreign.wandb import is_log

    if "run.json" in names:
        return "folder"
    return "wandb" if any(map(is_log, names)) else "tensorboard" if any(map(is_event_file, names)) else ""


def _has_meta(folder: str) -> bool:
    """Whether a folder has an experiment of MLflow's."""
    try:
        return any(os.path.isfile(os.path.join(folder, name, "meta.yaml")) for name in os.listdir(folder))
    except OSError:
        return False


def _path(place: str, example: str) -> str:
    if not place:
        raise StoreError(f"the URL needs a path: {example}")
    return os.path.expanduser(place)
