"""The one description of a run: :class:`RunRecord`.

A record is frozen and holds plain data: what the user's values look like is decided by
:mod:`expkit.record.codec`, how it is written by :mod:`expkit.record.wire`. Times are aware UTC.
Metrics and output are no part of it: they are streams (:class:`StreamKey`) beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen, field
from expkit._support.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from expkit.types import Json, RunId

FORMAT = 1
"""Number of the format that this version writes; every later version reads it."""

QUEUED, RUNNING, COMPLETED = "QUEUED", "RUNNING", "COMPLETED"
FAILED, INTERRUPTED, TIMEOUT = "FAILED", "INTERRUPTED", "TIMEOUT"

COPYING = "COPYING"
"""The status of a copy that is not whole yet."""

BY_SACRED = "recorded by Sacred: what it does not record is missing"
"""The gap of every run that the predecessor recorded."""

ORIGINS = "origins"
"""A fact about code that some runs know at their start, and others when they are under way."""

POINTS, OUTPUT = "points", "output"


class StreamKey(NamedTuple):
    """Which stream of a run: points or output, of one segment and one rank."""

    content: str = POINTS
    segment: int = 0
    rank: int = 0


class Point(NamedTuple):
    """One value of one metric.

    ``step`` and ``value`` are what the user gave (ints and floats exactly, NaN and infinities included;
    other values as JSON trees). ``time`` is seconds since the epoch. ``tags`` is a tuple of
    (key, value) pairs of str, sorted by key. ``kind`` is reserved: ``"scalar"``.
    """

    name: str
    step: Any
    value: Any
    time: float
    tags: tuple[tuple[str, str], ...] = ()
    kind: str = "scalar"


class FileRef(Frozen):
    """A file that belongs to a run, known by content, named without absolute paths.

    Attributes:
        path: relative to ``root``, with forward slashes; for artifacts their name.
        role: ``source``, ``resource``, ``artifact``, ``input`` or ``output``; ``environment`` (the list of installed
            packages); ``patch`` and ``untracked`` (what a repository had beyond its commit).
        root: the named root that ``path`` starts from: ``project``, ``cwd``, ``home``, ``files``
            (the run's own folder for files), ``run`` (made by the run itself, ``path`` is a name), ``package`` or
            ``elsewhere`` (then ``path`` is a base name).
        sha256: hex digest of the bytes.
        md5: hex digest for names in the predecessor's layout; empty where nobody needs it.
        size: in bytes.
        mode: ``r`` (read) or ``w`` (written).
        first_seen: when the run met it first.
        layer: who saw it: ``import``, ``user``, ``audit``, ``hook``, ``folder``, ``worker``, ``git``.
        kept: whether the bytes are in the store, or only the hash.
        changed: its bytes changed while the run used it, so the hash may be of other bytes than were used.
        metadata: what the user said about it (artifacts).
        content_type: MIME type (artifacts), or ``""``.
    """

    path: str
    role: str
    root: str = "project"
    sha256: str = ""
    md5: str = ""
    size: int = 0
    mode: str = "r"
    first_seen: datetime | None = None
    layer: str = "user"
    kept: bool = True
    changed: bool = False
    metadata: Mapping[str, Json] = field(default_factory=dict)
    content_type: str = ""


class Launch(Frozen):
    """How to start the run again.

    Attributes:
        script: path relative to the project root, or ``""`` when started as a module or by hand.
        module: ``python -m`` name, or ``""``.
        argv: arguments after the program.
        cwd: working directory relative to the project root (``.`` is the root itself; ``..`` may occur).
        interpreter: base name of the interpreter, with version: ``python3.11``.
        project: base name of the project root.
        env: allow-listed environment: hash seed, thread counts, CUDA.
    """

    script: str = ""
    module: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = "."
    interpreter: str = ""
    project: str = ""
    env: Mapping[str, str] = field(default_factory=dict)


class ConfigFacts(Frozen):
    """What is known about the config beyond its values; all paths are dotted, from the root.

    Attributes:
        hash: sha256 of the canonical form, see :mod:`expkit.record.hashing`.
        hash_unseeded: the same without the entry ``seed``.
        added, modified: entries that updates added or changed.
        typechanged: entry to (old type name, new type name).
        docs: entry to its documentation.
        read: entries that somebody read.
        unread: overridden entries that nobody read, known at the end.
        mutated: entries that captured functions changed in place, known at the end.
        masked: entries whose values are secrets: the record has a mask in their place.
    """

    hash: str = ""
    hash_unseeded: str = ""
    added: tuple[str, ...] = ()
    modified: tuple[str, ...] = ()
    typechanged: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    docs: Mapping[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    mutated: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


class RunRecord(Frozen):
    """What a run is. Trees (`config`, `info`, `result`, ...) are encoded JSON trees.

    Attributes:
        uid: globally unique, 32 hex digits, sorts by time of creation.
        name: of the experiment.
        command: that was run.
        status: as last written; what readers show is judged, see :mod:`expkit.record.state`.
        id: short id in the store that holds this copy.
        parent: uid of the run inside which this one was started.
        segment: 0 for a run's first start, +1 for each resume.
        ranks: how many processes log into the run.
        seed: root of all randomness.
        config, facts: resolved config and what is known about it.
        experiment: ``name``, ``base_dir`` (base name only), ``mainfile``, ``dependencies`` (``name==version``),
            ``repositories`` (``url``, ``commit``, ``dirty``, ...), ``doc``; ``origins`` of packages from no index.
        host: facts about machine and Python.
        meta: command line options, named configs, updates, comment, priority, tags ...
        launch: how to start the run again.
        files: sources, resources, artifacts, inputs and outputs.
        info, result: what the user's code reported.
        fail_trace: lines of the traceback.
        cause: one sentence on why a run ended that did not complete.
        gaps: sentences on what is missing from this record and why.
        unseen: whose doings could not be seen, such as ``subprocess ffmpeg``.
    """

    uid: str
    name: str
    command: str
    status: str
    id: RunId | None = None
    parent: str | None = None
    segment: int = 0
    ranks: int = 1
    seed: int | None = None
    queue_time: datetime | None = None
    start_time: datetime | None = None
    stop_time: datetime | None = None
    heartbeat: datetime | None = None
    config: Mapping[str, Json] = field(default_factory=dict)
    facts: ConfigFacts = field(default_factory=ConfigFacts)
    experiment: Mapping[str, Json] = field(default_factory=dict)
    host: Mapping[str, Json] = field(default_factory=dict)
    meta: Mapping[str, Json] = field(default_factory=dict)
    launch: Launch = field(default_factory=Launch)
    files: tuple[FileRef, ...] = ()
    info: Mapping[str, Json] = field(default_factory=dict)
    result: Json = None
    fail_trace: tuple[str, ...] = ()
    cause: str = ""
    gaps: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    format: int = FORMAT

    def files_of(self, role: str) -> tuple[FileRef, ...]:
        """The files with this role, in order of their appearance."""
        return tuple(ref for ref in self.files if ref.role == role)


class Lease(Frozen):
    """Who runs a run, and since when it has given no sign.

    ``renewed`` is the *store's* clock at the last renewal; ``interval`` the promised seconds between two.
    Host, boot, pid namespace, pid and process start time together name one process for ever.

    ``unmoved``: where a reader cannot ask for the store's clock (a share that it may only read), the seconds for which
    it has watched the lease without seeing a renewal; else None. It is never stored.
    """

    host: str
    boot: str
    pid_namespace: str
    pid: int
    process_start: float
    interval: float
    renewed: datetime | None = None
    unmoved: float | None = None


class Annotation(Frozen):
    """A later fact about a run: somebody's tag, note, name, late result or late artifact, or that it goes into the trash.

    ``action`` is ``tag``, ``untag``, ``note``, ``name``, ``result``, ``artifact``, ``trash`` or ``restore`` (without values);
    ``value`` its JSON value. That of an
    artifact is a tagged ``file`` with the fields of a :class:`FileRef`, its sha256 being called ``blob``.
    """

    action: str
    value: Json
    author: str
    time: datetime
