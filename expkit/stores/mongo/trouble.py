"""What the driver says, as one sentence for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit._support.nearest import did_you_mean
from expkit.errors import StoreError
from expkit.stores.mongo.place import OWN

if TYPE_CHECKING:
    from pymongo.errors import OperationFailure

    from expkit.stores.mongo.place import Place

_BAD_LOGIN = (18, 8000)
_NO_RIGHT = 13
_LONGEST = 300

_NO_HOST = r"getaddrinfo|Name or service|nodename|No address|name resolution"
_NOBODY = rf"refused|{_NO_HOST}"
_SOMEBODY = r"timed? ?out|replica set|primary"

_SIGNS = (
    ("refused", "the connection is refused"),
    (_NO_HOST, "there is no such host"),
    (r"replica set|ReplicaSetNoPrimary|primary", "no primary of such a replica set is there"),
    (r"SSL|TLS|certificate", "there is no TLS connection: {said}"),
    (r"timed? ?out", "it does not answer"),
    (r"connection closed|reset by peer", "it closes the connection; perhaps it wants TLS, `tls=true` in the URL"),
)


def is_dropped(error: Exception) -> bool:
    """Whether a connection broke that may be made again at once; slowness is no such thing."""
    from pymongo.errors import AutoReconnect, NetworkTimeout, ServerSelectionTimeoutError

    return isinstance(error, AutoReconnect) and not isinstance(error, (NetworkTimeout, ServerSelectionTimeoutError))


def is_closed(error: Exception) -> bool:
    """Whether somebody else of this process has closed the client meanwhile."""
    from pymongo.errors import InvalidOperation

    return isinstance(error, InvalidOperation) and "after close" in str(error)


def is_absent(error: Exception) -> bool:
    """Whether nobody listens at the address; who has a primary to elect may come back at once."""
    from pymongo.errors import ServerSelectionTimeoutError

    is_clear = re.search(_NOBODY, _said(error), re.IGNORECASE) and not re.search(_SOMEBODY, _said(error), re.IGNORECASE)
    return isinstance(error, ServerSelectionTimeoutError) and bool(is_clear)


def trouble(error: Exception, place: Place) -> StoreError:
    """What is wrong with the server of ``place``, as an error."""
    from pymongo.errors import ConfigurationError, InvalidName, InvalidURI

    made = StoreError(sentence(error, place))
    is_lasting = isinstance(error, (ConfigurationError, InvalidURI, InvalidName))
    return made.lasting() if is_lasting or getattr(error, "code", None) in (*_BAD_LOGIN, _NO_RIGHT) else made


def sentence(error: Exception, place: Place) -> str:
    """What is wrong with the server of ``place``."""
    from pymongo import errors

    here, said = f"the MongoDB server at {place.hosts}", _said(error)
    if isinstance(error, errors.ServerSelectionTimeoutError):
        return f"no MongoDB server answers at {place.hosts}: {_sign(said)}. Is it running, and is the address right?"
    if isinstance(error, (errors.ConfigurationError, errors.InvalidURI, errors.InvalidName)):
        if "wire version" in said:
            return f"{here} is too old: {said}"
        return (
            f"MongoDB cannot be reached as it was said ({place.hosts}, database {place.database!r}): {_misspelt(said)}"
        )
    if isinstance(error, errors.OperationFailure):
        return f"{here} {_refusal(error, place)}: {said}"
    return f"{here} {_broken(error)}: {said}"


def _misspelt(said: str) -> str:
    """What is said of an option that there is not, with names that are near, of ours as well."""
    found = re.match(r"Unknown option:? '?(\w+)", said)
    if found is None:
        return said
    from pymongo import common

    known = {*getattr(common, "URI_OPTIONS_VALIDATOR_MAP", common.VALIDATORS), *OWN, "offline"}
    return f"{found[1]!r} is no option{did_you_mean(found[1], known)}"


def _broken(error: Exception) -> str:
    from pymongo import errors

    if isinstance(error, errors.NotPrimaryError):
        return "takes no writes: it is not the primary of its replica set"
    if isinstance(error, errors.NetworkTimeout) or getattr(error, "timeout", False):
        return "has not answered in time"
    return "has closed the connection" if isinstance(error, errors.AutoReconnect) else "cannot take that"


def _refusal(error: OperationFailure, place: Place) -> str:
    if error.code in _BAD_LOGIN:
        return "does not accept the user or the password"
    if error.code == _NO_RIGHT:
        return f"does not allow that; the user needs the role readWrite on the database {place.database!r}"
    return "has not answered in time" if error.timeout else "refuses"


def _sign(said: str) -> str:
    for sign, meaning in _SIGNS:
        if re.search(sign, said, re.IGNORECASE):
            return meaning.format(said=said)
    return said


def _said(error: Exception) -> str:
    """The driver's words, without its list of time-outs and topology."""
    text = re.split(r" \(configured timeouts|, Timeout: |, full error: |, Topology Description", str(error))[0]
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
