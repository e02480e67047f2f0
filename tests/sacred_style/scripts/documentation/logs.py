import logging

from sacred import Experiment, Ingredient

data = Ingredient("data")
ex = Experiment("logs", ingredients=[data])


@data.capture
def load(_log):
    _log.info("loading from %s", _log.name.split(".")[-1])
    _log.debug("never shown by default")


@ex.automain
def main(_log, _run):
    load()
    _log.info("in main")
    _log.warning("careful")
    _run.run_logger.info("of the run")
    return 5
