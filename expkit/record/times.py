"""Times and durations as people type them: ``2026-10-01``, ``2026-10-01 12:00``, ``2 days ago``, ``1h30m``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_DATE = re.compile(r"(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?")
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:[+-]\d\d:?\d\d|Z)?")
_AGO = re.compile(r"(.+?)\s+ago")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_DAYS = {"today": 0, "yesterday": 1}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONG_NAMES = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w"}


def moment(text: str, now: datetime | None = None) -> tuple[datetime, datetime] | None:
    """What a text names: its first moment, and the one behind its last; None for a text that is no time.

    A year, a month, a day, ``today`` and ``yesterday`` last; what names a moment has it twice. Without a zone local time
    is meant.

    Args:
        text: ``2026``, ``2026-10``, ``2026-10-01``, ``2026-10-01 12:00``, ``2026-10-01T12:00:00.5+02:00``, ``today``,
            ``2 days ago``.
        now: what ``today`` and ``ago`` count from; None: this moment.
    """
    text = text.strip().lower().replace("t", "T").replace("z", "Z") if text[:1].isdigit() else text.strip().lower()
    try:
        return _dated(text) or _clocked(text) or _relative(text, now)
    except (ValueError, OverflowError):  # the 31st of February; more days ago than there are
        return None


def duration(text: str) -> float | None:
    """Seconds that a text names: ``90``, ``90s``, ``1h30m``, ``2 days``; None for a text that names none."""
    text = text.strip().lower()
    total, place = 0.0, 0
    while part := _PART.match(text, place):
        unit = part[2].removesuffix("s") or part[2]
        size = _SECONDS.get(_LONG_NAMES.get(unit, unit))
        if size is None:
            return None
        total, place = total + float(part[1]) * size, part.end()
    return total if place and place == len(text) else None


def _dated(text: str) -> tuple[datetime, datetime] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    first = datetime(year, month or 1, day or 1)  # noqa: DTZ001 - made local below
    if day is not None:
        after = first + timedelta(days=1)
    elif month is not None:
        after = first.replace(year=year + month // 12, month=month % 12 + 1)
    else:
        after = first.replace(year=year + 1)
    return first.astimezone(), after.astimezone()


def _clocked(text: str) -> tuple[datetime, datetime] | None:
    if _CLOCK.fullmatch(text) is None:
        return None
    time = datetime.fromisoformat(_python310(text)).astimezone()
    return time, time


def _python310(text: str) -> str:
    """Python 3.10 knows neither ``Z`` nor other than 3 or 6 digits of a second."""
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text.replace("Z", "+00:00"))
    return re.sub(r"\.(\d+)", lambda match: "." + match[1].ljust(6, "0"), text)


def _relative(text: str, now: datetime | None) -> tuple[datetime, datetime] | None:
    now = (now or datetime.now()).astimezone()  # noqa: DTZ005 - made local
    if text in _DAYS:
        day = now.date() - timedelta(days=_DAYS[text])
        return _dated(day.isoformat())
    match = _AGO.fullmatch(text)
    seconds = None if match is None else duration(match[1])
    if seconds is None:
        return None
    time = now - timedelta(seconds=seconds)
    return time, time
