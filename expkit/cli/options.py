"""The options of the command line that every experiment has, and how options change an unstarted run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from expkit.cli.option import CLIOption, canonical, cli_option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from expkit.run.inputs import RunInputs


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
