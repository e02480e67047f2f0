"""What drivers and servers say: what it means, and as one sentence for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from expkit.stores.remote.place import Place

_LONGEST = 200

_SIGNS = {
    r"NoCredentials|Unable to locate credentials|no credentials|anonymous credentials|DefaultCredentialsError"
    r"|must provide either": "needs credentials, and there are none; {how}",
    r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthenticationFailed|AuthorizationFailure|invalid_grant|Unauthorized"
    r"|\b401\b|AuthenticationException|Authentication failed|Login (incorrect|authentication failed)|\b530\b"
    r"|access key ID you provided|signature we calculated|InvalidAuthenticationInfo|PartialCredentials": (
        "does not accept the credentials; {how}"
    ),
    r"NoSuchBucket|bucket does not exist|ContainerNotFound|container does not exist|The specified bucket": (
        "is not there; make it first, or look at its name"
    ),
    r"AccessDenied|Access Denied|Forbidden|\b403\b|PermissionError|Permission denied|AuthorizationPermission": (
        "does not allow that to whoever asks; {how}"
    ),
    r"getaddrinfo|Name or service not known|nodename|No address|name resolution|Could not connect to the endpoint"
    r"|Cannot connect to host|refused|Unable to connect|NoValidConnections|ConnectError|unreachable|No route": (
        "does not answer: there is no connection. Is it running, and is the address right?"
    ),
    r"Invalid endpoint": "cannot be asked at such an address: it needs http:// or https:// before its host",
    r"protocol banner|No existing session": "does not answer: it takes connections, and says nothing",
    r"timed? ?out|Timeout": "has not answered in time",
    r"Disconnected|reset by peer|Connection (closed|aborted|lost)|EOFError|Broken pipe|dropped|closed": (
        "has closed the connection"
    ),
    r"NotImplementedError|Read-only": "can only be read",
    r"No space left|disk quota|insufficient.?storage|\b507\b|\b552\b": "has no room left",
    r"OSError: Failure\b": "says no more than that it failed: is its disk full, or a quota used up?",
    r"\b503\b|\b429\b|SlowDown|ServerBusy|Service Unavailable|Too Many Requests": "is busy and has put us off",
}
"""Words of drivers and servers, and what they mean."""

_HOW = {
    "s3": "say them as AWS tools expect it: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role",
    "gcs": "say them by `gcloud auth application-default login` or GOOGLE_APPLICATION_CREDENTIALS",
    "az": "say them by AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    "sftp": "use a key (an agent, ~/.ssh, ?key_filename=PATH) or a line in ~/.netrc",
    "ftp": "write a line into ~/.netrc: machine HOST login USER password PASSWORD",
    "webdav": "write a line into ~/.netrc: machine HOST login USER password PASSWORD",
}


_LASTING = (
    "needs credentials",
    "does not accept",
    "is not there",
    "does not allow",
    "can only be read",
    "cannot be asked",
)
"""Beginnings of what waiting does not change."""


def trouble(error: BaseException, place: Place) -> StoreError:
    """What is wrong with ``place``, as an error."""
    said = sentence(error, place)
    made = StoreError(said)
    return made.lasting() if said.removeprefix(f"{place.where} ").startswith(_LASTING) else made


def sentence(error: BaseException, place: Place) -> str:
    """What is wrong with ``place``."""
    said = " / ".join(_causes(error))
    how = _HOW.get(place.kind.protocol, "see the documentation of the place")
    for sign, meaning in _SIGNS.items():
        if re.search(sign, said, re.IGNORECASE):
            return f"{place.where} {meaning.format(how=how)} ({_short(error)})"
    return f"{place.where} cannot do that: {_short(error)}"


def _causes(error: BaseException | None) -> Iterator[str]:
    """The error and what it came from, by type, text and status of HTTP."""
    for _ in range(6):
        if error is None:
            return
        yield f"{type(error).__name__}: {error} {getattr(error, 'status_code', '')}"
        error = error.__cause__ or error.__context__


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def says(error: BaseException, *signs: str) -> bool:
    """Whether an error has one of these words."""
    text = f"{error!r} {error.__cause__!r}"
    return any(sign in text for sign in signs)


def is_absent(error: Exception) -> bool:
    """Whether an error says that there is nothing of that name."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return isinstance(error, FileNotFoundError) or status == _NOT_FOUND


_NOT_FOUND = 404

_DROPPED = frozenset(
    (
        "SSHException",
        "error_temp",
        "RemoteProtocolError",
        "ReadError",
        "WriteError",
        "ServerDisconnectedError",
        "ClientOSError",
        "ClientPayloadError",
        "ServiceResponseError",
        "IncompleteReadError",
    )
)
"""Errors of drivers, by name, so that none of them has to be loaded."""


def is_dropped(error: Exception) -> bool:
    """Whether a connection broke that may be made again at once; slowness is no such thing."""
    if says(
        error, "protocol banner", "No existing session"
    ):  # whoever listens there has had time enough to say who it is
        return False
    return (
        isinstance(error, (EOFError, ConnectionError))
        or type(error).__name__ in _DROPPED
        or (isinstance(error, OSError) and "closed" in str(error).lower())
    )
