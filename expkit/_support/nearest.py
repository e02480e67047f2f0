"""The names nearest to a misspelt one."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], most: int = 3, cutoff: float = 0.6) -> list[str]:
    """Up to ``most`` of the ``known`` names that look like ``name``, best first; with a ``cutoff`` of 1 only the same."""
    import difflib  # costs milliseconds and is needed for errors only

    lowered = {candidate.lower(): candidate for candidate in known}
    hits = difflib.get_close_matches(name.lower(), lowered, n=most, cutoff=cutoff)
    return [lowered[hit] for hit in hits]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``"; did you mean a or b?"``, or ``""`` where nothing is near."""
    hits = nearest(name, known)
    return f"; did you mean {' or '.join(hits)}?" if hits else ""
