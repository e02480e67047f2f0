"""The errors that Sacred's specification names are what our code raises, under the old names."""

import pytest


@pytest.fixture
def ex(sacred):
    """An experiment with one entry."""
    made = sacred.Experiment("sample", interactive=True)
    made.observers = []
    made.add_config(a=1)

    @made.main
    def main(a):
        return a

    return made


def test_named_config_reads_an_unset_name(ex):
    """A named config that reads a name that nothing has set: KeyError."""

    @ex.named_config
    def bad(unset):
        b = unset

    with pytest.raises(KeyError, match="reads unset, which nothing before it defines"):
        ex.run(named_configs=["bad"])


def test_config_reads_an_unset_name(ex):
    """A config function with a parameter that nothing has set: KeyError."""

    @ex.config
    def bad(unset):
        b = unset

    with pytest.raises(KeyError, match="unset"):
        ex.run()


def test_undeclared_name(ex):
    """A config function that uses a name which is nowhere: NameError."""

    @ex.config
    def bad():
        b = undeclared_name

    with pytest.raises(NameError, match="undeclared_name"):
        ex.run()


def test_second_run(ex):
    """A run that is called twice: RuntimeError."""
    run = ex.run()
    with pytest.raises(RuntimeError, match="only be started once"):
        run()


@pytest.mark.parametrize(
    ("name", "builtin", "call"),
    [
        ("ConfigAddedError", KeyError, lambda ex: ex.run(config_updates={"zzz": 1})),
        ("NamedConfigNotFoundError", KeyError, lambda ex: ex.run(named_configs=["zzz"])),
        ("MissingConfigError", TypeError, lambda ex: ex.capture(lambda zzz: zzz)()),
        ("SignatureError", TypeError, lambda ex: ex.capture(lambda a: a)(1, 2)),
        ("SacredError", KeyError, lambda ex: ex.run("zzz")),
    ],
)
def test_caught_by_old_names(sacred, ex, name, builtin, call):
    """``except sacred.utils.X`` catches what our code raises, and so does the builtin that it was."""
    with pytest.raises(builtin) as caught:
        call(ex)
    assert isinstance(caught.value, getattr(sacred.utils, name))
    assert isinstance(caught.value, sacred.utils.SacredError)


def test_circular_ingredients(sacred):
    """Ingredients that contain each other: CircularDependencyError."""
    one = sacred.Ingredient("one", interactive=True)
    two = sacred.Ingredient("two", [one], interactive=True)
    one.ingredients.append(two)
    with pytest.raises(sacred.utils.CircularDependencyError, match="one->two->one"):
        sacred.Experiment("ex", [one], interactive=True).run()


def test_settings(sacred):
    """A misspelt setting: SettingError; every setting of the predecessor can be set."""
    with pytest.raises(sacred.settings.SettingError, match="did you mean"):
        sacred.SETTINGS.CONFIG.READONLY_CONFIG = True
    for path in (
        "CONFIG.ENFORCE_KEYS_MONGO_COMPATIBLE CONFIG.ENFORCE_KEYS_JSONPICKLE_COMPATIBLE "
        "CONFIG.ENFORCE_VALID_PYTHON_IDENTIFIER_KEYS CONFIG.ENFORCE_STRING_KEYS CONFIG.ENFORCE_KEYS_NO_EQUALS "
        "CONFIG.READ_ONLY_CONFIG CONFIG.IGNORED_COMMENTS CONFIG.NUMPY_RANDOM_LEGACY_API HOST_INFO.INCLUDE_GPU_INFO "
        "HOST_INFO.INCLUDE_CPU_INFO HOST_INFO.CAPTURED_ENV COMMAND_LINE.STRICT_PARSING "
        "COMMAND_LINE.SHOW_DISABLED_OPTIONS"
    ).split():
        group, name = path.split(".")
        sacred.SETTINGS[group][name] = sacred.SETTINGS[group][name]
    for name in ("CAPTURE_MODE", "DISCOVER_DEPENDENCIES", "DISCOVER_SOURCES", "DEFAULT_BEAT_INTERVAL"):
        sacred.SETTINGS[name] = sacred.SETTINGS[name]


def test_read_only_containers(sacred, ex, monkeypatch):
    """With READ_ONLY_CONFIG functions get containers of Sacred's classes; changing one is a SacredError."""
    from sacred.config.custom_containers import ReadOnlyContainer, ReadOnlyDict, ReadOnlyList

    ex.add_config(d={"l": [1]})
    seen = []

    @ex.command
    def change(d, _config):
        seen.extend([type(d), type(d["l"]), isinstance(d, ReadOnlyContainer), isinstance(_config, ReadOnlyContainer)])
        d["x"] = 1

    monkeypatch.setitem(sacred.SETTINGS.CONFIG._values, "READ_ONLY_CONFIG", True)
    with pytest.raises(sacred.utils.SacredError, match="read-only"):
        ex.run("change")
    assert seen == [ReadOnlyDict, ReadOnlyList, True, True]


def test_interrupts(sacred, ex):
    """SacredInterrupt and subclasses of it end a run with their status."""

    class Enough(sacred.utils.SacredInterrupt):
        STATUS = "ENOUGH"

    @ex.command
    def stop(kind, _run):
        seen.append(_run)
        raise kind

    seen = []
    for kind, status in ((sacred.utils.TimeoutInterrupt, "TIMEOUT"), (Enough, "ENOUGH")):
        with pytest.raises(kind):
            ex.run("stop", config_updates={"kind": kind})
        assert seen.pop().status == status


def test_users_own_errors(sacred):
    """SacredError takes what it took."""
    error = sacred.utils.SacredError("text", print_traceback=False, filter_traceback="never", print_usage=True)
    assert (str(error), error.print_traceback, error.filter_traceback, error.print_usage) == (
        "text",
        False,
        "never",
        True,
    )
    with pytest.raises(ValueError, match="filter_traceback"):
        sacred.utils.SacredError("text", filter_traceback="sometimes")
    error = sacred.utils.InvalidConfigError("bad", conflicting_configs=("a.b",), config={"a": {"b": 3}})
    assert str(error).startswith("bad")
    assert "3" in str(error)


def test_config_scopes(sacred, ex):
    """What ``@ex.config`` returns is a ConfigScope, called as (fixed, preset, fallback)."""

    @ex.config
    def more(a):
        b = a + 1
        c = "x"

    assert isinstance(more, sacred.config.ConfigScope)
    found = more(fixed={"c": 5, "d": 1}, preset={"a": 3})
    assert (found["b"], found["c"]) == (4, 5)
    assert found.added == {"d"}
    assert found.typechanged == {"c": (str, int)}
    final, steps = sacred.config.chain_evaluate_config_scopes([*ex.configurations], fixed={"a": 7})
    assert final == {"a": 7, "b": 8, "c": "x"}
    assert len(steps) == 2
