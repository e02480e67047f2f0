"""Command line options: :func:`cli_option`, the built-in ones, and how they change an unstarted run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.errors import NoObserverError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from expkit.run.inputs import RunInputs


class CLIOption:
    """One option of the command line.

    Attributes:
        short: ``-x``, or ``""`` for an option without short form.
        long: canonical spelling with hyphens, ``--my-option``; underscores are accepted everywhere.
        name: the long flag as it was declared; records and option hooks show it.
        is_flag: whether it takes no value.
        repeatable: whether it may stand several times.
        doc: help text.
    """

    def __init__(
        self,
        function: Callable[[Any, RunInputs], object],
        short: str,
        long: str,
        is_flag: bool = False,
        repeatable: bool = False,
    ) -> None:
        if short and not _is_short(short):
            raise ValueError(f"a short option is '-' and one letter or digit, not {short!r}")
        if not _is_long(long):
            raise ValueError(f"a long option is '--' and at least two letters, digits or hyphens, not {long!r}")
        self.function = function
        self.short = short
        self.long = canonical(long)
        self.name = long
        self.is_flag = is_flag
        self.repeatable = repeatable
        self.doc = " ".join((function.__doc__ or "").split())

    def __repr__(self) -> str:
        return f"<option {self.long}>"

    @property
    def default(self) -> Any:
        """The value of an option that is not given: False for flags, None or ``[]`` for others."""
        if self.is_flag:
            return False
        return [] if self.repeatable else None

    def apply(self, value: Any, run: RunInputs) -> None:
        """Let the option change the unstarted ``run``; nothing happens where it was not given.

        Raises:
            UsageError: the value does not fit.
        """
        if value is None or value is False:
            return
        for single in value if self.repeatable and isinstance(value, (list, tuple)) else (value,):
            self._apply_one(single, run)

    def _apply_one(self, value: Any, run: RunInputs) -> None:
        try:
            self.function(value, run)
        except (ValueError, NoObserverError, StoreError) as error:
            from expkit.record.masking import masked_url

            shown = masked_url(value) if isinstance(value, str) else value
            raise UsageError(f"{self.long}={shown}: {error}") from error


def _is_short(flag: str) -> bool:
    return len(flag) == len("-x") and flag[0] == "-" and _is_word(flag[1])


def _is_long(flag: str) -> bool:
    name = flag.removeprefix("--")
    inside = len(name) >= len("xx") and "-" not in (name[0], name[-1])
    return flag != name and inside and _is_word(name.replace("-", "_"))


def _is_word(text: str) -> bool:
    return f"_{text}".isidentifier()


def canonical(name: str) -> str:
    """The spelling of a long option that counts: hyphens."""
    return name.replace("_", "-") if name.startswith("--") else name


def cli_option(
    short_flag: str,
    long_flag: str,
    is_flag: bool = False,
    *,
    repeatable: bool = False,
) -> Callable[[Callable[[Any, RunInputs], object]], CLIOption]:
    """Make a command line option of a function ``f(args, run)``; its docstring is the help text.

    The function is called before the run starts, with the value (True for flags) and the unstarted run, whose
    attributes it may set. A ``ValueError`` from it is shown as a mistake in the command line.

    Args:
        short_flag: ``-`` and one letter, or ``""``.
        long_flag: ``--`` and a name; hyphens and underscores mean the same.
        is_flag: the option takes no value.
        repeatable: the option may stand several times; the function is called once for each value.

    Raises:
        ValueError: flags that cannot be flags.
    """

    def decorate(function: Callable[[Any, RunInputs], object]) -> CLIOption:
        return CLIOption(function, short_flag, long_flag, is_flag, repeatable)

    return decorate


class OptionValues(dict[str, Any]):
    """Option values by long flag; both spellings of a flag name the same entry, which keeps the first one."""

    def __init__(self, values: Mapping[str, Any] | Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__()
        self._names: dict[str, str] = {}
        self.update(values)

    def __reduce__(self) -> tuple[Any, ...]:
        return OptionValues, (dict(self),)

    def _key(self, name: str) -> str:
        return self._names.get(canonical(name), name)

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(self._key(name))

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(self._names.setdefault(canonical(name), name), value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(self._key(name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(self._key(name))

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an option, or ``default``."""
        return super().get(self._key(name), default)

    def pop(self, name: str, *default: Any) -> Any:
        """Remove an option and return its value."""
        return super().pop(self._key(name), *default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of an option, set first where there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *others: Any, **named: Any) -> None:
        """Set several options."""
        for name, value in dict(*others, **named).items():
            self[name] = value


OPTIONS_OF_ALL: list[CLIOption] = []
"""Options of all experiments of this process, beside their own."""


def option_table(additional: Iterable[CLIOption] = ()) -> list[CLIOption]:
    """The built-in options, then ``additional`` ones.

    Raises:
        ValueError: two options share a flag.
    """
    table = [*BUILT_IN]
    for option in (*OPTIONS_OF_ALL, *additional):
        for taken in table:
            shared = {option.long, option.short or option.long} & {taken.long, taken.short}
            if shared:
                raise ValueError(f"the option {option.long} cannot have the flag {shared.pop()}: {taken.long} has it")
        table.append(option)
    return table


def default_values(table: Iterable[CLIOption]) -> OptionValues:
    """The values of options that are not given."""
    return OptionValues({option.name: option.default for option in table})


def apply_options(table: Iterable[CLIOption], values: Mapping[str, Any], run: RunInputs) -> None:
    """Let every given option change the unstarted ``run``, in the order of the table.

    Raises:
        UsageError: a value does not fit.
    """
    given = OptionValues(values)
    for option in table:
        option.apply(given.get(option.long), run)


@cli_option("-b", "--beat-interval")
def _beat_interval(args: str, run: RunInputs) -> None:
    """Seconds between two heartbeats; 0 beats at the end only."""
    run.beat_interval = float(args)


@cli_option("-C", "--capture")
def _capture(args: str, run: RunInputs) -> None:
    """How output is captured: auto, no, sys or fd."""
    if args not in ("auto", "no", "sys", "fd"):
        raise ValueError("a capture mode is auto, no, sys or fd")
    run.capture_mode = args


@cli_option("-c", "--comment")
def _comment(args: str, run: RunInputs) -> None:
    """A comment that is stored with the run."""
    run.meta_info["comment"] = args


@cli_option("-d", "--debug", is_flag=True)
def _debug(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Show every traceback in full and do not warn about missing observers."""
    run.debug = True


@cli_option("", "--dry-run", is_flag=True)
def _dry_run(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Do everything up to the start and write nothing."""
    run.dry_run = True


@cli_option("-e", "--enforce_clean", is_flag=True)
def _enforce_clean(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Refuse to run unless all sources are committed."""
    run.enforce_clean = True


@cli_option("-F", "--file_storage")
def _file_storage(args: str, run: RunInputs) -> None:
    """Record the run in this folder."""
    run.observe(f"folder:{_folder(args, 'folder:runs')}")


def _folder(path: str, url: str) -> str:
    """A path of runs; where there is nothing, a folder is made."""
    if not path:
        raise ValueError(f"the path of a folder is missing, such as that in {url}")
    if os.path.isfile(os.path.expanduser(path)):
        raise ValueError("this is a file; give the path of a folder, which is made where there is none")
    return path


@cli_option("-f", "--force", is_flag=True)
def _force(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Accept updates that look like mistakes: unknown entries, changed types."""
    run.force = True


@cli_option("-G", "--gcs")
def _gcs(args: str, run: RunInputs) -> None:
    """Record the run in this bucket of Google Cloud Storage: gs://BUCKET/PATH."""
    from expkit.observers.remote import GoogleCloudStorageObserver
    from expkit.stores.urls import without_offline

    url, offline = without_offline(args)
    run.observe(GoogleCloudStorageObserver.at(str(url), offline=offline))


@cli_option("-h", "--help", is_flag=True)
def _help(args: bool, run: RunInputs) -> None:
    """Show this help, or that of a command, and exit."""
    # Answered before there is a run.


@cli_option("-i", "--id")
def _id(args: str, run: RunInputs) -> None:
    """The id of the run; the run does not start if it is taken."""
    run.id = str(args)


@cli_option("-l", "--loglevel")
def _loglevel(args: str | int, run: RunInputs) -> None:
    """Level of the loggers: DEBUG, INFO, WARNING, ERROR, CRITICAL or a number."""
    from expkit.run.logging import level_number

    run.loglevel = level_number(args)


@cli_option("-m", "--mongo_db")
def _mongo_db(args: str, run: RunInputs) -> None:
    """Record the run in this MongoDB: [HOST:PORT:]DATABASE[.COLLECTION[:ID]][!PRIORITY], or mongodb://..."""
    from expkit.observers.mongo_spec import observer_of

    run.observe(observer_of(args))


@cli_option("-n", "--name")
def _name(args: str, run: RunInputs) -> None:
    """The name under which the experiment is recorded."""
    run.name = args


@cli_option("", "--observe", repeatable=True)
def _observe(args: str, run: RunInputs) -> None:
    """Record the run in the store of this URL, like folder:runs; may stand several times."""
    run.observe(args)


@cli_option("-D", "--pdb", is_flag=True)
def _pdb(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Open the debugger where the run fails."""
    run.pdb = True


@cli_option("-p", "--print-config", is_flag=True)
def _print_config(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Show the config before the run starts."""
    run.print_config = True


@cli_option("-P", "--priority")
def _priority(args: str | float, run: RunInputs) -> None:
    """A number by which queued runs are ordered."""
    run.meta_info["priority"] = float(args)


@cli_option("-q", "--queue", is_flag=True)
def _queue(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Write the run down to be started later, and do not start it."""
    run.queue_only = True


@cli_option("-S", "--s3")
def _s3(args: str, run: RunInputs) -> None:
    """Record the run in this bucket of S3: s3://BUCKET/PATH."""
    from expkit.observers.remote import S3Observer
    from expkit.stores.urls import without_offline

    url, offline = without_offline(args)
    run.observe(S3Observer.at(str(url), offline=offline))


@cli_option("-s", "--sql")
def _sql(args: str, run: RunInputs) -> None:
    """Record the run in this SQL database: sqlite:///FILE, postgresql://... or mysql://..."""
    from expkit.observers.sql import SqlObserver
    from expkit.stores.urls import without_offline

    url, offline = without_offline(args)
    run.observe(SqlObserver(str(url), offline=offline))


@cli_option("", "--strict-capture", is_flag=True)
def _strict_capture(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Fail the run at its end if anything that it used could not be recorded."""
    run.strict_capture = True


@cli_option("", "--tag", repeatable=True)
def _tag(args: str, run: RunInputs) -> None:
    """A tag that is stored with the run; may stand several times."""
    run.tags.append(args)


@cli_option("-t", "--tiny_db")
def _tiny_db(args: str, run: RunInputs) -> None:
    """Record the run in this folder, with TinyDB."""
    run.observe(f"tinydb:{_folder(args, 'tinydb:runs_db')}")


@cli_option("-u", "--unobserved", is_flag=True)
def _unobserved(args: bool, run: RunInputs) -> None:  # noqa: ARG001
    """Record nothing."""
    run.unobserved = True


BUILT_IN: tuple[CLIOption, ...] = (
    _beat_interval,
    _capture,
    _comment,
    _debug,
    _dry_run,
    _enforce_clean,
    _file_storage,
    _force,
    _gcs,
    _help,
    _id,
    _loglevel,
    _mongo_db,
    _name,
    _observe,
    _pdb,
    _print_config,
    _priority,
    _queue,
    _s3,
    _sql,
    _strict_capture,
    _tag,
    _tiny_db,
    _unobserved,
)
"""The options that every experiment has, by name. A new one is a decorated function above and a line here."""
