"""The types of errors that scripts catch."""
from sacred import SETTINGS, Experiment
from sacred.utils import ConfigAddedError, MissingConfigError, NamedConfigNotFoundError, SacredError

SETTINGS.CONFIG.READ_ONLY_CONFIG = True
ex = Experiment("errors", interactive=True)
ex.add_config(a=1, items=[1, 2])


@ex.named_config
def reads_unset():
    b = unset + 1  # noqa: F821


@ex.named_config
def asks_unset(unset):
    b = unset + 1


@ex.capture
def needs(missing):
    return missing


@ex.main
def main(a, items, kind="none"):
    if kind == "missing":
        return needs()
    if kind == "read_only":
        items.append(3)
    if kind == "type":
        return a + "text"
    return a


def attempt(*args, **kwargs):
    try:
        print(ex.run(*args, **kwargs).result)
    except (SacredError, KeyError, NameError, TypeError, RuntimeError) as error:
        known = (NameError, KeyError, TypeError, ConfigAddedError, MissingConfigError, NamedConfigNotFoundError)
        print([kind.__name__ for kind in known if isinstance(error, kind)], type(error).__name__)


attempt()
attempt(config_updates={"kind": "missing"})
attempt(config_updates={"kind": "read_only"})
attempt(config_updates={"kind": "type"})
attempt(config_updates={"nowhere": 1})
attempt(named_configs=["nowhere"])
attempt(named_configs=["reads_unset"])
attempt(named_configs=["asks_unset"])
attempt("nowhere")
