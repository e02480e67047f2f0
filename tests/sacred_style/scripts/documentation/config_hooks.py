from sacred import Experiment, Ingredient

data = Ingredient("data")


@data.config
def data_config():
    rows = 3
    columns = 2


@data.config_hook
def data_hook(config, command_name, logger):
    assert config["data"]["rows"] is not None
    return {"columns": config["data"]["rows"] * 100, "hooked": command_name}


ex = Experiment("config_hooks", ingredients=[data])


@ex.config
def config():
    a = 1
    b = 2
    nested = {"x": 1, "y": 2}


@ex.config_hook
def hook(config, command_name, logger):
    config.update({"hook": True})
    config["nested"]["x"] = 50
    logger.warning("the hook of %s", command_name)
    return config


@ex.config_hook
def second(config, command_name, logger):
    return {"later": config["a"] + config["data"]["columns"]}


@ex.named_config
def named():
    b = 5


@ex.command
def other(hook, later):
    print(hook, later)


@ex.automain
def main(a, b, nested, hook, later, data):
    print(a, b, nested["x"], nested["y"], hook, later)
    print(data["rows"], data["columns"], data["hooked"])
