"""The settings of this process: ``SETTINGS``.

Values are read when they are needed, never copied at import, so a change counts from then on.
Keys are fixed: a misspelt one is a :class:`~expkit.errors.SettingError`.
"""

from __future__ import annotations

from expkit._support.nearest import did_you_mean
from expkit.errors import SettingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Settings:
    """A group of settings, by attribute or by item; groups nest, keys are fixed."""

    __slots__ = ("_name", "_values")

    def __init__(self, _name: str, **values: Any) -> None:
        object.__setattr__(self, "_name", _name)
        object.__setattr__(self, "_values", values)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):  # so that copy and pickle find no half-made object
            raise AttributeError(key)
        try:
            return self._values[key]
        except KeyError:
            self._check(key)
            raise

    def __setattr__(self, key: str, value: Any) -> None:
        self._check(key)
        if isinstance(self._values[key], Settings):
            raise SettingError(f"{self._name}.{key} is a group of settings; set its keys one by one")
        self._values[key] = value

    def __delattr__(self, key: str) -> None:
        raise SettingError(f"{self._name}.{key} cannot be removed, only set")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value!r}" for key, value in self._values.items())
        return f"{self._name}({inside})"

    __getitem__ = __getattr__
    __setitem__ = __setattr__
    __delitem__ = __delattr__

    def _check(self, key: str) -> None:
        if key not in self._values:
            raise SettingError(f"there is no setting {self._name}.{key}{did_you_mean(key, self._values)}")


SETTINGS = Settings(
    "SETTINGS",
    CONFIG=Settings(
        "SETTINGS.CONFIG",
        # str keys may neither contain '.' nor start with '$'
        ENFORCE_KEYS_MONGO_COMPATIBLE=False,
        # no key may be one of jsonpickle's tags
        ENFORCE_KEYS_JSONPICKLE_COMPATIBLE=False,
        # str keys must be Python identifiers
        ENFORCE_VALID_PYTHON_IDENTIFIER_KEYS=False,
        # all keys must be str
        ENFORCE_STRING_KEYS=False,
        # no '=' in str keys
        ENFORCE_KEYS_NO_EQUALS=False,
        # new keys of dicts that captured functions ask for, given by updates: "refuse" or "warn"
        NEW_KEYS="refuse",
        # captured functions get containers that refuse to be changed
        READ_ONLY_CONFIG=False,
        # comments that match one of these are no documentation of an entry
        IGNORED_COMMENTS=["^pylint:", "^noinspection", "^noqa", "^type:", "^pyright:", "^fmt:", "^ruff:"],
        # `_rnd` is a numpy RandomState instead of a Generator
        NUMPY_RANDOM_LEGACY_API=False,
    ),
    HOST_INFO=Settings(
        "SETTINGS.HOST_INFO",
        # ask nvidia-smi about GPUs
        INCLUDE_GPU_INFO=True,
        # find out the processor's name
        INCLUDE_CPU_INFO=True,
        # names of environment variables that are kept under host key "ENV"
        CAPTURED_ENV=[],
    ),
    COMMAND_LINE=Settings(
        "SETTINGS.COMMAND_LINE",
        # an update value that is neither a Python nor a JSON literal is an error, not a string
        STRICT_PARSING=False,
        # without effect; scripts for Sacred may set it
        SHOW_DISABLED_OPTIONS=True,
    ),
    # "auto": "fd" where neither stdout nor stderr is a terminal or a notebook, else "sys"
    CAPTURE_MODE="auto",
    # "none", "imported", "sys" or "pkg"
    DISCOVER_DEPENDENCIES="imported",
    # "none", "imported", "sys" or "dir"
    DISCOVER_SOURCES="imported",
    # seconds between two beats
    DEFAULT_BEAT_INTERVAL=10.0,
    # seconds between two renewals of a run's lease
    LEASE_INTERVAL=10.0,
    # the folder (or store URL) of runs that name no observer; None: `runs` beside the project
    DEFAULT_STORE=None,
    FILES=Settings(
        "SETTINGS.FILES",
        # find the data files that a run opens
        CAPTURE=True,
        # look into readers that open files in native code (pandas, pyarrow, polars, h5py, OpenCV, safetensors)
        HOOKS=True,
        # bytes of files that were merely seen are kept up to this size, in bytes ...
        MAX_KEPT_SIZE=1_000_000,
        # ... and as long as those of one run do not exceed this; none counts for less than 100,000 bytes ...
        MAX_KEPT_TOTAL=100_000_000,
        # ... or where one of these patterns matches
        KEEP=[],
        # files that match one of these patterns are neither inputs nor outputs
        IGNORE=["*.pyc", "*.tmp", "*.lock", "*/.git/*", "*/.*cache*/*", "*/__pycache__/*", "*/.coverage*"],
        # folders below which files count; None: everywhere but in the interpreter's, packages' and the system's folders
        ROOTS=None,
        # folders of which a look before and one after tell what the run wrote
        OUTPUT_FOLDERS=[],
        # most inputs that are recorded, and most outputs
        MAX_FILES=10_000,
        # seconds that the end of a run waits for hashes
        END_PATIENCE=3.0,
    ),
    GIT=Settings(
        "SETTINGS.GIT",
        # keep what a repository has beyond its commit: a patch, and the project's untracked files
        KEEP_CHANGES=True,
        # larger patches are not kept, in bytes
        MAX_PATCH_SIZE=10_000_000,
        # larger untracked files are not kept, and no more than so much of them in all, in bytes
        MAX_UNTRACKED_SIZE=1_000_000,
        MAX_UNTRACKED_TOTAL=10_000_000,
        # and no more than so many files
        MAX_UNTRACKED_FILES=500,
        # untracked files that match one of these patterns (from the repository's root, with a leading slash) do not count
        IGNORE=["*.pyc", "*.log", "*.tmp", "*/__pycache__/*", "*/.*cache*/*", "*/.ipynb_checkpoints/*", "/mlruns/*"],
    ),
    INDEX=Settings(
        "SETTINGS.INDEX",
        # lists of the runs in a folder come from an index, which is kept outside it and may be deleted at any time
        USE=True,
        # the folder for such indices, on a disk of this machine; None: `index` in expkit's state folder
        FOLDER=None,
        # a folder with fewer runs has none
        FROM=20,
    ),
    MONITOR=Settings(
        "SETTINGS.MONITOR",
        # seconds between two looks at what the run's processes use (metrics `system/...`); 0: never
        INTERVAL=10.0,
        # look at graphics processors, too
        GPU=True,
    ),
    RANKS=Settings(
        "SETTINGS.RANKS",
        # processes that torchrun, SLURM or MPI started together are one run
        DETECT=True,
        # seconds that ranks wait for rank 0 to start the run
        PATIENCE=60.0,
    ),
    SECRETS=Settings(
        "SETTINGS.SECRETS",
        # show `***` in place of secrets in everything that leaves the process
        MASK=True,
        # further names of secrets, of one word or several: "pin", "my code"
        NAMES=[],
        # names that are no secrets, whatever words they have
        HARMLESS=[],
    ),
    # doubt about what a run used is an error at its end
    STRICT_CAPTURE=False,
    LANES=Settings(
        "SETTINGS.LANES",
        # at its start a run waits this long for the answer of an observer ...
        START_LIMIT=60.0,
        # ... of a store, which is told later where it takes longer; and of one with offline="journal"
        STORE_LIMIT=20.0,
        JOURNAL_PATIENCE=3.0,
        # at its end a run waits this long for an observer that makes no progress ...
        END_PATIENCE=3.0,
        # ... and this long in all
        END_LIMIT=30.0,
        # an observer that is busy with one event for longer is mentioned, once
        SLOW=30.0,
        # first and longest pause between two tries of a failing observer, in seconds
        RETRY_FIRST=0.1,
        RETRY_LONGEST=60.0,
    ),
)
"""All settings, with their defaults. The comments in the source say what each one does."""
