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
        self._check(key)
        return self._values[key]

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
    LANES=Settings(
        "SETTINGS.LANES",
        # at its end a run waits this long for an observer that makes no progress ...
        END_PATIENCE=3.0,
        # ... and this long in all
        END_LIMIT=30.0,
        # first and longest pause between two tries of a failing observer, in seconds
        RETRY_FIRST=0.1,
        RETRY_LONGEST=60.0,
    ),
)
"""All settings, with their defaults. The comments in the source say what each one does."""
