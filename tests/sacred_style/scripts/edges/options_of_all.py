"""Every option of the command line that stays on this machine."""
from sacred import Experiment

ex = Experiment("options_of_all")


@ex.config
def cfg():
    a = 1  # a number
    wait = 0


@ex.named_config
def named():
    a = 5


@ex.main
def main(a, _run, _log):
    print("a", a, _run._id, _run.beat_interval, _run.debug, _run.force, _run.unobserved)
    print(_run.meta_info.get("comment"), _run.experiment_info["name"], _run.pdb, _run.queue_only)
    _log.warning("warned")
    return a


if __name__ == "__main__":
    ex.run_commandline()
