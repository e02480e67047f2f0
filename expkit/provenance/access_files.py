"""Files that give access and may be called anything, because an environment variable names them: :func:`access_files`."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from expkit._support.secrets import secret_ones
from expkit.provenance.code.modules import real_folder
from expkit.record.masking_walk import secret_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VARIABLES = (
    "AWS_CONFIG_FILE", "AZURE_AUTH_LOCATION", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_CONFIG_DIR", "BOTO_CONFIG",
    "BOTO_PATH", "CLOUDSDK_CONFIG", "COMET_CONFIG", "CREDENTIALS_DIRECTORY", "DATABRICKS_CONFIG_FILE", "DOCKER_CERT_PATH",
    "DOCKER_CONFIG", "GNUPGHOME", "KAGGLE_CONFIG_DIR", "KRB5CCNAME", "KRB5_CLIENT_KTNAME", "KRB5_KTNAME", "KUBECONFIG",
    "MC_CONFIG_DIR", "MYSQL_TEST_LOGIN_FILE", "NETRC", "NPM_CONFIG_USERCONFIG", "OCI_CLI_CONFIG_FILE", "OCI_CLI_KEY_FILE",
    "OCI_CONFIG_FILE", "PASSWORD_STORE_DIR", "PGPASSFILE", "PGSERVICEFILE", "PGSSLKEY", "PIP_CONFIG_FILE", "RCLONE_CONFIG",
    "REGISTRY_AUTH_FILE", "SOPS_AGE_KEY_FILE", "SSLKEYLOGFILE", "TF_CLI_CONFIG_FILE", "X509_USER_KEY", "X509_USER_PROXY",
)  # fmt: skip
"""They name files, folders, or several of them; Kerberos puts ``FILE:`` in front."""

_ABOUT = ("_FILE", "_PATH")  # what stands behind the secret in names of such variables


class AccessFiles:
    """The files and folders that some variables name.

    Any variable with a secret name may name a file, too: ``GOOGLE_APPLICATION_CREDENTIALS``, ``DB_PASSWORD_FILE``.

    Args:
        variables: of the environment, with their values.
        here: the working directory; ``""`` where it is gone.
        names: secret and harmless ones, see :func:`expkit._support.secrets.names_secret`.
    """

    def __init__(
        self, variables: tuple[tuple[str, str], ...], here: str, names: tuple[tuple[str, ...], tuple[str, ...]]
    ) -> None:
        bare = [(_bare(name), value) for name, value in variables]
        secret = set(secret_ones(tuple(name for name, _ in bare), *names))
        known = set(_places((value for name, value in variables if name in _VARIABLES), here))
        self._files = known.union(_places((value for name, value in bare if name in secret), here))
        # a folder that the program works in is as little private as the program
        self._folders = tuple(place + os.sep for place in known if not f"{here}{os.sep}".startswith(place + os.sep))

    def has(self, path: str) -> bool:
        """Whether it is one of them, or lies in one.

        Args:
            path: absolute.
        """
        folder, name = os.path.split(path)
        return any(
            place in self._files or place.startswith(self._folders)
            for place in {path, os.path.join(real_folder(folder), name)}
        )


def access_files() -> AccessFiles:
    """Those that the environment names now."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""
    return _made(tuple(os.environ.items()), here, secret_names())


_made = lru_cache(maxsize=1)(AccessFiles)


def _bare(variable: str) -> str:
    return next((variable.removesuffix(ending) for ending in _ABOUT if variable.endswith(ending)), variable)


def _places(values: Iterable[str], here: str) -> Iterator[str]:
    """The paths in values, links followed and not."""
    for value in values:
        for path in filter(None, value.split(os.pathsep)):
            place = os.path.normpath(os.path.join(here, os.path.expanduser(path)))
            yield from (place, os.path.realpath(place))
