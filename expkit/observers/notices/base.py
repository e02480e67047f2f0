"""What all notices share: which text, with which facts, once."""

from __future__ import annotations

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

from expkit._support.frozen import Frozen
from expkit.errors import ObserverError
from expkit.observers.base import RunObserver
from expkit.observers.delivery import current
from expkit.observers.dispatch import ex_info, naive
from expkit.observers.notices.posting import LaterError
from expkit.observers.notices.words import (
    COMPLETED,
    EVENTS,
    FAILED,
    INTERRUPTED,
    QUEUED,
    STARTED,
    check_text,
    fill,
    in_words,
    last_line,
)
from expkit.record.events import Completed, Failed, Interrupted, Started
from expkit.record.masking import Secrets, remember

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from typing_extensions import Self

    from expkit.observers.base import Tree
    from expkit.observers.delivery import Delivery
    from expkit.record.events import Event
    from expkit.record.model import RunRecord
    from expkit.types import RunId

log = logging.getLogger("expkit")

PRIORITY = 10
"""Of all notices, where nothing else is said."""

_ENDS = (Completed, Interrupted, Failed)


class Message(Frozen):
    """What is told to a service.

    Attributes:
        event: one of :data:`~expkit.observers.notices.words.EVENTS`.
        template: that was filled.
        text: what came of it.
        facts: of the run, by the names that templates use, and ``uid``.
    """

    event: str
    template: str
    text: str
    facts: Mapping[str, Any]


class NoticeObserver(RunObserver):
    """Base of observers that tell people of a run. A subclass sends.

    Nothing waits for them but the end of the program, for as long as for any observer. A message is sent again only
    where it was certainly not taken. What cannot be sent is one line, and a gap in the record if the run goes on.

    Args:
        secrets: what must not be shown: tokens, addresses.
        priority: see :class:`~expkit.observers.base.RunObserver`.
        texts: a template, or None for no message, for each event.

    Attributes:
        queued_text, started_text, completed_text, interrupted_text, failed_text: templates; None for no message.
        run: facts of the last run that was begun.
        limit: the longest text that the service takes.
        needed: what a config file must name.

    Raises:
        ObserverError: a text that cannot be filled.
    """

    awaited = False
    tries = None
    limit = 40_000
    needed: ClassVar[tuple[str, ...]]
    queued_text: str | None
    started_text: str | None
    completed_text: str | None
    interrupted_text: str | None
    failed_text: str | None

    def __init__(self, secrets: Iterable[str], priority: float, **texts: str | None) -> None:
        self.priority = priority
        self.run: dict[str, Any] = {}
        for event in EVENTS:
            text = texts.get(event)
            check_text(text, event)
            setattr(self, f"{event}_text", text)
        self._secrets = Secrets()
        self._secrets.learn(secrets)
        remember(self._secrets)
        self._not_before = 0.0
        self._said = ""
        self._gaps: dict[str, str] = {}
        self._names: dict[str, RunId] = {}

    @classmethod
    def from_config(cls, filename: str | os.PathLike[str]) -> Self:
        """An observer by a config file, which keeps tokens and addresses out of the program.

        Args:
            filename: of a ``.json``, ``.yaml`` or ``.toml`` file with what is :attr:`needed` and any other argument.

        Raises:
            ConfigFileError: it cannot be read.
            ObserverError: it lacks something, or has what nobody knows.
        """
        from expkit.observers.notices.files import arguments_in

        return cls._made_from(arguments_in(filename, cls, cls.needed))

    @classmethod
    def _made_from(cls, arguments: dict[str, Any]) -> Self:
        """An observer by what a config file says."""
        return cls(**arguments)

    def send(self, message: Message) -> None:
        """Send it.

        Raises:
            LaterError: it was not taken, for certain.
            Exception: it was refused, or nobody knows.
        """
        raise NotImplementedError

    def escape(self, value: str) -> str:
        """A value that stands in a text, harmless for the service's markup."""
        return value

    # -- events ----------------------------------------------------------------------------------------

    def notify(self, event: Event, record: RunRecord) -> RunId | None:
        """Hear an event; see :meth:`RunObserver.notify`."""
        delivery = current.get()
        if delivery is not None:
            delivery.live.secrets.learn(self._secrets.known)
            self._write_gap(delivery)
        answer = super().notify(event, record)
        if isinstance(event, _ENDS):
            for known in (self._names, self._gaps):
                known.pop(record.uid, None)
        return answer

    def queued_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        queue_time: datetime,
        config: Tree,
        meta_info: Tree,  # noqa: ARG002
        _id: RunId | None,
    ) -> RunId | None:
        """Tell that the run waits."""
        self.run = _facts(_id, config, queue_time, ex_info, command, host_info)
        self._tell(QUEUED, queue_time=queue_time)
        return None

    def started_event(
        self,
        ex_info: Tree,
        command: str,
        host_info: Tree,
        start_time: datetime,
        config: Tree,
        meta_info: Tree,  # noqa: ARG002
        _id: RunId | None,
    ) -> RunId | None:
        """Tell that the run starts."""
        self.run = _facts(_id, config, start_time, ex_info, command, host_info)
        self._tell(STARTED, start_time)
        return None

    def completed_event(self, stop_time: datetime, result: Any) -> None:
        """Tell that main returned."""
        self._tell(COMPLETED, stop_time, stop_time=stop_time, result=result)

    def interrupted_event(self, interrupt_time: datetime, status: str) -> None:
        """Tell that somebody ended the run."""
        self._tell(INTERRUPTED, interrupt_time, interrupt_time=interrupt_time, status=status)

    def failed_event(self, fail_time: datetime, fail_trace: Sequence[str]) -> None:
        """Tell that an exception ended the run."""
        error, backtrace = last_line(fail_trace), "".join(fail_trace)
        self._tell(FAILED, fail_time, fail_time=fail_time, fail_trace=fail_trace, error=error, backtrace=backtrace)

    # -- telling ---------------------------------------------------------------------------------------

    def _tell(self, event: str, time: datetime | None = None, **more: Any) -> None:
        template = getattr(self, f"{event}_text")
        if template is None:
            return
        if monotonic() < self._not_before:
            raise LaterError("the service has asked for patience")
        delivery = current.get()
        facts = {**(self.run if delivery is None else self._known(delivery)), **more}
        if time is not None and facts.get("start_time") is not None:
            facts["elapsed_time"] = in_words(time - facts["start_time"])
        text = fill(template, facts, self.escape)
        text = text if len(text) <= self.limit else f"{text[: self.limit - 4]} ..."
        self._send_once(Message(event=event, template=template, text=text, facts=facts))

    def _known(self, delivery: Delivery) -> dict[str, Any]:
        """What a message may say of a run, which has one name in all of them: without a store it gets an id of ours later."""
        facts = _facts_of(delivery)
        return {**facts, "_id": self._names.setdefault(delivery.record.uid, facts["_id"])}

    def _send_once(self, message: Message) -> None:
        try:
            self.send(message)
        except LaterError as error:
            self._not_before = monotonic() + error.after
            raise LaterError(self._secrets.hide(str(error)), error.after) from None
        except Exception as error:  # of any kind: the message may be on its way
            self._give_up(message.event, error)

    def _give_up(self, event: str, error: Exception) -> None:
        why = str(error) if isinstance(error, ObserverError) else f"{type(error).__name__}: {error}"
        why = self._secrets.hide(why)
        level = logging.DEBUG if why == self._said else logging.WARNING
        self._said = why
        log.log(level, "observer %s could not tell that the run is %s: %s", self, event, why)
        if (delivery := current.get()) is not None:
            self._gaps[delivery.record.uid] = f"{self} did not tell that the run is {event}"

    def _write_gap(self, delivery: Delivery) -> None:
        """Into the record, with a later event than the one that was not told of: then there is a log for certain."""
        gap = self._gaps.pop(delivery.record.uid, None)
        if gap is not None and not isinstance(delivery.event, (Started, *_ENDS)):
            delivery.gap(gap)

    def _moved(self) -> None:
        """Whoever waits for us sees that we get on."""
        delivery = current.get()
        if delivery is not None:
            delivery.moved(1)


def _facts_of(delivery: Delivery) -> dict[str, Any]:
    record = delivery.record
    run_id = delivery.id if delivery.id is not None else record.uid[-6:]
    begun = record.start_time or record.queue_time
    time = None if begun is None else naive(begun)
    config, host = dict(delivery.live.config), dict(record.host)
    return {**_facts(run_id, config, time, ex_info(delivery, record), record.command, host), "uid": record.uid}


def _facts(
    run_id: RunId | None, config: Tree, time: datetime | None, experiment: Tree, command: str, host: Tree
) -> dict[str, Any]:
    return {
        "_id": run_id,
        "config": config,
        "start_time": time,
        "experiment": experiment,
        "command": command,
        "host_info": host,
    }
