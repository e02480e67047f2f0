from sacred import Experiment, cli_option


@cli_option("-o", "--own-flag", is_flag=True)
def own_flag(args, run):
    """Something of our own."""
    run.info["own"] = args


@cli_option("-y", "--year")
def year(args, run):
    # the docstring is left out on purpose
    run.info["year"] = args
    run.config["year"] = int(args)


ex = Experiment("options", additional_cli_options=[own_flag, year])


@ex.option_hook
def hook(options):
    print("hook", options["--own-flag"], options["--name"], options["--comment"])
    if options["--comment"] == "change":
        options["--comment"] = "changed"
        options["--priority"] = "3"


@ex.config
def cfg():
    year = 1999


@ex.automain
def main(year, _run):
    print(year, _run.info)
    print(_run.meta_info.get("comment"), _run.meta_info.get("priority"))
    return year
