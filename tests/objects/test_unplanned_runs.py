"""What functions of command line options may do with the run, which is not planned yet."""

import pytest

from expkit import Experiment, cli_option
from expkit.observers import RunObserver


class Answers(RunObserver):
    """Gives every run the same id."""

    def started_event(self):
        return "given"


@cli_option("-Y", "--year")
def year(args, run):
    """The year."""
    run.mine = args
    run.info["year"] = int(args)
    run.config["age"] = 2000 - int(args)
    run.capture_mode = "sys"
    run.captured_out_filter = str.upper
    run.observers.append(Answers())


@pytest.fixture
def ex(tmp_path, monkeypatch):
    """An experiment with the option; main gives back its run."""
    monkeypatch.chdir(tmp_path)
    ex = Experiment("options", interactive=True, additional_cli_options=[year], observers=[])
    ex.add_config(age=0)

    @ex.main
    def main(_run, age):
        print("printed")
        return age

    return ex


def test_what_an_option_does_to_the_run_holds_in_main(ex):
    """Attributes of one's own, info, config, observers, capturing: all of it reaches the run."""
    seen = []

    @ex.pre_run_hook
    def look(_run):
        _run.other = 2
        seen.append((_run.mine, _run.info["year"], _run._id))

    run = ex.run_commandline("x --year=1970")
    assert seen == [("1970", 1970, "given")]
    assert (run.mine, run.other, run.result, run.captured_out) == ("1970", 2, 30, "PRINTED\n")


def test_options_of_calls(ex):
    """``options`` of a call do the same."""
    assert ex.run(options={"--year": "1990"}).mine == "1990"


def test_what_is_not_known_yet_is_told(ex):
    """An attribute that only the planned run has is an error that says where to use it; hasattr is False."""

    @cli_option("-Z", "--zone")
    def zone(args, run):
        """The zone."""
        assert not hasattr(run, "start_time")
        run.pre_run_hooks.append(print)

    ex.additional_cli_options.append(zone)
    with pytest.raises(AttributeError, match=r"the run has no pre_run_hooks yet: .* into a @ex.pre_run_hook"):
        ex.run(options={"--zone": "x"})


def test_names_of_ours_stay_ours(ex):
    """What a run needs for itself is not replaced by an attribute of that name."""

    @cli_option("-Z", "--zone")
    def zone(args, run):
        """The zone."""
        run.recorder = run.plan = run.uid = args

    ex.additional_cli_options.append(zone)
    run = ex.run(options={"--zone": "x"})
    assert (run.status, run.uid == "x") == ("COMPLETED", False)
