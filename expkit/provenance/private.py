"""Files that are never kept without being asked for, because of what may be in them: :func:`is_private`."""

from __future__ import annotations

from fnmatch import fnmatchcase

from expkit.record.masking import is_secret_name

_NAMES = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.ppk", "*.jks", "*.keystore", "*.kdbx",
    "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".pgpass", ".htpasswd", ".npmrc", ".pypirc",
    ".git-credentials", ".dockercfg", ".boto", "kubeconfig", "*.kubeconfig", "service-account*.json",
    "service_account*.json", "*.tfstate", "*.tfvars",
)  # fmt: skip
_FOLDERS = frozenset((".ssh", ".aws", ".gnupg", ".docker", ".kube", ".azure"))

_CODE = (
    ".c", ".cc", ".cpp", ".cu", ".cuh", ".go", ".h", ".hpp", ".ipynb", ".java", ".jl", ".js", ".md", ".pxd", ".py",
    ".pyi", ".pyx", ".r", ".rs", ".rst", ".ts",
)  # fmt: skip


def is_private(path: str) -> bool:
    """Whether the name of a file says that it holds secrets.

    Key files and files of access data are known by their names; any other file, and any folder above it, must not
    call itself a secret, a password, a token or the like by a whole word. Program text may be about tokens and
    passwords, ``token.py``, but not be called secrets.

    Args:
        path: with forward slashes.
    """
    *folders, name = path.split("/")
    folded = name.lower()
    if any(fnmatchcase(folded, pattern) for pattern in _NAMES) or not _FOLDERS.isdisjoint(folders):
        return True
    if folded.endswith(_CODE):
        return "secret" in folded or "credential" in folded or any(map(_holds_secrets, folders))
    return is_secret_name(name) or any(map(_holds_secrets, folders))


def _holds_secrets(folder: str) -> bool:
    folded = folder.lower()
    return "secret" in folded or "credential" in folded
