"""Makes the samples anew: each of the tools, at the versions below, writes into a folder that becomes a zip beside this file.

    python make.py [NAME...]

The zips are what the tests read; making them takes minutes and a network, reading them milliseconds.
"""

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
OLD_SETUPTOOLS = "setuptools<81"  # with pkg_resources
SAMPLES = {
    "mlflow": ["mlflow-skinny==3.17.2", "sqlalchemy==2.1.9", "alembic", "sqlparse"],
    "mlflow-2.9": ["mlflow-skinny==2.9.2", "sqlalchemy<2.1", "alembic<1.14", "sqlparse", "numpy<2", OLD_SETUPTOOLS],
    "tensorboard": ["tensorboard==2.21.0", "tensorboardX==2.6.5"],
    "wandb": ["wandb==0.31.0", "numpy"],
    "wandb-0.16": ["wandb==0.16.6", "numpy<2", OLD_SETUPTOOLS],
}
"""Samples and what their writers need."""

PLACE = Path(tempfile.gettempdir()) / "samples"
"""Paths of this folder are inside what the tools write."""


def make(name):
    """Write one sample."""
    home = PLACE / f"venv-{name}"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "-q", *SAMPLES[name]], check=True)
    folder = PLACE / name
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    writer = PLACE / f"write_{name.partition('-')[0]}.py"
    writer.write_bytes((HERE / writer.name).read_bytes())
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("WANDB_", "MLFLOW_"))}
    subprocess.run([python, writer, folder], check=True, cwd=folder, env={**kept, "USER": "ada", "LOGNAME": "ada"})
    pack(folder, HERE / f"{name}.zip")


def pack(folder, target):
    """All files of a folder; links become what they lead to."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            is_wanted = path.suffix != ".log" or path.name == "output.log"
            if path.is_file() and is_wanted and "latest-run" not in path.parts:
                archive.write(path, path.relative_to(folder))


if __name__ == "__main__":
    for name in sys.argv[1:] or SAMPLES:
        make(name)
