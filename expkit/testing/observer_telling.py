"""The contract of observers: what they are told, and in what order."""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from typing import Any

from expkit.testing.observer_tests import ObserverTests

_SECRET = "hunter2-is-secret"  # noqa: S105 - nobody's


class TellingContract(ObserverTests):
    """Telling: the start and its answer, the order of events, values of any kind, and no secret."""

    def test_a_run_that_completes(self) -> None:
        """A run with metrics, output, info and a result is taken from start to end."""

        def main(_run: Any) -> float:
            sys.stdout.write("hello from main\n")
            for step in range(5):
                _run.log_scalar("loss", 1.0 / (step + 1), step)
            _run.info["note"] = "fine"
            return 0.5

        assert self.run(main).status == "COMPLETED"
        assert self.witness.names()[-2:] == ["completed_event", "join"]

    def test_the_start_is_answered(self) -> None:
        """The answer to the start is None or an id, a text or a number; the first one by priority is the run's id."""
        observer, answers = self.prepare(), []
        notify = observer.notify

        def asked(event: Any, record: Any) -> Any:
            answers.append(notify(event, record))
            return answers[-1]

        observer.notify = asked  # type: ignore[method-assign]
        run = self.ended(self.experiment(lambda: None))
        for answer in [*answers[:1], run._id]:
            assert answer is None or type(answer) in {int, str}, (
                f"the start was answered by {answer!r}; return an id, which is a text or a number, or None"
            )
        if answers[:1] != [None] and answers and not self.beside():
            assert run._id == answers[0]
        self.look(run)

    def test_order(self) -> None:
        """First the start, then files as they come, points before the beat that follows them, the end, and ``join``."""

        def main(_run: Any) -> int:
            for part in range(3):
                sys.stdout.write(f"part {part}\n")
                for step in range(1000):
                    _run.log_scalar("loss", part + step / 1000)
                _run.info["part"] = part
                _run.flush()
            return 3

        run = self.run(main)
        names, beats = self.witness.names(), self.witness.arguments("heartbeat_event")
        assert (names[0], names[-2:]) == ("started_event", ["completed_event", "join"])
        assert set(names[1:-2]) == {"log_metrics", "heartbeat_event"}
        assert names[1] == "log_metrics"
        assert [len(steps) for steps in self.logged().values()] == [3000]
        assert self.logged()["loss"][1000:1002] == [(1000, 1.0), (1001, 1.001)]
        times = [beat["beat_time"] for beat in beats]
        texts = [beat["captured_out"] for beat in beats]
        assert times == sorted(times)
        assert all(later.startswith(text) for text, later in pairwise(texts))
        assert [beats[-1]["info"]["part"], beats[-1]["result"] or run.result] == [2, 3]

    def test_odd_values(self) -> None:
        """Values that JSON does not know, any string as key, and lists far within each other are taken."""
        config = {"nan": math.nan, "inf": -math.inf, "tuple": (1, (2,)), "set": {1}, "big": 2**80, "a.b$": 1, "ü": "\0"}

        def main(_run: Any) -> Any:
            _run.log_scalar("ü/x y", math.nan)
            _run.log_scalar("big", 2**70, 10**12)
            _run.info["object"] = object()
            _run.info["deep"] = _nested(90)
            return {"deep": [(1, {2})]}

        assert self.run(main, config).status == "COMPLETED"

    def test_what_is_handed_out_is_a_copy(self) -> None:
        """Whatever the observer does with what it is told, others see what the program said."""
        run = self.run(lambda: {"result": [1]}, {"list": [1, 2]})
        started = self.witness.arguments("started_event")[0]
        assert started["config"]["list"] == [1, 2], "it has changed the config for those after it"
        assert run.result == {"result": [1]}, "it has changed the result of the run"
        (completed,) = self.witness.arguments("completed_event")
        event: Any = self.witness.heard[-1][0]
        assert [completed["result"], event.result] == [{"result": [1]}] * 2, "it has changed what others hear"

    def test_secrets(self) -> None:
        """Nobody is told what is secret in config, info, result, names of metrics or errors; what the program prints is its own."""

        def main(_run: Any, password: Any) -> Any:
            _run.info["dsn"] = f"postgresql://me:{_SECRET}@host/db"
            _run.log_scalar(f"loss of {_SECRET}", 1.0)
            _run.flush()
            raise ZeroDivisionError(f"{password} is no number")

        run = self.run(main, {"password": _SECRET, "nested": {"api_key": _SECRET, "url": f"https://u:{_SECRET}@h"}})
        assert _SECRET not in repr(self.witness.calls), "a secret was told"
        assert _SECRET not in self.shown(self.observer, run), "it has written down a secret"

    def test_several_runs(self) -> None:
        """One observer is told of runs one after the other; each is taken as if it were the only one."""
        self.prepare()
        for number in range(3):
            self.witness.calls.clear()
            run = self.ended(self.experiment(lambda number=number: number))
            assert run.result == number
            assert_one_start(self.witness)
            self.look(run)


def assert_one_start(witness: Any) -> None:
    """See that one run was told, from its start to its end."""
    names = [name for name, _ in witness.calls]
    assert [names.count(name) for name in ("started_event", "completed_event", "join")] == [1, 1, 1]


def _nested(depth: int) -> Any:
    tree: Any = 1
    for level in range(depth):
        tree = {"in": tree} if level % 2 else [tree]
    return tree
