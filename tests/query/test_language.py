"""The expression language: what texts mean, what is said of those that mean nothing, and that none of them breaks it."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from expkit.errors import QueryError
from expkit.record.expression import is_question, parse, parse_field
from expkit.record.query import And, Compare, Exists, Not, Or
from expkit.record.times import duration, moment

NOW = datetime(2026, 10, 5, 12, 30, tzinfo=timezone.utc)


def local(*parts):
    return datetime(*parts).astimezone()


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("config.lr < 0.1", Compare("config.lr", "<", 0.1)),
        ("config.lr<1e-3", Compare("config.lr", "<", 1e-3)),
        ("0.1 >= config.lr", Compare("config.lr", "<=", 0.1)),
        ("0.1 < config.lr < 1", And(Compare("config.lr", ">", 0.1), Compare("config.lr", "<", 1))),
        ("state=COMPLETED", Compare("state", "==", "COMPLETED")),
        ('state in ("COMPLETED", RUNNING,)', Compare("state", "in", ["COMPLETED", "RUNNING"])),
        ("state not in [FAILED]", Compare("state", "not in", ["FAILED"])),
        ('"best" in tags', Compare("tags", "contains", "best")),
        ("best in tags", Compare("tags", "contains", "best")),
        ("tags=best", Compare("tags", "contains", "best")),
        ("tags != best", Compare("tags", "not contains", "best")),
        ("tags in (a, b)", Or(Compare("tags", "contains", "a"), Compare("tags", "contains", "b"))),
        ("files.path = model.bin", Compare("files.path", "contains", "model.bin")),
        ('name ~ "digit*"', Compare("name", "glob", "digit*")),
        ("name !~ digit*", Compare("name", "not glob", "digit*")),
        ("exists(config.lr)", Exists("config.lr")),
        ("not exists(config.lr)", Not(Exists("config.lr"))),
        ("not not exists(config.lr)", Exists("config.lr")),
        ("result == null and seed != None", And(Compare("result", "==", None), Compare("seed", "!=", None))),
        (
            "config.on = true or config.on = False",
            Or(Compare("config.on", "==", True), Compare("config.on", "==", False)),
        ),
        (
            "seed = 1 or seed = 2 and seed = 3",
            Or(Compare("seed", "==", 1), And(Compare("seed", "==", 2), Compare("seed", "==", 3))),
        ),
        (
            "(seed = 1 or seed = 2) and seed = 3",
            And(Or(Compare("seed", "==", 1), Compare("seed", "==", 2)), Compare("seed", "==", 3)),
        ),
        ('config["a.b"] = 1', Compare('config."a.b"', "==", 1)),
        ("config['a.b'][0].c = 1", Compare('config."a.b"[0].c', "==", 1)),
        ('config."a.b".c = 1', Compare('config."a.b".c', "==", 1)),
        ('config["plain"].x = 1', Compare("config.plain.x", "==", 1)),
        ("config.layers[0] = 1", Compare("config.layers[0]", "==", 1)),
        ("metrics.acc.max > 0.9", Compare("metrics.acc.max", ">", 0.9)),
        ('metrics["val/acc"].last > 0.9', Compare("metrics.val/acc.last", ">", 0.9)),
        ('metrics["a b"].last > 0.9', Compare('metrics."a b".last', ">", 0.9)),
        ("id = 2026-03-01", Compare("id", "==", "2026-03-01")),
        (r'name = "it\"s \n"', Compare("name", "==", 'it"s \\n')),
        ("config.x = -inf", Compare("config.x", "==", float("-inf"))),
        ("config.x = 1_000", Compare("config.x", "==", 1000)),
        ("config.x == [1, [2, three]]", Compare("config.x", "==", [1, [2, "three"]])),
        ("duration > 1h30m", Compare("duration", ">", 5400.0)),
        ("duration > 90", Compare("duration", ">", 90)),
        ('start > "2026-10-01"', Compare("start_time", ">", local(2026, 10, 1))),
        ("start>=2026-10", Compare("start_time", ">=", local(2026, 10, 1))),
        ("start<2026", Compare("start_time", "<", local(2026, 1, 1))),
        ('stop > "2026-10-01T12:00Z"', Compare("stop_time", ">", datetime(2026, 10, 1, 12, tzinfo=timezone.utc))),
        ("stop == null", Compare("stop_time", "==", None)),
        ('start > "2 days ago"', Compare("start_time", ">", NOW - timedelta(days=2))),
        (
            "start = 2026-10",
            And(Compare("start_time", ">=", local(2026, 10, 1)), Compare("start_time", "<", local(2026, 11, 1))),
        ),
    ],
)
def test_what_texts_mean(text, query):
    """A text is the question that it looks like, as Python would read it, with what a shell makes easier."""
    assert parse(text, NOW) == query


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a comparison is expected here"),
        ("config.lr", "such as config.lr == 1, or exists(config.lr)"),
        ("config.lr <", "a value is expected here"),
        ("config.lr < < 1", "a value is expected here"),
        ("config.lr < 1 2", "'and', 'or' or the end is expected here"),
        ("config.lr < 1 AND seed = 1", "write 'and' in lower case"),
        ("config.lr < 1 & seed = 1", "& means nothing here; write 'and'"),
        ("(seed = 1", "a closing parenthesis is expected here"),
        ("confg.lr < 1", "runs have no 'confg'; did you mean config?"),
        ("lr < 1", "entries of the config are asked for as config.lr"),
        ("exist(config.lr)", "there is no function 'exist'; did you mean exists?"),
        ("metrics.acc > 1", "metrics.acc.last metrics.acc.min metrics.acc.max metrics.acc.count"),
        ("config.a < config.b", "two fields cannot be compared"),
        ("name = host", "if 'host' is a text, put it in quotes"),
        ("1 < 2", "one side of a comparison is a field"),
        ("seed in 3", "a list or a field is expected here"),
        ("seed not 3", "'in' is expected here"),
        ("name ~ 3", "a pattern is expected here"),
        ('"x" ~ name', "the field stands on the left of ~"),
        ('name = "x', 'this text has no closing "'),
        ("seed = [1, 2", "a comma or ] is expected here"),
        ("config[x] = 1", "a key in quotes or a number is expected here"),
        ("config[-1] = 1", "a key in quotes or a number is expected here"),
        ("start > soon", "this is no time"),
        ("start > 2026-02-31", "this is no time"),
        ("duration > long", "this is no duration"),
        ("seed = " + "9" * 5000, "too many digits"),
        ("(" * 60 + "seed = 1" + ")" * 60, "within each other"),
        ("seed in " + "[" * 60 + "]" * 60, "within each other"),
        (r"""config["a'\"b"] = 1""", "both kinds of quotes"),
    ],
)
def test_what_is_said(text, said):
    """What cannot be read is refused in a sentence, with a caret under the place."""
    with pytest.raises(QueryError) as caught:
        parse(text)
    problem, _, caret = str(caught.value).split("\n")
    assert said in problem
    assert caret.strip() == "^"


def test_the_caret():
    """The caret stands under the place, also in long texts and in those of several lines."""
    for before in ("", "seed = 1 and\n", "seed = 1 or " * 50):
        with pytest.raises(QueryError) as caught:
            parse(before + "seed = 1 and sed = 2 and seed = 3")
        _, line, caret = str(caught.value).split("\n")
        assert line[caret.index("^") :].startswith("sed = 2")


_PIECES = ["config.lr", "seed", "tags", "start", "duration", "metrics.a.max", "exists", "not", "and", "or", "in", "~", "!~", "=",
           "==", "!=", "<", ">=", "(", ")", "[", "]", ",", '"x"', "'", '"', "1", "-2.5e3", "null", "true", "inf", "2026-10-01", ".", " "]  # fmt: skip


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from(_PIECES)).map(" ".join), st.lists(st.sampled_from(_PIECES)).map("".join)
    )
)
@example("not " * 10_000 + "seed = 1")
@example("seed = 1 and " * 10_000 + "seed = 1")
@example("0 < " * 5_000 + "seed")
@example("config" + "[0]" * 10_000 + "=1")
@example("\ud800 = '\ud800'")
@example("start > 9999-12-31")
@example("start = 9999")
@example("start > '99999999999 days ago'")
@example("id = ٣")
@example("\0")
def test_any_text(text):
    """Any text is a question, or is refused as one: nothing else can happen, and nothing is evaluated."""
    try:
        assert isinstance(parse(text), (And, Or, Not, Compare, Exists))
    except QueryError:
        pass


def test_fields():
    """One field is read by the same rules, for columns and orders."""
    assert parse_field("start") == "start_time"
    assert parse_field('config["a.b"]') == 'config."a.b"'
    for wrong in ("", "3", "config.lr < 1", "lr", "'x'"):
        with pytest.raises(QueryError):
            parse_field(wrong)


@pytest.mark.parametrize("step", [".a", '["a"]', "[0]"])
def test_deep_paths(step):
    """A path is some hundreds of steps deep at most: longer ones would take minutes to look for."""
    assert parse(f"config{step * 200} == 1").field.count("0" if step == "[0]" else "a") >= 200
    for ask in (lambda: parse(f"config{step * 5000} == 1"), lambda: parse_field(f"config{step * 5000}")):
        with pytest.raises(QueryError, match="this leads 5001 steps deep; questions go 256 deep"):
            ask()


def test_ids_are_no_questions():
    """A word without operators may be the id of a run; everything else is a question."""
    assert not any(map(is_question, ["baseline", "2026-03-01", "17", "a.b", "in", "or-else"]))
    assert all(map(is_question, ["seed=1", "a in tags", "exists(seed)", "not x", "name~x"]))


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026", local(2026, 1, 1), local(2027, 1, 1)),
        ("2026-12", local(2026, 12, 1), local(2027, 1, 1)),
        ("2026-10-31", local(2026, 10, 31), local(2026, 11, 1)),
        ("2026-10-01 12:00", local(2026, 10, 1, 12), None),
        ("2026-10-01t12:00:00.5", local(2026, 10, 1, 12, 0, 0, 500_000), None),
        ("2026-10-01T12:00+0200", datetime(2026, 10, 1, 10, tzinfo=timezone.utc), None),
        ("2 days ago", NOW - timedelta(days=2), None),
        ("1h30m ago", NOW - timedelta(minutes=90), None),
    ],
)
def test_times(text, first, after):
    """A year, a month and a day last; what names a moment is one."""
    assert moment(text, NOW) == (first, after or first)


def test_days():
    """Today and yesterday are days by local time."""
    day = NOW.astimezone().date()
    first, after = moment("today", NOW)
    assert (first.date(), after.date()) == (day, day + timedelta(days=1))
    assert moment("yesterday", NOW)[1] == first
    for wrong in ("tomorrow", "2026-13", "12:00", "ago", "x ago", "2026-10-01 25:00"):
        assert moment(wrong, NOW) is None


def test_durations():
    """Durations are seconds, or numbers with units."""
    found = [duration(text) for text in ("90", "1.5h", "1h30m", "2 days", "1 week", "3 mins", "", "x", "1y", "1h x")]
    assert found == [90, 5400, 5400, 172_800, 604_800, 180, None, None, None, None]
