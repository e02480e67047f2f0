"""What a database or its driver says, as one sentence for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expkit.errors import StoreError
from expkit.stores.access import without_access
from expkit.stores.sql.place import DRIVERS, SQLITE

if TYPE_CHECKING:
    from collections.abc import Callable

    from expkit.stores.sql.place import Place

_LONGEST = 300
_NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL or MariaDB"}

_ABSENT = (
    (r"refused|\(111\)|Errno 111", "the connection is refused"),
    (r"getaddrinfo|Name or service|nodename|No address|name resolution|translate host", "there is no such host"),
    (r"timed? ?out|timeout expired", "it does not answer"),
    (r"SSL|TLS|certificate", "there is no TLS connection: {said}"),
)

_REFUSALS = (
    (
        r"password authentication failed|role .* does not exist|no password supplied|\(1045,",
        "does not accept the user or the password",
    ),
    (r"database .* does not exist|\(1049,", "has no database {database!r}; create it first"),
    (r"permission denied|InsufficientPrivilege|\(104[24],|\(1142,|\(1044,", "does not allow that to this user"),
    (r"max_allowed_packet|\(1153,", "takes no values of that size; raise its max_allowed_packet"),
    (r"No space left|disk is full|DiskFull|\(1114,|\(1021,", "has no room left"),
)

_SLOW = r"\(2013,.*timed out|statement timeout|lock timeout|idle-in-transaction"

_FILE = (
    (r"unable to open", "cannot be opened"),
    (r"is locked|is busy", "is held by another program for too long"),
    (r"not a database|malformed|is encrypted", "is no SQLite database, or a damaged one"),
    (r"readonly|read-only", "may not be written"),
    (r"disk is full|No space", "cannot grow: the disk is full"),
)

_PASSING = r"deadlock|could not serialize|is locked|\(1213,|\(1205,|\(1020,|duplicate key|UNIQUE constraint|\(1062,"

_UNDEFINED = "42P01"
_TABLELESS = r"no such table|relation .* does not exist|\(1146,"
"""PostgreSQL says it in the language of its server, and by a code."""

_DROPPED = r"closed the connection|connection .*(lost|closed|terminated|reset)|Lost connection|gone away|shutting down|starting up|\(2006,|\(2013,|\(0, ''\)|administrator command|Broken pipe"


def is_dropped(error: Exception) -> bool:
    """Whether a connection broke that may be made again at once."""
    return bool(getattr(error, "connection_invalidated", False)) or re.search(_DROPPED, said(error)) is not None


def is_passing(error: Exception) -> bool:
    """Whether two transactions met, so that one of them has to be done again."""
    return re.search(_PASSING, said(error), re.IGNORECASE) is not None


def lacks_tables(error: StoreError) -> bool:
    """Whether tables are not there of which a statement speaks."""
    cause = error.__cause__
    code = getattr(getattr(cause, "orig", None), "sqlstate", None)
    return code == _UNDEFINED or (isinstance(cause, Exception) and re.search(_TABLELESS, said(cause)) is not None)


def said(error: Exception) -> str:
    """The driver's words in one line, without the statement and its values."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LASTING = (
    rf"{'|'.join(sign for sign, _ in _REFUSALS[:3])}|invalid connection option|invalid URI|not a database|is encrypted"
)


def trouble(error: Exception, place: Place) -> StoreError:
    """What is wrong with the database at ``place``, as an error."""
    made = StoreError(sentence(error, place))
    return made.lasting() if re.search(_LASTING, said(error)) else made


def sentence(error: Exception, place: Place) -> str:
    """What is wrong with the database at ``place``."""
    words = without_access(said(error))
    if place.kind == SQLITE:
        meaning = _meaning(_FILE, words)
        return f"{place.file} {meaning}: {words}" if meaning else f"the SQLite database {place.file}: {words}"
    name = _NAMES[place.kind]
    refusal = _meaning(_REFUSALS, words)
    if refusal is not None:
        return f"the {name} server at {place.where} {refusal.format(database=place.database)}: {words}"
    if re.search(_SLOW, words):
        return f"the {name} server at {place.where} has not answered in time: {words}"
    absence = _meaning(_ABSENT, words)
    if absence is not None:
        where = f"no {name} server answers at {place.where}: {absence.format(said=words)}"
        return f"{where}. Is it running, and is the address right?"
    how = "has closed the connection" if is_dropped(error) else "cannot take that"
    return f"the {name} server at {place.where} {how}: {words}"


def _meaning(signs: tuple[tuple[str, str], ...], words: str) -> str | None:
    return next((meaning for sign, meaning in signs if re.search(sign, words)), None)


def needing(place: Place, load: Callable[[], object]) -> None:
    """Load what a database needs.

    Raises:
        StoreError: it is not installed; the message says what to type.
    """
    try:
        load()
    except ModuleNotFoundError as error:
        missing = error.name or ""
        extra = "sql" if missing.startswith("sqlalchemy") else place.kind
        known = missing.startswith("sqlalchemy") or missing == DRIVERS[place.kind]
        how = f"pip install 'expkit[{extra}]'" if known else f"install the package of {missing!r}"
        raise StoreError(
            f"{place.url} needs the package {missing!r}, which is not installed: {how}"
        ).lasting() from None
