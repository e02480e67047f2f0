"""From definitions and inputs to a frozen :class:`RunPlan`: config resolved, seeds spread, facts gathered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from expkit._support.frozen import Frozen
from expkit._support.nearest import did_you_mean
from expkit._support.secrets import MASK
from expkit.capture.binding import current
from expkit.capture.function import wrappers_in
from expkit.config.merging import nested, overlay
from expkit.config.nodes import Node
from expkit.config.paths import leaves
from expkit.config.resolve import Resolution, resolve
from expkit.config.values import plain
from expkit.errors import CommandNotFoundError, NoCommandError
from expkit.observers.delivery import Live
from expkit.record.encoding import encode
from expkit.record.hashing import config_hashes
from expkit.record.model import QUEUED, RUNNING, ConfigFacts, RunRecord
from expkit.record.tagged import Masked
from expkit.record.uid import new_uid
from expkit.run.disclosure import Disclosure, disclose, hidden
from expkit.run.facts import NOT_GATHERED, Facts, gather
from expkit.run.logging import Heard
from expkit.run.observing import Observing
from expkit.run.seeds import check_seed, new_root_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from expkit.config.base import Base
    from expkit.config.summary import ConfigSummary
    from expkit.config.updates import Update
    from expkit.observers.base import RunObserver
    from expkit.run.definitions import Definitions
    from expkit.run.inputs import RunInputs
    from expkit.run.queued import QueuedRun
    from expkit.run.recording.ranks import Seat
    from expkit.types import Json


class RunPlan(Frozen):
    """Everything that is decided before a run starts.

    Attributes:
        root, inputs: what the plan was made from.
        command: full name of the command.
        function: the captured function of that command.
        config, summary, resolution: the resolved config and how it came about.
        seed: root of all randomness.
        namespaces, paths: config and path by ``id()`` of the ingredient.
        pre_run_hooks, post_run_hooks: ingredients deepest first.
        observers: opened, not yet told of anything.
        unobserved: nothing is kept, nobody is told.
        record: the run's first record.
        seat: the place of this process in a run that several make; None where it makes its own.
        facts: about code and machine.
        live: values that records do not hold.
        meta_info: as the handle shows it.
        logger: root of the run's loggers.
    """

    root: Definitions
    inputs: RunInputs
    command: str
    function: Callable[..., Any]
    config: dict[str, Any]
    summary: ConfigSummary
    resolution: Resolution
    seed: int
    namespaces: Mapping[int, dict[str, Any]]
    paths: Mapping[int, str]
    pre_run_hooks: tuple[Callable[..., Any], ...]
    post_run_hooks: tuple[Callable[..., Any], ...]
    observers: tuple[RunObserver, ...]
    unobserved: bool
    record: RunRecord
    seat: Seat | None
    facts: Facts
    live: Live
    meta_info: dict[str, Any]
    logger: logging.Logger


def make_plan(root: Definitions, inputs: RunInputs) -> RunPlan:
    """Resolve config and seeds, gather facts, open observers; nothing is written and nobody is told.

    Raises:
        CommandNotFoundError: no such command.
        NoCommandError: none was named and there is no main function.
        ConfigError: updates, named configs or config functions that do not work out, entries that are not given.
        CircularDependencyError: ingredients that contain each other.
        ProvenanceError: ``enforce_clean`` and the repository is not.
        ObserverError: something that is no observer.
    """
    looks_only = _looks_only(root, inputs)
    unobserved = inputs.unobserved or looks_only
    observing = Observing(inputs, unobserved=unobserved)
    queued = None if inputs.id is None or inputs.queue_only else _queued(root, inputs, observing)
    owner, command, function = find_command(root, inputs.command)
    nodes = root.ordered()
    hooked = nodes if command.rpartition(".")[2] not in owner.looking_commands else []
    logger = _logger(root, inputs)
    with Heard(logger, inputs.loglevel):
        resolution = _resolved(root, inputs, command, queued, owner, observing)
    config = resolution.config
    seed = _settle_seed(config, observing.sit(config))
    namespaces = _namespaces(root, nodes, resolution)
    observers = observing.opened(config)
    facts = gather(root, inputs, observers) if observers or (inputs.enforce_clean and not looks_only) else NOT_GATHERED
    disclosure = disclose(resolution.recorded(config), inputs, resolution.summary.assigned, resolution.is_secret)
    meta = _meta(inputs, command, disclosure.said, queued)
    record = _record(root, inputs, command, resolution, disclosure, facts, meta)
    return RunPlan(
        root=root,
        inputs=inputs,
        command=command,
        function=function,
        config=config,
        summary=resolution.summary,
        resolution=resolution,
        seed=seed,
        namespaces=namespaces,
        paths={id(node): _path(root, node) for node in nodes},
        pre_run_hooks=tuple(hook for node in hooked for hook in node.pre_run_hooks),
        post_run_hooks=tuple(hook for node in hooked for hook in node.post_run_hooks),
        observers=observers,
        unobserved=unobserved,
        record=_seated(record if queued is None else queued.started(record), observing.seat),
        seat=observing.seat,
        facts=facts,
        live=Live(config=disclosure.config, base_dir=root.project, secrets=disclosure.secrets),
        meta_info=meta,
        logger=logger,
    )


def _resolved(
    root: Definitions,
    inputs: RunInputs,
    command: str,
    queued: QueuedRun | None,
    owner: Definitions,
    observing: Observing,
) -> Resolution:
    """The config to start with; commands that only look show entries that must be given, others are refused."""
    resolution = resolve_config(root, inputs, command, base=None if queued is None else queued.base())
    if command.rpartition(".")[2] not in owner.looking_commands:
        if resolution.missing and inputs.id is not None and queued is None:
            from expkit.run.queued import refuse_taken

            refuse_taken(observing, inputs.id, resolution.config)
        resolution.refuse_missing()
    return resolution


def find_command(root: Definitions, name: str | None) -> tuple[Definitions, str, Callable[..., Any]]:
    """The ingredient, full name and function of a command; ``None`` means the main function.

    Raises:
        CommandNotFoundError: there is none.
        NoCommandError: none was asked for, and there is no main function.
    """
    commands = all_commands(root)
    name = name if name is not None else root.default_command
    if name is None:
        raise NoCommandError(
            f"{root.path} has no main function and no command was given; "
            f"decorate a function with @main or @automain, or name one of: {', '.join(commands)}"
        )
    if name not in commands:
        raise CommandNotFoundError(
            f"there is no command {name!r}{did_you_mean(name, commands)} (known: {', '.join(commands)})"
        )
    owner, function = commands[name]
    return owner, name, function


def all_commands(root: Definitions) -> dict[str, tuple[Definitions, Callable[..., Any]]]:
    """Commands of the whole tree by full name, the experiment's own first."""
    return {
        root.name_of(node, name): (node, function)
        for node, _depth in root.walk()
        for name, function in node.commands.items()
    }


def _looks_only(root: Definitions, inputs: RunInputs) -> bool:
    """Whether the command writes nothing."""
    name = inputs.command or root.default_command or ""
    owner, _function = all_commands(root).get(name, (root, None))
    return name.rpartition(".")[2] in owner.unobserved_commands


def _queued(root: Definitions, inputs: RunInputs, observing: Observing) -> QueuedRun | None:
    """The queued run that is to start; ``inputs`` take over what it says."""
    from expkit.run.queued import find_queued

    def preview() -> dict[str, Any]:
        config = resolve_config(root, inputs, inputs.command or root.default_command or "", force=True).config
        _settle_seed(config)
        return config

    queued = find_queued(observing, inputs.id or "", preview)
    if queued is not None:
        queued.fill(inputs)
    return queued


def _logger(root: Definitions, inputs: RunInputs) -> logging.Logger:
    logger: logging.Logger = root.logger or logging.getLogger(inputs.name or root.path)
    return logger


def resolve_config(
    root: Definitions, inputs: RunInputs, command: str, *, force: bool = False, base: Base | None = None
) -> Resolution:
    """The config that these definitions and inputs give."""
    owner, function = all_commands(root).get(command, (None, None))
    nodes = [_node(root, node, [function] if function and node is owner else []) for node in root.ordered()]
    return resolve(
        nodes,
        inputs.updates,
        inputs.named_configs,
        command=command,
        logger=_logger(root, inputs),
        force=force or inputs.force,
        base=base,
    )


def _node(root: Definitions, node: Definitions, running: list[Callable[..., Any]]) -> Node:
    return Node(
        path=_path(root, node),
        configurations=node.configurations,
        named_configs=node.named_configs,
        hooks=node.config_hooks,
        children=tuple(child.path for child in node.ingredients),
        parameters=_parameters([*node.captured_functions, *running]),
    )


def _parameters(functions: list[Callable[..., Any]]) -> dict[str, str]:
    """Entries that captured functions ask for, and where."""
    return {
        f"{function.prefix}.{name}" if function.prefix else name: function.place
        for wrapped in functions
        for function in wrappers_in(wrapped)
        for name in function.parameters
    }


def _path(root: Definitions, node: Definitions) -> str:
    return "" if node is root else node.path


def _settle_seed(config: dict[str, Any], seat: Seat | None = None) -> int:
    """The root seed: the entry ``seed``; where it is missing or None that of rank 0, or one that is made."""
    given = config.get("seed")
    if given is None and seat is not None and seat.record is not None:
        given = seat.record.seed
    config["seed"] = new_root_seed() if given is None else check_seed(given)
    return int(config["seed"])


def _namespaces(root: Definitions, nodes: list[Definitions], resolution: Resolution) -> dict[int, dict[str, Any]]:
    """The config of each ingredient; seeds that are none are refused, and None stands for one that is derived."""
    namespaces = {id(node): resolution.node_config(_path(root, node)) for node in nodes}
    for node in nodes:
        own = namespaces[id(node)].get("seed")
        if own is not None:
            check_seed(own, f"{_path(root, node)}.seed".removeprefix("."))
    return namespaces


def _meta(inputs: RunInputs, command: str, said: Mapping[str, str], queued: QueuedRun | None) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "command": command,
        "options": _options(inputs, said),
        "named_configs": [str(name) for name in inputs.named_configs],
        "config_updates": _as_typed(inputs.updates, said),
    }
    if inputs.tags:
        meta["tags"] = list(inputs.tags)
    meta.update(inputs.meta_info)
    return meta if queued is None else queued.meta_with(meta)


def _options(inputs: RunInputs, said: Mapping[str, str]) -> dict[str, Any]:
    """The options by long flag, and what was typed behind ``with``, as it may be shown."""
    options = type(inputs.options)(inputs.options)
    if "UPDATE" in options:
        options["UPDATE"] = [said.get(token, token) for token in options["UPDATE"]]
    return options


def _as_typed(updates: list[Update], said: Mapping[str, str]) -> dict[str, Any]:
    """Updates as a nested dict; those that are more than an entry's new value under their text, as it may be shown."""
    typed: dict[str, Any] = {}
    for update in updates:
        if update.remove or not all(isinstance(part, str) for part in update.path):
            typed[said.get(update.said, update.said)] = Masked(MASK) if _is_hidden(update, said) else update.value
        else:
            is_hidden = _is_hidden(update, said)
            for path, value in leaves(update.path, plain(update.value, update.path)):
                overlay(typed, nested(path, Masked(MASK) if is_hidden else value))
    return typed


def _is_hidden(update: Update, said: Mapping[str, str]) -> bool:
    return said.get(update.said) == hidden(update)


def _record(
    root: Definitions,
    inputs: RunInputs,
    command: str,
    resolution: Resolution,
    disclosure: Disclosure,
    facts: Facts,
    meta: Mapping[str, Any],
) -> RunRecord:
    outer = current.get()
    config = encode(disclosure.config)
    secrets = disclosure.secrets
    return RunRecord(
        uid=new_uid(),
        name=secrets.sure(inputs.name or root.path),
        command=command.rpartition(".")[2],
        status=QUEUED if inputs.queue_only else RUNNING,
        parent=outer.run.uid if outer is not None else None,  # type: ignore[attr-defined]
        seed=disclosure.config["seed"],
        config=config,
        facts=_config_facts(resolution.summary, config, disclosure),
        experiment={"name": secrets.sure(inputs.name or root.path), **encode(secrets.shown(facts.experiment))},
        host=encode(secrets.shown(facts.host)),
        meta=encode(secrets.shown(meta)),
        launch=disclosure.launch(facts.launch),
        files=tuple(map(secrets.file, (*facts.sources, *(ref for _, ref in facts.files)))),
        info=encode(secrets.masked(inputs.info)),
        gaps=tuple(map(secrets.hide, facts.problems)),
    )


def _seated(record: RunRecord, seat: Seat | None) -> RunRecord:
    return record if seat is None else record.but(ranks=seat.size, meta={**record.meta, "job": seat.job})


def _config_facts(summary: ConfigSummary, config: Json, disclosure: Disclosure) -> ConfigFacts:
    """What the record says about a resolved config beyond its values."""
    hashed, unseeded = config_hashes(config)
    return ConfigFacts(
        hash=hashed,
        hash_unseeded=unseeded,
        added=tuple(sorted(summary.added)),
        modified=tuple(sorted(summary.modified)),
        typechanged={
            path: (_type_name(old), _type_name(new)) for path, (old, new) in sorted(summary.typechanged.items())
        },
        docs={name: disclosure.secrets.hide(text) for name, text in summary.docs.items()},
        masked=disclosure.masked,
    )


def _type_name(kind: Any) -> str:
    return kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
