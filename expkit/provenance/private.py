"""Files that are never kept without being asked for, because of what may be in them: :func:`is_private`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from expkit.provenance.access_files import access_files
from expkit.record.masking import is_secret_name
from expkit.settings import SETTINGS

_NAMES = (
    "env", ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "netrc", ".netrc", "_netrc", "*.netrc", ".pgpass*", "pgpass.conf",
    "pg_service.conf", ".pg_service.conf", ".mylogin.cnf", ".htpasswd", ".npmrc", ".pypirc", ".vault_pass*",
    "vault_pass*", "kaggle.json", "key.json", "*[-_]key.json", "*key*.asc", ".*_history", ".git-credentials",
    ".dockercfg", ".boto", ".s3cfg", ".databrickscfg", ".comet.config", "rclone.conf", "*.keytab", "krb5cc_*",
    "kubeconfig", "*.kubeconfig", "service-account*.json", "service_account*.json", "*.tfstate", "*.tfvars",
)  # fmt: skip
_BACKUPS = ("~", ".bak", ".backup", ".old", ".orig", ".save", ".swp")
_FOLDERS = frozenset((".ssh", ".aws", ".gnupg", ".docker", ".kube", ".azure", ".oci"))

_HEAD = 8_000  # bytes, as git looks at to tell binary files

_CODE = (
    ".c", ".cc", ".cpp", ".cu", ".cuh", ".go", ".h", ".hpp", ".ipynb", ".java", ".jl", ".js", ".md", ".pxd", ".py",
    ".pyi", ".pyx", ".r", ".rs", ".rst", ".ts",
)  # fmt: skip


def is_private(path: str, place: str) -> bool:
    """Whether the name of a file says that it holds secrets, or an environment variable names it as one that gives access.

    Key files and files of access data are known by their names; any other file, and any folder above it, must not
    call itself a secret, a password, a token or the like by a whole word. Program text may be about tokens and
    passwords, ``token.py``, but not be called secrets.

    Args:
        path: with forward slashes.
        place: where it lies, absolute.
    """
    return _is_private_name(path) or access_files().has(place)


def _is_private_name(path: str) -> bool:
    *folders, name = path.split("/")
    folded = _original(name.lower())
    if folded.endswith(".pub"):
        return False
    if any(fnmatchcase(folded, pattern) for pattern in _NAMES) or not _FOLDERS.isdisjoint(folders):
        return True
    if folded.endswith(_CODE):
        return "secret" in folded or "credential" in folded or any(map(_holds_secrets, folders))
    return any(map(is_secret_name, (name, folded.rpartition(".")[0]))) or any(map(_holds_secrets, folders))


def shows_secrets(path: str, content: bytes) -> bool:
    """Whether a file, or its part of a patch, has access data written out: keys, tokens, ``api_key = "..."``.

    Args:
        path: of the file; in a program only literals count.
        content: its bytes, or its part of a patch.
    """
    if not SETTINGS.SECRETS.MASK or b"\0" in content[:_HEAD]:
        return False
    from expkit._support.secret_texts import shows_access

    return shows_access(content.decode("utf-8", "replace"), is_secret_name, is_code=path.lower().endswith(_CODE))


def public_part(patch: bytes) -> tuple[bytes, list[str]]:
    """A patch without the files that :func:`shows_secrets` names, and their paths: masked, it would not apply."""
    parts = re.split(rb"(?m)^(?=diff --git )", patch)
    private = {part: _path_of(part) for part in parts if part and shows_secrets(_path_of(part), part)}
    return b"".join(part for part in parts if part not in private), list(private.values())


def _path_of(part: bytes) -> str:
    """The path in ``diff --git a/PATH b/PATH``; git quotes odd ones."""
    line = part.partition(b"\n")[0].removeprefix(b"diff --git ")
    if line.startswith(b'"a/'):
        quoted = line[3:].partition(b'" "b/')[0]
        return quoted.decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
    return line[2 : 2 + (len(line) - len(b"a/ b/")) // 2].decode("utf-8", "replace")


def _original(name: str) -> str:
    """The name without what backups add."""
    while name.endswith(_BACKUPS) and name.strip("."):
        name = name.rstrip("~") if name.endswith("~") else name.rpartition(".")[0]
    return name


def _holds_secrets(folder: str) -> bool:
    folded = folder.lower()
    return "secret" in folded or "credential" in folded
