"""Random runs and random questions about them; each question with its answer by pandas, which knows nothing of ours.

A run is drawn as plain facts. They go into stores as records, and into a frame as columns.
"""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pandas as pd
from hypothesis import strategies as st

from expkit.record.codec import encode
from expkit.record.model import POINTS, Annotation, Lease, Point, RunRecord, StreamKey
from expkit.record.uid import new_uid

NOON = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)
LOSS, VALUE = "loss", "val/acc"
GONE = object()
"""What a run lacks."""

NUMBERS = [-1, 0, 0.1, 0.5, 1, 1.5, 2, 10, 2**60, 2**60 + 1, 1e-300, 1e300, Decimal("0.1"), Decimal(3), True, False]
ODD = [None, float("nan"), float("inf"), "0.5", "x", "", "ü ☃", "50%_*", [1, 2], {"deep": 1}, (1, 2), NOON]
WORDS = ["digits", "Digits-2", "dog", "a_b", "ü ☃", "50%", "", "x" * 300]
TAGS = ["good", "bad", "a b", 'q"uote', "ü", "50%", "_"]
VALUES = [0.0, 0.25, 1.0, -3.5, 2, 10**12, float("nan"), float("inf"), "text"]

value = st.sampled_from([GONE, GONE, *NUMBERS, *NUMBERS, *ODD])
points = st.lists(st.sampled_from(VALUES), max_size=5)
when = st.integers(-3, 3).map(lambda hours: NOON + timedelta(hours=9 * hours, microseconds=hours * 7))


def _is_drawn(found):
    return found is not GONE


class Run(NamedTuple):
    """The facts of one run."""

    named: object
    name: str
    renamed: object
    tags: list
    untagged: list
    state: str
    start: object
    took: object
    lr: object
    dotted: object
    layers: object
    blocks: object
    words: object
    late: object
    trashed: bool
    result: object
    loss: dict
    value: list


runs = st.lists(
    st.builds(
        Run,
        named=st.sampled_from([None, None, "base", "7b", "12"]),
        name=st.sampled_from(WORDS),
        renamed=st.sampled_from([None, None, *WORDS]),
        tags=st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
        untagged=st.lists(st.sampled_from(TAGS), max_size=1),
        state=st.sampled_from(["COMPLETED", "FAILED", "RUNNING", "DIED"]),
        start=st.none() | when,
        took=st.none() | st.sampled_from([0.0, 59.5, 60.0, 3600.0, 3600.5]),
        lr=value,
        dotted=value,
        layers=st.just(GONE) | st.lists(st.sampled_from([1, 2, 64]), max_size=3),
        blocks=st.just(GONE)
        | st.lists(st.fixed_dictionaries({}, optional={"units": value.filter(_is_drawn)}), max_size=3),
        words=st.just(GONE) | st.lists(st.sampled_from(WORDS), max_size=3),
        late=value,
        trashed=st.booleans(),
        result=value.filter(_is_drawn),
        loss=st.fixed_dictionaries({}, optional={(0, 0): points, (0, 1): points, (1, 0): points}),
        value=points,
    ),
    min_size=1,
    max_size=8,
)


def put(store, run):
    """Keep a run; return its uid."""
    config = {"lr": run.lr, "a.b": run.dotted, "net": {"layers": run.layers}}
    config |= {"blocks": run.blocks, "words": run.words}
    config = {name: item for name, item in config.items() if item is not GONE}
    if run.layers is GONE:
        del config["net"]
    ended = run.start is not None and run.took is not None and run.state in ("COMPLETED", "FAILED")
    record = RunRecord(
        uid=new_uid(),
        name=run.name,
        command="main",
        status="RUNNING" if run.state == "DIED" else run.state,
        start_time=run.start,
        stop_time=run.start + timedelta(seconds=run.took) if ended else None,
        config=encode(config),
        result=encode(run.result),
        meta={"tags": run.tags},
    )
    lease = Lease(host="elsewhere", boot="boot", pid_namespace="1", pid=1, process_start=0.0, interval=1e6)
    store.create(record, id=run.named, lease=lease)
    if run.state == "DIED":
        store.renew(record.uid, lease.but(renewed=NOON - timedelta(days=100)))
    for number, tag in enumerate(run.untagged):
        store.annotate(
            record.uid, Annotation(action="untag", value=tag, author="me", time=NOON + timedelta(minutes=number))
        )
    if run.renamed is not None:
        store.annotate(record.uid, Annotation(action="name", value=run.renamed, author="me", time=NOON))
    said = [("result", encode({"acc": run.late}))] if run.late is not GONE else []
    for action, given in [*said, *([("trash", None)] if run.trashed else [])]:
        store.annotate(record.uid, Annotation(action=action, value=given, author="me", time=NOON))
    for (segment, rank), values in run.loss.items():
        if values:
            _log(store, record.uid, StreamKey(POINTS, segment, rank), [(LOSS, each) for each in values])
    if run.value:
        _log(store, record.uid, StreamKey(POINTS, 2, 0), [(VALUE, each) for each in run.value])
    return record.uid


def _log(store, uid, stream, named):
    """One by one, so that figures are kept up from append to append."""
    for number, (name, each) in enumerate(named):
        store.append(uid, stream, number, [Point(name, number, each, float(number))])


# -- the frame ---------------------------------------------------------------------------------------------


def frame(uids, ids, drawn):
    """The facts of runs, a row each."""
    return pd.DataFrame([_row(*facts) for facts in zip(uids, ids, drawn)], dtype=object, index=uids)


def _row(uid, run_id, run):
    ended = run.start is not None and run.took is not None and run.state in ("COMPLETED", "FAILED")
    losses = [each for place in ((0, 1), (0, 0), (1, 0)) for each in run.loss.get(place, [])]
    row = {
        "uid": uid,
        "id": int(run_id) if str(run_id).isdecimal() else run_id,
        "name": run.name if run.renamed is None else run.renamed,
        "tags": [tag for tag in run.tags if tag not in run.untagged],
        "state": run.state,
        "start": run.start,
        "stop": run.start + timedelta(seconds=run.took) if ended else None,
        "duration": run.took if ended else (GONE if run.state != "RUNNING" or run.start is None else "going on"),
        "config.lr": run.lr,
        'config["a.b"]': run.dotted,
        "config.net.layers": run.layers,
        "config.net.layers[1]": GONE if run.layers is GONE or len(run.layers) < 2 else run.layers[1],
        "config.nothing": GONE,
        "config.a.b": run.dotted,
        "config.blocks[0].units": GONE if run.blocks is GONE or not run.blocks else run.blocks[0].get("units", GONE),
        "config.blocks.units": _of_each(run.blocks),
        "config.words": run.words,
        "result": run.result,
        "late.acc": run.late,
        "trash": run.trashed,
        "status": "RUNNING" if run.state == "DIED" else run.state,
    }
    return row | _figures("metrics.loss", losses) | _figures('metrics["val/acc"]', run.value)


def _of_each(blocks):
    found = [] if blocks is GONE else [block["units"] for block in blocks if "units" in block]
    return found or GONE


def _figures(name, values):
    ordered = pd.Series([each for each in values if not isinstance(each, str)], dtype=float).dropna()
    return {
        f"{name}.count": len(values) or GONE,
        f"{name}.last": values[-1] if values else GONE,
        f"{name}.min": float(ordered.min()) if len(ordered) else GONE,
        f"{name}.max": float(ordered.max()) if len(ordered) else GONE,
    }


# -- questions ---------------------------------------------------------------------------------------------


class Question(NamedTuple):
    """A question as it is typed, and its answer: ``answer(frame)`` is a series of booleans."""

    text: str
    answer: object


ANYTHING = ["config.lr", 'config["a.b"]', "config.a.b", "result", "config.nothing", "late.acc"]
ANYTHING += ["config.net.layers[1]", "config.blocks[0].units"]
FIGURES = [
    f"{name}.{figure}" for name in ("metrics.loss", 'metrics["val/acc"]') for figure in ("last", "min", "max", "count")
]
SIGNS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


def _is_number(found):
    return isinstance(found, (bool, int, float, Decimal))


def _exact(found):
    """A number that compares exactly with every other one; decimals are what floats make of them."""
    found = float(found) if isinstance(found, Decimal) else found
    return found if isinstance(found, float) and found - found != 0 else Fraction(found)


def _there(column):
    return column.map(lambda found: found is not GONE).astype(bool)


def _numbers(frame, field, sign, limit):
    """Numbers are compared with numbers; whatever else is there is only unequal."""
    column = frame[field]
    numeric = column.map(_is_number).astype(bool)
    found = pd.Series(sign == "!=", index=frame.index) & _there(column)
    compared = column[numeric].map(_exact)
    found[numeric] = getattr(compared, SIGNS[sign])(_exact(limit)).astype(bool)
    return found.astype(bool)


@st.composite
def numbers(draw):
    """``field < number``, also the other way round."""
    field, sign = draw(st.sampled_from(ANYTHING + FIGURES)), draw(st.sampled_from(sorted(SIGNS)))
    limit = draw(
        st.sampled_from(
            [each for each in NUMBERS if not isinstance(each, Decimal)]
            + [0.3, 3, 5, float("inf"), float("-inf"), float("nan")]
        )
    )
    typed = str(limit).lower() if isinstance(limit, bool) else repr(limit)
    mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}[sign]
    text = draw(st.sampled_from([f"{field} {sign} {typed}", f"{field}{sign}{typed}", f"{typed} {mirrored} {field}"]))
    return Question(text, lambda frame: _numbers(frame, field, sign, limit))


@st.composite
def between(draw):
    """``0.1 < field <= 2``, and longer."""
    field = draw(st.sampled_from(ANYTHING + FIGURES))
    low, high, other = (draw(st.sampled_from(limits)) for limits in ([-1, 0, 0.1], [1.0, 2, 10], [0.5, 1, 7]))
    text = f"{low} < {field} <= {high} and {field} != {other}"

    def answer(frame):
        inside = _numbers(frame, field, ">", low) & _numbers(frame, field, "<=", high)
        return inside & _numbers(frame, field, "!=", other)

    return Question(text, answer)


def _as_text(found):
    """Times are texts in UTC where they are compared with what is no time."""
    return found.isoformat(timespec="microseconds") if isinstance(found, datetime) else found


@st.composite
def texts(draw):
    """``field < "x"``: texts are compared with texts, also those that look like numbers; whatever else is there is only unequal."""
    field, sign = draw(st.sampled_from([*ANYTHING, "name"])), draw(st.sampled_from(sorted(SIGNS)))
    limit = draw(st.sampled_from(["0.5", "x", "", "dog", "50%_*", "ü ☃", "1"]))

    def answer(frame):
        column = frame[field].map(_as_text).astype(object)
        alike = column.map(lambda found: isinstance(found, str)).astype(bool)
        found = pd.Series(sign == "!=", index=frame.index) & _there(column)
        found[alike] = getattr(column[alike], SIGNS[sign])(limit).astype(bool)
        return found.astype(bool)

    return Question(f'{field} {sign} "{limit}"', answer)


@st.composite
def parts(draw):
    """``"x" in field``: an element of a list, a key, or a part of a text."""
    field = draw(st.sampled_from([*ANYTHING, "config.words", "config.blocks.units", "name"]))
    item, word = (
        draw(st.sampled_from(["x", "0", "deep", "dog", "ü ☃", 1, 2, 0.1])),
        draw(st.sampled_from(["in", "not in"])),
    )

    def has(found):
        found = _as_text(found)
        if isinstance(found, (str, dict)):
            return isinstance(item, str) and item in found
        return isinstance(found, (list, tuple)) and any(_is_same(item, each) for each in found)

    def answer(frame):
        held = frame[field].map(has).astype(bool)
        return held if word == "in" else ~held & _there(frame[field])

    return Question(f"{item!r} {word} {field}", answer)


def _is_same(one, other):
    if _is_number(one) and _is_number(other):
        return _exact(one) == _exact(other)
    return type(one) is type(other) and one == other


@st.composite
def listed(draw):
    """``tags in (...)`` and ``tags ~ "g*"`` ask for one of them."""
    some, word = draw(st.lists(st.sampled_from(TAGS), max_size=2)), draw(st.sampled_from(["in", "not in", "~", "!~"]))
    start = draw(st.sampled_from(["g", "B", "", "50%"]))
    quoted = ", ".join('"' + tag.replace('"', '\\"') + '"' for tag in some)

    def fits(tags):
        column = pd.Series(tags, dtype=object).astype(str)
        found = column.str.casefold().str.startswith(start.casefold()) if "~" in word else column.isin(some)
        return bool(found.any())

    def answer(frame):
        found = frame["tags"].map(fits).astype(bool)
        return found if word in ("in", "~") else ~found

    return Question(f'tags {word} "{start}*"' if "~" in word else f"tags {word} [{quoted}]", answer)


@st.composite
def moments(draw):
    """``start in (...)`` and ``start != ...``, of times that are exact."""
    field, word = draw(st.sampled_from(["start", "stop"])), draw(st.sampled_from(["==", "!=", "in", "not in"]))
    some = draw(st.lists(when, min_size=1, max_size=2 if "in" in word else 1))
    typed = ", ".join(f'"{each.isoformat()}"' for each in some)

    def answer(frame):
        column = pd.to_datetime(frame[field].map(lambda found: pd.NaT if found is None else found), utc=True)
        found = column.isin([pd.Timestamp(each) for each in some])
        return found if word in ("==", "in") else ~found & column.notna()

    return Question(f"{field} {word} ({typed})" if "in" in word else f"{field} {word} {typed}", answer)


@st.composite
def in_trash(draw):
    """``exists(trash)`` and who put it there."""
    text = draw(st.sampled_from(["exists(trash)", "trash.author = me", "not trash.author != me and exists(trash)"]))
    return Question(text, lambda frame: frame["trash"].astype(bool))


@st.composite
def chosen(draw):
    """``field in (...)``, of numbers and texts."""
    field = draw(st.sampled_from(ANYTHING + ["state", "name"]))
    values = draw(st.lists(st.sampled_from([0.1, 1, 10, "x", "0.5", "COMPLETED", "DIED", "dog", None]), max_size=3))
    word = draw(st.sampled_from(["in", "not in"]))
    typed = ", ".join({None: "null"}.get(each, repr(each)) for each in values)

    def answer(frame):
        column = frame[field]
        plain = column.map(lambda found: "\0" if isinstance(found, (list, dict, tuple, datetime)) else found)
        exact = plain.map(lambda found: _exact(found) if _is_number(found) else "none" if found is None else found)
        wanted = [_exact(each) if _is_number(each) else "none" if each is None else each for each in values]
        is_in = exact.map(lambda found: any(type(found) is type(each) and found == each for each in wanted)).astype(
            bool
        )
        return (is_in if word == "in" else ~is_in) & _there(column)

    return Question(f"{field} {word} [{typed}]", answer)


@st.composite
def globs(draw):
    """``name ~ "dig*"``."""
    field, sign = draw(st.sampled_from(["name", "config.lr", "state"])), draw(st.sampled_from(["~", "!~"]))
    start, end = (
        draw(st.sampled_from(["dig", "D", "50%", "a_", "x", "com", ""])),
        draw(st.sampled_from(["s", "2", "", "ed"])),
    )

    def answer(frame):
        column = frame[field]
        texts = column.map(lambda found: found if isinstance(found, str) else None).astype(object)
        folded = texts.str.casefold()
        long = texts.str.len() >= len(start) + len(end)
        fits = folded.str.startswith(start.casefold()) & folded.str.endswith(end.casefold()) & long
        fits = fits.map(lambda found: found is True or found == True).astype(bool)  # noqa: E712 - missing is neither
        return (fits if sign == "~" else ~fits) & _there(column)

    return Question(f'{field} {sign} "{start}*{end}"', answer)


@st.composite
def tagged(draw):
    """``"good" in tags``."""
    tag, word = draw(st.sampled_from(TAGS + ["never"])), draw(st.sampled_from(["in", "not in", "=", "!="]))
    quoted = '"' + tag.replace('"', '\\"') + '"'
    text = f"{quoted} {word} tags" if "in" in word else f"tags {word} {quoted}"

    def answer(frame):
        rows = frame["tags"].explode()
        found = (rows == tag).groupby(level=0, sort=False).any().reindex(frame.index).astype(bool)
        return found if word in ("in", "=") else ~found

    return Question(text, answer)


@st.composite
def held(draw):
    """``2 in config.net.layers``."""
    number = draw(st.sampled_from([1, 2, 64, 3]))

    def answer(frame):
        return frame["config.net.layers"].map(lambda found: found is not GONE and number in found).astype(bool)

    return Question(f"{number} in config.net.layers", answer)


@st.composite
def there(draw):
    """``exists(config.lr)``."""
    field = draw(st.sampled_from(ANYTHING + FIGURES + ["stop", "config.net.layers"]))
    return Question(
        f"exists({field})", lambda frame: _there(frame[field]) & frame[field].map(lambda each: each is not None)
    )


@st.composite
def nothing(draw):
    """``field == null``."""
    field, sign = draw(st.sampled_from(ANYTHING + ["start", "stop"])), draw(st.sampled_from(["==", "!="]))

    def answer(frame):
        none = frame[field].map(lambda found: found is None).astype(bool)
        return none if sign == "==" else ~none & _there(frame[field])

    return Question(f"{field} {sign} {draw(st.sampled_from(['null', 'None']))}", answer)


@st.composite
def times(draw):
    """``start > "2026-10-01T12:00Z"``, of times that are there."""
    field, sign = draw(st.sampled_from(["start", "stop"])), draw(st.sampled_from(["<", "<=", ">", ">="]))
    limit = draw(when)

    def answer(frame):
        column = pd.to_datetime(frame[field].map(lambda found: pd.NaT if found is None else found), utc=True)
        return getattr(column, SIGNS[sign])(pd.Timestamp(limit)).astype(bool)

    return Question(f'{field} {sign} "{limit.isoformat()}"', answer)


@st.composite
def lasting(draw):
    """``duration > 1h`` of runs that have ended; the others are left out by their stop."""
    sign = draw(st.sampled_from(["<", "<=", ">", ">=", "=="]))
    typed, seconds = draw(st.sampled_from([("60", 60), ("1h", 3600), ('"1h0.5s"', 3600.5), ("59.5", 59.5)]))

    def answer(frame):
        column = pd.to_numeric(frame["duration"].map(lambda found: found if isinstance(found, float) else None))
        return getattr(column, SIGNS[sign])(seconds).astype(bool)

    return Question(f"(duration {sign} {typed} and exists(stop))", answer)


@st.composite
def called(draw):
    """``id < 3``, also of ids that are texts somewhere."""
    sign, limit = (
        draw(st.sampled_from(sorted(SIGNS))),
        draw(st.sampled_from([1, 2, 3, 12, 2.0, 1.5, "2", "base", "7b", "12"])),
    )

    def answer(frame):
        wanted = int(limit) if str(limit).isdecimal() else limit
        column = frame["id"]
        alike = column.map(lambda found: isinstance(found, str) is isinstance(wanted, str)).astype(bool)
        found = pd.Series(sign == "!=", index=frame.index)
        found[alike] = getattr(column[alike], SIGNS[sign])(wanted).astype(bool)
        return found.astype(bool)

    return Question(f"id {sign} {limit!r}", answer)


@st.composite
def states(draw):
    """``state = COMPLETED``."""
    state, sign = (
        draw(st.sampled_from(["COMPLETED", "FAILED", "RUNNING", "DIED", "LOST"])),
        draw(st.sampled_from(["=", "!="])),
    )
    field = draw(st.sampled_from(["state", "status"]))
    return Question(
        f"{field}{sign}{state}", lambda frame: (frame[field] == state) if sign == "=" else (frame[field] != state)
    )


simple = st.one_of(
    numbers(),
    numbers(),
    between(),
    texts(),
    parts(),
    listed(),
    moments(),
    in_trash(),
    chosen(),
    globs(),
    tagged(),
    held(),
    there(),
    nothing(),
    times(),
    lasting(),
    called(),
    states(),
)


def _joined(parts):
    word, one, other = parts
    if word == "and":
        return Question(f"({one.text} and {other.text})", lambda frame: one.answer(frame) & other.answer(frame))
    if word == "or":
        return Question(f"({one.text} or {other.text})", lambda frame: one.answer(frame) | other.answer(frame))
    return Question(f"not ({one.text})", lambda frame: ~one.answer(frame))


questions = st.recursive(
    simple, lambda part: st.tuples(st.sampled_from(["and", "or", "not"]), part, part).map(_joined), max_leaves=5
)
