"""What may still be changed before a run is planned."""

from __future__ import annotations

from expkit.errors import NoActiveRunError
from expkit.settings import SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from expkit.config.updates import NamedConfigToken, Update


class ConfigInputs:
    """The config of a run that has not started: ``run.config["a.b"] = 1`` is the update ``a.b=1``.

    Args:
        updates: where the updates go.
    """

    def __init__(self, updates: list[Update]) -> None:
        self._updates = updates

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __getitem__(self, key: str) -> NoReturn:
        raise NoActiveRunError(
            f"config entry {key!r} cannot be read before the run starts, only set; read it in a config hook"
        )

    def update(self, *others: Any, **named: Any) -> None:
        """Set several entries."""
        from expkit.config.origin import Origin
        from expkit.config.updates import updates_from_mapping

        self._updates += updates_from_mapping(dict(*others, **named), Origin("command line option"))


class RunInputs:
    """A run that has not started: what command line options and option hooks may still change.

    Attributes:
        command: name of the command to run; None means the default one.
        updates: config updates, later ones win.
        named_configs: in order of their application.
        options: long option names to their values, as given.
        info: first content of ``run.info``.
        meta_info: kept with the record.
        observers: who is told about the run; a list of observers, URLs, or callables of (config, options).
        default_store: record into the default store if nobody else observes.
        unobserved: tell nobody, keep nothing.
        queue_only: write the run down to be started later.
        force: skip the checks for unknown and suspicious updates.
        dry_run: do everything up to the start, write nothing.
        id: exactly this id, or None for the next one.
        name: replaces the experiment's name in the record.
        tags: kept with the record.
        beat_interval: seconds between two beats; 0 or less for none.
        capture_mode: ``no``, ``sys``, ``fd``, ``auto``, or None for the setting.
        captured_out_filter: applied to captured output.
        loglevel: number or name of the level for the experiment's loggers.
        debug: show expkit's own frames, too.
        pdb: start the debugger where the run fails.
        enforce_clean: refuse to run from a repository with changes.
        strict_capture: doubt about what the run used fails it at its end.
        print_config: print the config before the start.
        host_info: gatherers of further facts about the machine.
    """

    def __init__(self, command: str | None = None) -> None:
        self.command = command
        self.updates: list[Update] = []
        self.named_configs: list[str | NamedConfigToken] = []
        self.options: dict[str, Any] = {}
        self.info: dict[str, Any] = {}
        self.meta_info: dict[str, Any] = {}
        self.observers: list[Any] = []
        self.default_store = True
        self._standing: Callable[[], tuple[list[Any], bool]] | None = None
        self._stood: list[Any] = []
        self.unobserved = False
        self.queue_only = False
        self.force = False
        self.dry_run = False
        self.id: str | None = None
        self.name: str | None = None
        self.tags: list[str] = []
        self.beat_interval: float = SETTINGS.DEFAULT_BEAT_INTERVAL
        self.capture_mode: str | None = None
        self.captured_out_filter: Callable[[str], str] | None = None
        self.loglevel: int | str | None = None
        self.debug = False
        self.pdb = False
        self.enforce_clean = False
        self.strict_capture: bool = SETTINGS.STRICT_CAPTURE
        self.print_config = False
        self.host_info: list[Any] = []
        self._ours = frozenset((*vars(self), "_ours"))

    stands_for: type | None = None
    """The class that ``isinstance`` takes these for as well; old scripts ask for that of a run."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What ``isinstance`` asks where the type itself does not fit."""
        return self.stands_for or type(self)

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"the run has no {name} yet: command line options are applied before it is planned; "
            "what needs the planned run belongs into a @ex.pre_run_hook",
            name=name,
            obj=self,
        )

    @property
    def added(self) -> dict[str, Any]:
        """Attributes that somebody has put here under names of their own; the run has them as well."""
        return {name: value for name, value in vars(self).items() if name not in self._ours}

    @property
    def _id(self) -> str | None:
        """The predecessor's name for :attr:`id`."""
        return self.id

    @_id.setter
    def _id(self, value: str | None) -> None:
        self.id = value

    @property
    def config(self) -> ConfigInputs:
        """What is set here becomes an update; nothing can be read, as the config is not resolved yet."""
        return ConfigInputs(self.updates)

    def follow(self, standing: Callable[[], tuple[list[Any], bool]]) -> None:
        """Take over the observers of an experiment, also those that hooks add or remove before the run is planned.

        Args:
            standing: the experiment's observers as they are now, and whether it would use the default store.
        """
        self._standing = standing
        self._stood, self.default_store = standing()
        self.observers = list(self._stood)

    def catch_up(self) -> bool:
        """Take over what hooks have done to the experiment's observers by now; whether they did anything."""
        if self._standing is None:
            return False
        now, default_store = self._standing()
        self.default_store = self.default_store and default_store
        gone = [one for one in self._stood if not _is_among(one, now)]
        new = [one for one in now if not _is_among(one, self._stood)]
        self._stood = now
        self.observers = [one for one in self.observers if not _is_among(one, gone)] + new
        return bool(gone or new)

    def observe(self, observer: Any) -> None:
        """Add an observer, or the URL of a store to record into; the default store is replaced."""
        self.observers.append(observer)


def _is_among(one: Any, others: list[Any]) -> bool:
    """Whether it is one of them; two that are equal are still two."""
    return any(one is other for other in others)
