"""The whole map of old names: :data:`MODULES`. Whatever is not here is not answered."""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn


class Gone(str):
    """Stands in the map for a name that can be imported but not used; the text says what to use instead."""

    __slots__ = ()


FILE = __file__
"""What the old modules give as their file."""

_UTILS = {
    "CircularDependencyError": "errors",
    "ConfigAddedError": "errors",
    "ConfigError": "errors",
    "InvalidConfigError": "errors",
    "MissingConfigError": "errors",
    "NamedConfigNotFoundError": "errors",
    "ObserverError": "errors",
    "SacredError": "errors:ExpkitError",
    "SacredInterrupt": "errors:RunInterrupt",
    "SignatureError": "errors",
    "TimeoutInterrupt": "errors",
    "apply_backspaces_and_linefeeds": "_support.terminal",
    "PATHCHANGE": ".paths",
    "convert_to_nested_dict": ".paths",
    "get_by_dotted_path": ".paths",
    "is_prefix": ".paths",
    "iter_prefixes": ".paths",
    "iterate_flattened": ".paths",
    "iterate_flattened_separately": ".paths",
    "join_paths": ".paths",
    "recursive_update": ".paths",
    "rel_path": ".paths",
    "set_by_dotted_path": ".paths",
    "IntervalTimer": ".helpers",
    "NO_LOGGER": ".helpers",
    "PYTHON_IDENTIFIER": ".helpers",
    "PathType": ".helpers",
    "convert_camel_case_to_snake_case": ".helpers",
    "create_basic_stream_logger": ".helpers",
    "format_filtered_stacktrace": ".helpers",
    "get_inheritors": ".helpers",
    "get_package_version": ".helpers",
    "is_non_empty_dict": ".helpers",
    "module_exists": ".helpers",
    "module_is_in_cache": ".helpers",
    "modules_exist": ".helpers",
    "optional_kwargs_decorator": ".helpers",
    "parse_version": ".helpers",
    "print_filtered_stacktrace": ".helpers",
    "ensure_wellformed_argv": "cli.grammar:split_argv",
    "format_sacred_error": Gone("str(error); the command line shows errors by itself"),
    "FilteredTracebackException": Gone("traceback.TracebackException; the command line folds its own frames by itself"),
}
_SCAFFOLD = Gone("ex._create_run(...), and its config, config_modifications and plan")
_SCANNING = Gone("ex.get_experiment_info(), which has sources, dependencies and repositories")
_SIGNATURE = Gone("inspect.signature(function)")
_DOGMATIC = Gone("scope(fixed=..., preset=..., fallback=...), which gives the entries with fixed values in place")
_CAPTURE = Gone("@ex.capture or ex.capture(function, prefix=...)")
_STDOUT = Gone("SETTINGS.CAPTURE_MODE, or --capture")
_BSON = Gone("sacred.serializer.flatten(value)")
_TABLES = Gone("the records that FileStorageObserver or MongoObserver write")

MODULES: dict[str, dict[str, str]] = {
    "sacred": {
        "Experiment": "experiment",
        "Ingredient": "ingredient",
        "SETTINGS": "settings",
        "cli_option": "cli.option",
        "host_info_gatherer": "provenance.machine.host",
        "host_info_getter": ".facts",
        "__author__": ".about",
        "__author_email__": ".about",
        "__url__": ".about",
        "__version__": ".about",
    },
    "sacred.__about__": {
        "__author__": ".about",
        "__author_email__": ".about",
        "__url__": ".about",
        "__version__": ".about",
    },
    "sacred.arg_parser": {
        "format_usage": Gone("ex.get_usage()"),
        "get_config_updates": ".configs",
        "printable_usage": Gone("ex.get_usage()"),
    },
    "sacred.commandline_options": {
        "CLIOption": "cli.option",
        "CommandLineOption": ".options",
        "beat_interval_option": "cli.options:_beat_interval",
        "capture_option": "cli.options:_capture",
        "cli_option": "cli.option",
        "comment_option": "cli.options:_comment",
        "debug_option": "cli.options:_debug",
        "enforce_clean_option": "cli.options:_enforce_clean",
        "force_option": "cli.options:_force",
        "get_name": ".options",
        "help_option": "cli.options:_help",
        "id_option": "cli.options:_id",
        "loglevel_option": "cli.options:_loglevel",
        "name_option": "cli.options:_name",
        "pdb_option": "cli.options:_pdb",
        "print_config_option": "cli.options:_print_config",
        "priority_option": "cli.options:_priority",
        "queue_option": "cli.options:_queue",
        "unobserved_option": "cli.options:_unobserved",
    },
    "sacred.commands": {
        "_format_config": ".commands",
        "help_for_command": ".commands",
        "print_config": "program",
        "print_dependencies": "program",
        "print_named_configs": ".commands",
        "save_config": ".commands",
    },
    "sacred.config": {
        "ConfigDict": "config.dicts",
        "ConfigScope": "config.scope",
        "chain_evaluate_config_scopes": ".configs",
        "create_captured_function": _CAPTURE,
        "dogmatize": _DOGMATIC,
        "load_config_file": "config.files",
        "save_config_file": "config.files",
        "undogmatize": "config.containers:copy_containers",
    },
    "sacred.config.captured_function": {"captured_function": _CAPTURE, "create_captured_function": _CAPTURE},
    "sacred.config.config_dict": {"ConfigDict": "config.dicts"},
    "sacred.config.config_files": {"load_config_file": "config.files", "save_config_file": "config.files"},
    "sacred.config.config_scope": {
        "ConfigScope": "config.scope",
        "dedent_function_body": Gone("textwrap.dedent(text)"),
        "dedent_line": Gone("textwrap.dedent(text)"),
        "get_config_comments": Gone("scope().docs"),
        "get_function_body": Gone("inspect.getsource(function)"),
        "get_function_body_code": Gone("scope(), which gives the entries"),
    },
    "sacred.config.config_summary": {"ConfigSummary": "config.summary"},
    "sacred.config.custom_containers": {
        "DogmaticDict": _DOGMATIC,
        "DogmaticList": _DOGMATIC,
        "ReadOnlyContainer": ".configs",
        "ReadOnlyDict": "config.containers",
        "ReadOnlyList": "config.containers",
        "fallback_dict": Gone("collections.ChainMap({}, fallback)"),
        "is_different": "config.values:differs",
        "make_read_only": "config.containers:read_only",
        "type_changed": Gone("_run.config_modifications.typechanged"),
    },
    "sacred.config.signature": {"Signature": _SIGNATURE, "get_argspec": _SIGNATURE},
    "sacred.config.utils": {
        "assert_is_valid_key": "config.keys:check_key",
        "chain_evaluate_config_scopes": ".configs",
        "dogmatize": _DOGMATIC,
        "normalize_numpy": "config.values:plain",
        "normalize_or_die": "config.values:plain",
        "recursive_fill_in": ".paths",
        "undogmatize": "config.containers:copy_containers",
    },
    "sacred.dependencies": {
        "PackageDependency": "run.code",
        "Source": "run.code",
        "gather_sources_and_dependencies": _SCANNING,
        "get_digest": ".facts",
        "get_main_file": _SCANNING,
        "is_local_source": _SCANNING,
    },
    "sacred.experiment": {
        "Experiment": "experiment",
        "Ingredient": "ingredient",
        "SETTINGS": "settings",
        "gather_command_line_options": ".options",
    },
    "sacred.host_info": {
        "HostInfoGetter": "provenance.machine.host:HostInfoGatherer",
        "IgnoreHostInfo": "provenance.machine.host",
        "get_host_info": ".facts",
        "host_info_gatherer": "provenance.machine.host",
        "host_info_gatherers": ".facts",
        "host_info_getter": ".facts",
    },
    "sacred.ingredient": {
        "Ingredient": "ingredient",
        "collect_repositories": _SCANNING,
        "gather_sources_and_dependencies": _SCANNING,
    },
    "sacred.initialize": {
        "Scaffold": _SCAFFOLD,
        "create_run": ".by_hand",
        "create_scaffolding": _SCAFFOLD,
        "distribute_config_updates": _SCAFFOLD,
        "distribute_named_configs": _SCAFFOLD,
        "gather_ingredients_topological": Gone("ex.traverse_ingredients()"),
        "get_command": Gone("dict(ex.gather_commands())[name]"),
        "get_config_modifications": _SCAFFOLD,
        "get_configuration": _SCAFFOLD,
        "get_scaffolding_and_config_name": _SCAFFOLD,
        "initialize_logging": Gone("ex.logger = logging.getLogger(name)"),
    },
    "sacred.metrics_logger": {
        "MetricsLogger": ".metrics",
        "ScalarMetricLogEntry": ".metrics",
        "linearize_metrics": ".metrics",
    },
    "sacred.observers": {
        "FileStorageObserver": "observers.file",
        "GoogleCloudStorageObserver": "observers.remote",
        "MongoObserver": "observers.mongo",
        "QueueObserver": ".observers",
        "QueuedMongoObserver": "observers.mongo",
        "RunObserver": "observers.base",
        "S3Observer": "observers.remote",
        "SlackObserver": "observers.notices.slack",
        "SqlObserver": "observers.sql",
        "TelegramObserver": "observers.notices.telegram",
        "TinyDbObserver": "observers.tinydb",
        "TinyDbReader": "observers.tinydb_reader",
    },
    "sacred.observers.base": {"RunObserver": "observers.base", "td_format": "observers.notices.words:in_words"},
    "sacred.observers.file_storage": {
        "DEFAULT_FILE_STORAGE_PRIORITY": ".observers",
        "FileStorageObserver": "observers.file",
        "file_storage_option": "cli.options:_file_storage",
    },
    "sacred.observers.gcs_observer": {
        "DEFAULT_GCS_PRIORITY": ".observers",
        "GoogleCloudStorageObserver": "observers.remote",
        "gcs_option": "cli.options:_gcs",
    },
    "sacred.observers.mongo": {
        "DEFAULT_MONGO_PRIORITY": ".observers",
        "MongoObserver": "observers.mongo",
        "QueueCompatibleMongoObserver": "observers.mongo:MongoObserver",
        "QueuedMongoObserver": "observers.mongo",
        "force_bson_encodeable": _BSON,
        "force_valid_bson_key": _BSON,
        "mongo_db_option": "cli.options:_mongo_db",
        "parse_mongo_db_arg": ".observers",
    },
    "sacred.observers.queue": {"QueueObserver": ".observers"},
    "sacred.observers.s3_observer": {
        "DEFAULT_S3_PRIORITY": ".observers",
        "S3Observer": "observers.remote",
        "s3_option": "cli.options:_s3",
    },
    "sacred.observers.slack": {"DEFAULT_SLACK_PRIORITY": ".observers", "SlackObserver": "observers.notices.slack"},
    "sacred.observers.sql": {
        "DEFAULT_SQL_PRIORITY": ".observers",
        "SqlObserver": "observers.sql",
        "sql_option": "cli.options:_sql",
    },
    "sacred.observers.sql_bases": dict.fromkeys(
        ("Artifact", "Base", "Dependency", "Experiment", "Host", "Repository", "Resource", "Run", "Source"), _TABLES
    ),
    "sacred.observers.telegram_obs": {
        "DEFAULT_TELEGRAM_PRIORITY": ".observers",
        "TelegramObserver": "observers.notices.telegram",
    },
    "sacred.observers.tinydb_hashfs": {
        "TinyDbObserver": "observers.tinydb",
        "TinyDbReader": "observers.tinydb_reader",
        "tiny_db_option": "cli.options:_tiny_db",
    },
    "sacred.observers.tinydb_hashfs.bases": {"get_db_file_manager": Gone("TinyDbReader(path)")},
    "sacred.observers.tinydb_hashfs.tinydb_hashfs": {
        "TinyDbObserver": "observers.tinydb",
        "TinyDbReader": "observers.tinydb_reader",
        "tiny_db_option": "cli.options:_tiny_db",
    },
    "sacred.optional": {
        "get_package_version": ".helpers",
        "get_tensorflow": ".libraries",
        "has_mako": ".libraries",
        "has_numpy": ".libraries",
        "has_pandas": ".libraries",
        "has_sqlalchemy": ".libraries",
        "has_tensorflow": ".libraries",
        "has_tinydb": ".libraries",
        "has_yaml": ".libraries",
        "modules_exist": ".helpers",
        "np": ".libraries",
        "optional_import": ".libraries",
        "pandas": ".libraries",
        "parse_version": ".helpers",
        "yaml": ".libraries",
    },
    "sacred.randomness": {
        "SEEDRANGE": ".by_hand",
        "create_rnd": "run.seeds:make_rng",
        "get_seed": ".by_hand",
        "set_global_seed": ".by_hand",
    },
    "sacred.run": {"IntervalTimer": ".helpers", "Run": ".runs", "SacredInterrupt": "errors:RunInterrupt"},
    "sacred.serializer": {"flatten": ".values", "restore": ".values"},
    "sacred.settings": {
        "FrozenKeyMunch": "settings:Settings",
        "SETTINGS": "settings",
        "SettingError": "errors",
    },
    "sacred.stdout_capturing": {
        "CapturedStdout": _STDOUT,
        "TeeingStreamProxy": _STDOUT,
        "get_stdcapturer": _STDOUT,
        "no_tee": _STDOUT,
        "tee_output_fd": _STDOUT,
        "tee_output_python": _STDOUT,
    },
    "sacred.stflow": {"LogFileWriter": ".stflow"},
    "sacred.stflow.internal": {"ContextMethodDecorator": Gone("sacred.stflow.LogFileWriter(ex)")},
    "sacred.stflow.method_interception": {"LogFileWriter": ".stflow"},
    "sacred.utils": _UTILS,
}
"""Module to name to place: a module of expkit (with a dot in front: of this package), and the name there if another."""

STARS = {"sacred": ("__version__", "__author__", "__author_email__", "__url__", "observers")}
"""What ``from sacred import *`` brings beside names without underscore."""


@lru_cache(maxsize=256)
def submodules(module: str) -> tuple[str, ...]:
    """Names of the modules right below one."""
    return tuple(name.rpartition(".")[2] for name in MODULES if name.rpartition(".")[0] == module)


def resolve(place: str, name: str) -> Any:
    """What stands at a place of the map.

    Args:
        place: see :data:`MODULES`.
        name: the old name.
    """
    if isinstance(place, Gone):
        return _absent(name, place)
    from importlib import import_module

    from expkit._support.loading import loading

    home, _, actual = place.partition(":")
    with loading:
        module = import_module(f"{__package__}{home}" if home[0] == "." else f"{__package__.partition('.')[0]}.{home}")
        return getattr(module, actual or name)


@lru_cache(maxsize=256)
def _absent(name: str, instead: str) -> type:
    def refuse(*_args: Any, **_kwargs: Any) -> NoReturn:
        from expkit.errors import ExpkitError

        raise ExpkitError(f"{name} of Sacred is not carried on in expkit; use {instead}")

    return type(name, (), {"__doc__": f"Not carried on; use {instead}.", "__new__": refuse})
