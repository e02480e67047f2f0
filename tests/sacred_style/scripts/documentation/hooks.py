from sacred import Experiment, Ingredient

data = Ingredient("data")


@data.config
def data_config():
    rows = 3


@data.pre_run_hook
def data_pre(rows):
    print("data pre", rows)


@data.post_run_hook(prefix="rows_of")
def data_post(_config):
    print("data post", _config)


ex = Experiment("hooks", ingredients=[data])


@ex.config
def config():
    a = 1
    fail = ""


@ex.pre_run_hook
def pre(a, fail, _run, _log):
    print("pre", a, _run.status, _run.result)
    if fail == "pre":
        raise ValueError("pre failed")


@ex.pre_run_hook
def second_pre():
    print("second pre")


@ex.post_run_hook
def post(a, fail, _run):
    print("post", a, _run.status, _run.result)
    if fail == "post":
        raise ValueError("post failed")


@ex.command
def other():
    print("other")


@ex.automain
def main(a, fail):
    print("main", a)
    if fail == "main":
        raise ValueError("main failed")
    return a + 1
