"""The clock of a store that lies elsewhere."""

from datetime import datetime, timedelta, timezone

import pytest

from expkit.errors import StoreError
from expkit.stores.clock import Clock

HOUR = timedelta(hours=1)
FAR = 1e9


def ours():
    return datetime.now(timezone.utc)


def test_follows_the_place():
    """The time is that of the place, which is asked once in a while."""
    asked = []
    clock = Clock(FAR)

    def look():
        asked.append(1)
        return ours() + HOUR

    before = ours()
    assert [clock.now(look) - before >= HOUR for _ in range(3)] == [True] * 3
    assert clock.now(look) - ours() <= HOUR + timedelta(milliseconds=1)
    assert len(asked) == 1


def test_never_goes_back():
    """A place whose clock was put back makes no time come twice."""
    times = iter([ours() + HOUR, ours() - HOUR])
    clock = Clock(0.0)
    first, second = (clock.now(lambda: next(times)) for _ in range(2))
    assert first < second < clock.now(None) < ours() + 2 * HOUR


@pytest.mark.parametrize("look", [None, lambda: None, lambda: ours() + timedelta(seconds=1)])
def test_ours(look):
    """Where the place is not asked, does not say, or is ours but for its coarseness, the time is ours."""
    before = ours()
    assert before <= Clock(FAR, timedelta(seconds=2)).now(look) <= ours()


def test_is_asked_again_after_trouble():
    """What goes wrong in asking is raised, and the place is asked again the next time."""
    clock = Clock(FAR)

    def fails():
        raise StoreError("away")

    with pytest.raises(StoreError):
        clock.now(fails)
    assert clock.now(lambda: ours() + HOUR) > ours() + HOUR / 2
