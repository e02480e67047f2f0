"""Which faults are tried with which backends: all that can be with ``.ci/run --faults``, else a sample of them."""

import os

import pytest

from .kinds import BACKENDS

ALL = tuple(BACKENDS)
FAR = ("google", "azure", "sftp", "ftp", "webdav")
"""They share one store with S3, so that samples of them are fewer."""

NEAR = tuple(name for name in ALL if name not in FAR)

SAMPLE = {
    "refused": (*NEAR, "azure", "ftp"),
    "refused without a journal": ("mongodb", "sqlite", "s3"),
    "wrong password": ("postgresql", "s3"),
    "killed at the start": ("mariadb", "s3"),
    "killed in the middle": (*NEAR, "google", "webdav"),
    "killed at the end": ("mongodb", "tinydb"),
    "silent": ("mongodb", "postgresql", "mariadb", "s3", "sftp", "ftp"),
    "silent without a journal": ("postgresql", "ftp"),
    "restarted": ("mongodb", "postgresql"),
    "paused": (*NEAR, "sftp"),
    "paused for a while": ("mongodb", "sqlite"),
    "slow": ("postgresql", "s3"),
    "full disk": ("mongodb", "tinydb", "sqlite"),
    "deleted": ("tinydb", "sqlite"),
    "dropped": ("mongodb", "mariadb", "s3", "webdav"),
    "program killed": ("mongodb", "sqlite", "postgresql", "s3"),
    "many at once": ("mongodb", "tinydb", "sqlite", "postgresql", "mariadb", "s3"),
}
"""Faults, each with the backends that every run of the tests tries it with."""

FAULTS = bool(os.environ.get("EXPKIT_FAULTS"))


def tried_with(fault):
    """The mark for a test of a fault: one test for each backend that it is tried with."""
    able = [name for name in ALL if fault not in BACKENDS[name].lacks]
    chosen = able if FAULTS else [name for name in SAMPLE[fault] if name in able]
    return pytest.mark.parametrize("world", chosen, indirect=True)
