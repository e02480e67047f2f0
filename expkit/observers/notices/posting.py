"""One POST over HTTP, and whether it may be sent again.

A connection that does not come about has carried nothing: that is tried again, and so is what a server refuses for now
(429, 503). Once a request is on its way, nobody can tell whether a missing answer was a missing message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit._support.secrets import MASK
from expkit.errors import ObserverError
from expkit.observers.notices.address import Address, Way, way_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPResponse

_READ = 65_536
_SHOWN = 200
_OK, _MOVED, _REFUSED, _BROKEN = 200, 300, 400, 500
_NOT_NOW = (429, 503)
_SHORTEST_WAIT, _LONGEST_WAIT = 1.0, 300.0
"""Seconds for which a server that has had enough is left alone, whatever it asks for."""


class LaterError(ConnectionError):
    """The message was not taken, for certain, and another time it may be.

    Args:
        message: why.
        after: seconds in which it need not be tried.
    """

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = min(max(after, 0.0), _LONGEST_WAIT)


class GivenUpError(ObserverError):
    """The message must not be sent again: it was refused for good, or nobody can tell whether it was taken.

    Args:
        message: why.
        status: of HTTP; 0 where there was no answer.
        answer: what the server said.
    """

    def __init__(self, message: str, status: int = 0, answer: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer


def _unseen() -> None:
    """Where nobody waits, nobody looks at the progress."""


class Post(Frozen):
    """Where and how to send.

    Attributes:
        address: of the service.
        headers: beside the usual ones.
        timeout: seconds for each of connecting, sending, and every piece of the answer.
        proxy: to go through; None: as the environment says.
        moved: called after each step that was made.
    """

    address: Address
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 10.0
    proxy: Address | None = None
    moved: Callable[[], object] = _unseen

    def send(self, value: Any) -> str:
        """Send a JSON value; return what the server says.

        Args:
            value: plain data.

        Raises:
            LaterError: it was not taken, and may be tried again.
            GivenUpError: it may not.
        """
        import json

        body, way = json.dumps(value).encode(), self._connected()
        try:
            return self._exchange(way, body)
        finally:
            way.connection.close()

    def _connected(self) -> Way:
        from ssl import SSLEOFError, SSLError

        try:
            way = way_to(self.address, self.proxy, self.timeout)
        except OSError as error:
            if isinstance(error, SSLError) and not isinstance(error, (SSLEOFError, TimeoutError)):
                raise GivenUpError(f"no trusted connection to {self.address.host}: {error}") from None
            raise LaterError(f"{self.address.host} cannot be reached: {error}") from None
        self.moved()
        return way

    def _exchange(self, way: Way, body: bytes) -> str:
        from http.client import HTTPException

        usual = {"Content-Type": "application/json", "User-Agent": "expkit"}
        try:
            way.connection.request(
                "POST", way.target, body, {**usual, **self.address.login, **way.headers, **self.headers}
            )
            self.moved()
            response = way.connection.getresponse()
            text = response.read(_READ).decode("utf-8", "replace")
        except (OSError, HTTPException) as error:
            why = f"{self.address.host} did not answer ({type(error).__name__})"
            raise GivenUpError(f"{why}; the message may have arrived, so it is not sent again") from None
        self.moved()
        self._judge(response, text)
        return text

    def _judge(self, response: HTTPResponse, text: str) -> None:
        status = response.status
        if _OK <= status < _MOVED:
            return
        words = self._harmless(f"{response.reason}: {text}")
        said = f"HTTP {status} {words[:_SHOWN]}".rstrip(": ")
        if status in _NOT_NOW:
            asked = _seconds(response.headers.get("Retry-After", ""), text)
            raise LaterError(said, max(_SHORTEST_WAIT, asked))  # in this order, for it may be no number
        hint = "" if status < _BROKEN else "the message may have arrived, so it is not sent again"
        if status < _REFUSED:
            hint = "the address has moved; give the new one"
        elif status < _BROKEN:
            hint = "check the address, the token and the text"
        raise GivenUpError(f"{said}; {hint}", status, text)

    def _harmless(self, text: str) -> str:
        """What a server says, on one line, without the secret address that many servers repeat."""
        from urllib.parse import unquote

        path, _, query = self.address.target.partition("?")
        for part in (self.address.url, path, unquote(path), query, unquote(query), self.address.password):
            text = text.replace(part, MASK) if len(part) > 1 else text
        return "".join(char for char in " ".join(text.split()) if char.isprintable())


def _seconds(header: str, text: str) -> float:
    """How long a server wants to be left alone: seconds, a date, or Telegram's ``retry_after`` in the answer."""
    try:
        return float(header) if header else _told(text)
    except ValueError:
        return _until(header)


def _until(date: str) -> float:
    from datetime import datetime, timezone
    from email.utils import parsedate_to_datetime

    try:
        return (parsedate_to_datetime(date) - datetime.now(timezone.utc)).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone or with an impossible one
        return 0.0


def _told(text: str) -> float:
    import json

    try:
        return float(json.loads(text)["parameters"]["retry_after"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return 0.0
