"""Everything that can go wrong, on one page.

::

    ExpkitError
    ├── ConfigError                    something is wrong with configuration
    │   ├── InvalidConfigError         values that do not fit together (users raise it, too)   ValueError
    │   ├── ConfigAddedError           an update names an entry that nobody knows              KeyError
    │   ├── ConfigUpdateError          an update token that cannot be read                     ValueError
    │   ├── ConfigScopeError           a function that cannot be a config function             ValueError
    │   │   └── UnsetEntryError        ... because it reads what nothing before it defines     KeyError
    │   ├── ConfigFileError            a config file that cannot be read                       ValueError
    │   ├── ConfigKeyError             a key that the settings forbid                          KeyError
    │   ├── ConfigTypeError            values that do not fit the declared types               TypeError, ValueError
    │   ├── RequiredEntryError         declared entries that must be given and are not         ValueError
    │   ├── MissingConfigError         a captured function lacks values                        TypeError
    │   ├── NamedConfigNotFoundError   no named config of that name                            KeyError
    │   ├── NotRestorableError         a saved entry that cannot be started from               ValueError
    │   └── ReadOnlyConfigError        somebody edits read-only config                         TypeError
    ├── SignatureError                 wrong explicit arguments of a captured function         TypeError
    ├── CircularDependencyError        ingredients that contain each other
    ├── SettingError                   a setting that does not exist or does not fit           KeyError, AttributeError
    ├── UsageError                     a command line that cannot be understood
    │   ├── CommandNotFoundError       no command of that name                                 KeyError
    │   └── NoCommandError             no command was given, and there is no main function     RuntimeError
    ├── NoActiveRunError               something that needs a run happens outside one          RuntimeError
    │   └── AmbiguousRunError          several runs are active and none is meant               RuntimeError
    ├── ProvenanceError                a fact that was demanded cannot be had                  RuntimeError
    │   └── GathererNameError          a host info gatherer has the name of a fact of ours     KeyError
    ├── IncompleteRecordError          doubt about a record that was to be without             RuntimeError
    ├── QueryError                     a question about runs that cannot be read                ValueError
    ├── MissingExtraError              a package that only some things need is not installed    ImportError
    ├── ObserverError                  an observer cannot do what it should
    │   └── NoObserverError            something that names no observer                        ValueError
    └── StoreError                     a store cannot do what it should
        ├── RunNotFoundError           no such run in this store                               KeyError
        ├── SeveralRunsError           a name that fits several runs                           LookupError
        ├── RunExistsError             the id is taken                                         FileExistsError
        ├── BlobNotFoundError          no bytes of that hash                                   KeyError
        ├── StoreNameError             a name that may not be used                             ValueError
        └── FormatError                bytes that are no record of a known format              ValueError

    RunInterrupt                       raised by users to end a run as INTERRUPTED
    └── TimeoutInterrupt               ... as TIMEOUT

Errors carry facts; how they are shown on a terminal is decided in ``cli/failures.py``.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MISSING = object()


class ExpkitError(Exception):
    """Root of all errors that expkit raises on purpose.

    Args:
        message: what happened, where, and what to type instead.
        print_traceback: whether a terminal shows the traceback; None: where the user's code had a part in it.
        filter_traceback: ``"default"`` and ``"always"`` fold expkit's own frames in it, ``"never"`` does not.
        print_usage: whether the usage of the program is shown, too.

    Raises:
        ValueError: another ``filter_traceback``.
    """

    def __init__(
        self,
        message: str = "",
        print_traceback: bool | None = None,
        filter_traceback: str = "default",
        print_usage: bool = False,
    ) -> None:
        if filter_traceback not in ("default", "always", "never"):
            raise ValueError(f"filter_traceback is 'default', 'always' or 'never', not {filter_traceback!r}")
        super().__init__(message)
        self.print_traceback = print_traceback
        self.filter_traceback = filter_traceback
        self.print_usage = print_usage

    def __str__(self) -> str:
        # KeyError shows repr(message); an error for people shows the message.
        return str(self.args[0]) if self.args else ""


class ConfigError(ExpkitError):
    """Something is wrong with configuration.

    Args:
        message: what happened, where, and what to type instead.
        conflicting_configs: dotted paths of the entries that are to blame; shown below the message.
        print_conflicting_configs: whether they are shown.
        print_traceback, filter_traceback, print_usage: see :class:`ExpkitError`.
        config: where the values of those entries are looked up.

    Attributes:
        find: ``find(config, name, default)`` looks a value up; who knows more than dotted names replaces it.
    """

    def __init__(
        self,
        message: str = "",
        conflicting_configs: Iterable[str] | str = (),
        print_conflicting_configs: bool = True,
        print_traceback: bool | None = None,
        filter_traceback: str = "default",
        print_usage: bool = False,
        config: object = None,
    ) -> None:
        super().__init__(message, print_traceback, filter_traceback, print_usage)
        names = (conflicting_configs,) if isinstance(conflicting_configs, str) else conflicting_configs
        self.conflicting_configs: tuple[str, ...] = tuple(names)
        self.print_conflicting_configs = print_conflicting_configs
        self.config = config
        self.find: Callable[[object, str, object], object] = _find

    def prefixed(self, prefix: str) -> None:
        """Name the conflicting entries from the root of the config, below ``prefix``."""
        self.conflicting_configs = tuple(f"{prefix}.{name}" for name in self.conflicting_configs)

    def __str__(self) -> str:
        shown = self.conflicting_configs if self.print_conflicting_configs else ()
        lines = [super().__str__(), *(f"  {name} = {self._shown(name)}" for name in shown)]
        return "\n".join(lines)

    def _shown(self, name: str) -> str:
        value = self.find(self.config, name, _MISSING)
        return "(not set)" if value is _MISSING else repr(value)


class InvalidConfigError(ConfigError, ValueError):
    """Values that do not fit together; raise it in config or captured functions."""


class ConfigAddedError(ConfigError, KeyError):
    """An update names an entry that no config and no captured function knows."""


class ConfigUpdateError(ConfigError, ValueError):
    """An update token that cannot be read, or updates that contradict each other."""


class ConfigScopeError(ConfigError, ValueError):
    """A function that cannot serve as a config function; the message names file, line and reason."""


class UnsetEntryError(ConfigScopeError, KeyError):
    """A config function reads an entry that nothing before it defines; the message lists what it can read."""


class ConfigFileError(ConfigError, ValueError):
    """A config file that cannot be read; the message starts with ``file:line:column``."""


class ConfigKeyError(ConfigError, KeyError):
    """A config key that ``SETTINGS.CONFIG`` forbids."""


class ConfigTypeError(ConfigError, TypeError, ValueError):
    """Values of entries do not fit the types that are declared for them; the message has a line for each."""


class RequiredEntryError(ConfigError, ValueError):
    """Entries that are declared without a value must be given, and are not; the message has a line for each."""


class MissingConfigError(ConfigError, TypeError):
    """A captured function lacks values; the message lists all of them at once."""


class NamedConfigNotFoundError(ConfigError, KeyError):
    """There is no named config (and no config file) of that name."""


class NotRestorableError(ConfigError, ValueError):
    """A saved entry cannot be turned back into the object that it was."""


class ReadOnlyConfigError(ConfigError, TypeError):
    """Somebody tried to change config that was handed out read-only."""


class SignatureError(ExpkitError, TypeError):
    """A captured function was called with arguments that it does not take."""


class CircularDependencyError(ExpkitError):
    """Ingredients that contain each other."""


class SettingError(ExpkitError, KeyError, AttributeError):
    """A setting that does not exist, or a value that it cannot have."""


class UsageError(ExpkitError):
    """A command line that cannot be understood."""


class CommandNotFoundError(UsageError, KeyError):
    """There is no command of that name."""


class NoCommandError(UsageError, RuntimeError):
    """No command was given, and there is no main function."""


class NoActiveRunError(ExpkitError, RuntimeError):
    """Something that needs a run was called outside one."""


class AmbiguousRunError(NoActiveRunError):
    """Several runs are active and none of them is meant; use ``run.bind(fn)``."""


class ProvenanceError(ExpkitError, RuntimeError):
    """A fact about sources or repositories that was demanded cannot be had."""


class GathererNameError(ProvenanceError, KeyError):
    """A host info gatherer is called like a fact that expkit gathers itself."""


class IncompleteRecordError(ExpkitError, RuntimeError):
    """The record of a run lacks something, and ``--strict-capture`` forbids that."""


class QueryError(ExpkitError, ValueError):
    """A question about runs that cannot be read; the message shows where, and what is expected there."""


class MissingExtraError(ExpkitError, ImportError):
    """A package that only some things need is not installed; the message says what to type."""


class ObserverError(ExpkitError):
    """An observer cannot do what it should."""


class NoObserverError(ObserverError, ValueError):
    """Something that was given as an observer, and is none; the message says what to give."""


class StoreError(ExpkitError):
    """A store cannot do what it should.

    Attributes:
        is_lasting: waiting does not help; what was said of the store has to be changed first.
    """

    is_lasting: bool = False

    def lasting(self) -> StoreError:
        """The same, as one that waiting does not help."""
        self.is_lasting = True
        return self


class RunNotFoundError(StoreError, KeyError):
    """There is no such run in this store."""


class SeveralRunsError(StoreError, LookupError):
    """A name or the beginning of a uid fits several runs; the message names them."""


class RunExistsError(StoreError, FileExistsError):
    """The id is taken by another run."""


class BlobNotFoundError(StoreError, KeyError):
    """There are no bytes of that hash in this store."""


class StoreNameError(StoreError, ValueError):
    """A name that may not be used: it leaves its folder or hides a file of the record."""


class FormatError(StoreError, ValueError):
    """Bytes that are no record of a format this version can read."""


class RunInterrupt(Exception):  # noqa: N818 - not an error: it ends a run on purpose
    """Raise it to end a run early; the run's status becomes ``STATUS``. Subclass it for your own."""

    STATUS = "INTERRUPTED"


class TimeoutInterrupt(RunInterrupt):
    """Raise it when the run took too long."""

    STATUS = "TIMEOUT"


def _find(config: object, name: str, default: object) -> object:
    for part in name.split("."):
        if not isinstance(config, dict) or part not in config:
            return default
        config = config[part]
    return config


DAMAGE = (OSError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)
"""What comes of reading files that somebody has damaged: by hand, by full disks, by power cuts."""
