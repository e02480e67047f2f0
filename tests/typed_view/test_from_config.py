"""Parameters with the default ``from_config``."""

import copy
import functools
import inspect
import pickle
import subprocess
import sys

import pytest

from expkit import Experiment, Ingredient, from_config
from expkit.errors import MissingConfigError


@pytest.fixture
def data():
    return Ingredient("data", interactive=True)


@pytest.fixture
def ex(data):
    experiment = Experiment("marked", [data], interactive=True, observers=[])
    experiment.add_config(lr=0.1, opt={"name": "sgd"})
    data.add_config(rows=3)
    return experiment


def test_it_is_filled_wherever_config_fills(ex, data):
    """Main, captured functions, commands, hooks, methods, classes and ingredients get the entry."""
    seen = {}

    @ex.capture
    def step(x: int, lr: float = from_config, *, opt: dict = from_config):
        return x, lr, opt["name"]

    @ex.capture(prefix="opt")
    def build(name: str = from_config):
        return name

    @data.capture
    def load(rows: int = from_config):
        return rows

    @ex.pre_run_hook
    def before(lr: float = from_config):
        seen["hook"] = lr

    class Model:
        @ex.capture
        def __init__(self, width: int, lr: float = from_config):
            self.made = width, lr

        @ex.capture
        def fit(self, lr: float = from_config, _run=from_config):
            return lr, _run is not None

        @staticmethod
        @ex.capture
        def kind(lr: float = from_config):
            return lr

    @ex.capture
    class Net:
        def __init__(self, lr: float = from_config):
            self.lr = lr

    @ex.command
    def look(lr: float = from_config):
        return lr

    @ex.main
    def main(lr: float = from_config):
        return [
            lr,
            step(1),
            step(1, opt={"name": "x"}),
            build(),
            load(),
            Model(5).made,
            Model(5).fit(),
            Model.kind(),
            Net().lr,
        ]

    run = ex.run(config_updates={"lr": 0.2})
    assert run.result == [0.2, (1, 0.2, "sgd"), (1, 0.2, "x"), "sgd", 3, (5, 0.2), (0.2, True), 0.2, 0.2]
    assert seen == {"hook": 0.2}
    assert ex.run("look").result == 0.1


def test_arguments_win(ex):
    """What a call gives is not asked for, and needs no run."""

    @ex.capture
    def step(lr: float = from_config, *, depth: int = from_config):
        return lr, depth

    assert step(1, depth=2) == (1, 2)
    assert step(lr=3, depth=2) == (3, 2)


def test_no_entry(ex):
    """Where there is no such entry, the error names function, place and parameter, like any missing one."""

    @ex.capture
    def step(lr: float = from_config, rate: float = from_config):
        return lr, rate

    @ex.main
    def main():
        return step()

    with pytest.raises(
        MissingConfigError, match=r"step\(\) \(.*test_from_config\.py:\d+\) lacks 'rate'.* not in the config"
    ):
        ex.run()


def test_outside_a_run(ex):
    """Without a run nothing fills it; the marker itself never reaches the function."""

    @ex.capture
    def step(lr: float = from_config, momentum: float = 0.9):
        raise AssertionError

    with pytest.raises(
        MissingConfigError, match="lacks 'lr': it was not passed, and no run of 'marked' is active here"
    ):
        step()


def test_a_known_name(ex):
    """An entry that only a marked parameter asks for may be given, and counts as one without default."""

    @ex.main
    def main(lr: float = from_config, depth: int = from_config):
        return depth

    assert main.parameters == {"lr": False, "depth": False}
    assert ex.run(config_updates={"depth": 4}).result == 4


def test_behind_decorators(ex):
    """A decorated function and one that two ingredients capture are filled just so."""

    def twice(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return 2 * function(*args, **kwargs)

        return wrapper

    @ex.capture
    @twice
    def step(lr: float = from_config, rate: float = from_config):
        return lr

    @ex.main
    def main():
        with pytest.raises(MissingConfigError, match="lacks 'rate'"):
            step()
        return step(rate=1)

    assert ex.run().result == 0.2


def test_data_class(ex):
    """A captured data class takes its marked fields from the config."""
    from dataclasses import dataclass

    @ex.capture
    @dataclass
    class Model:
        width: int
        lr: float = from_config

    @ex.main
    def main():
        return Model(3).lr

    assert ex.run().result == 0.1


def test_how_it_is_shown(ex, capsys):
    """Signatures and help pages show its name."""

    @ex.command
    def look(lr: float = from_config, depth: int = 3):
        """Look."""

    assert str(inspect.signature(look)) == "(lr: float = from_config, depth: int = 3)"
    with pytest.raises(SystemExit):
        ex.run_commandline("train.py help look")
    assert capsys.readouterr().out.startswith("look(lr: float = from_config, depth: int = 3)")
    assert repr(from_config) == str(from_config) == f"{from_config}" == "from_config"


def test_one_of_its_kind():
    """Copies and pickles are the marker itself, and it equals nothing else that looks at signatures compare with."""
    assert copy.deepcopy(from_config) is copy.copy(from_config) is from_config
    assert pickle.loads(pickle.dumps(from_config)) is from_config
    assert from_config == from_config
    assert from_config != inspect.Parameter.empty
    assert from_config is not None and from_config != None
    assert len({from_config, from_config}) == 1


@pytest.mark.parametrize(
    "use",
    [
        float,
        bool,
        range,
        list,
        lambda lr: lr * 2,
        lambda lr: 1 - lr,
        lambda lr: lr.name,
        lambda lr: lr["name"],
        lambda lr: lr(),
        lambda lr: lr < 1,
        lambda lr: lr == 0.1,
        lambda lr: f"{lr:.2f}",
        lambda lr: "%.2f" % lr,
        lambda lr: open(lr),
    ],
)
def test_used_as_a_value(use):
    """In a function that nobody captured, whatever is done with the marker says what is wrong and where."""

    def step(lr: float = from_config):
        return use(lr)

    with pytest.raises(MissingConfigError, match=r"neither passed nor filled from a config.*put @ex\.capture on it"):
        step()


def test_the_message_names_the_parameter():
    """The error names the function, its line and the parameter."""

    def step(lr=from_config):
        return lr + 1

    with pytest.raises(
        MissingConfigError, match=r"^step\(\) \(.*test_from_config\.py:\d+\) uses 'lr', which was neither"
    ):
        step()


def test_asked_for_attributes():
    """``hasattr`` and protocols are answered no."""
    assert not hasattr(from_config, "shape")
    assert not hasattr(from_config, "__array__")


def test_untyped_scripts_pay_nothing():
    """Without the marker its module is not loaded."""
    code = (
        "import sys; from expkit import Experiment; ex = Experiment('x', interactive=True, observers=[]);"
        "ex.main(lambda: 1); ex.run(); print('expkit.capture.marker' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"
