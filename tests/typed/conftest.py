"""Short ways to run typed experiments in this process."""

import pytest

from expkit import Experiment


@pytest.fixture
def made():
    """An experiment that nobody observes; its main function keeps what it gets in ``ex.seen``."""

    def made(*configs, ingredients=()):
        ex = Experiment("typed", interactive=True, ingredients=ingredients, observers=[])
        for config in configs:
            ex.add_config(config) if isinstance(config, dict) else ex.config(config)

        @ex.main
        def main(_config):
            return None

        return ex

    return made


@pytest.fixture
def given(made):
    """The config that comes of configs (or an experiment) and of words on the command line."""

    def given(*sources, words=(), **options):
        run = _experiment(made, sources, options).run_commandline(_argv(words))
        return {key: value for key, value in run.config.items() if key != "seed"}

    return given


@pytest.fixture
def refused(made, capsys):
    """What is printed to stderr where a run is refused before it starts."""

    def refused(*sources, words=(), **options):
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            _experiment(made, sources, options).run_commandline(_argv(words))
        text = capsys.readouterr().err
        assert caught.value.code == 2, text
        return text.removeprefix("prog: ").rstrip("\n")

    return refused


def _experiment(made, sources, options):
    return sources[0] if isinstance(sources[0], Experiment) else made(*sources, **options)


def _argv(words):
    return ["prog", "--unobserved", *(["with", *words] if words else [])]
