"""The commands that every script has ask for entries of their own."""

import pytest

from expkit import Experiment
from expkit.errors import ConfigAddedError


@pytest.fixture
def experiment():
    experiment = Experiment("own")
    experiment.add_config(lr=1)
    experiment.main(lambda lr: lr)
    experiment.observers = []
    return experiment


@pytest.mark.parametrize("name", ["KEY", "config_filename"])
def test_entries_of_own_commands_are_unknown_elsewhere(experiment, name):
    """What a command of ours asks for is no entry of the user's runs, and no error offers it."""
    with pytest.raises(ConfigAddedError, match=f"no config entry {name} .*there are lr$"):
        experiment.run(config_updates={name: "q"}, options={"--unobserved": True})


def test_entries_of_own_commands_are_known_while_they_run(experiment, tmp_path):
    """A command of ours takes its entries."""
    path = tmp_path / "kept.json"
    experiment.run("save_config", config_updates={"config_filename": str(path)})
    assert path.read_text().count("lr") == 1
