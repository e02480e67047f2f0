from sacred import SETTINGS, Experiment

SETTINGS.CONFIG.READ_ONLY_CONFIG = True
ex = Experiment("read_only")


@ex.config
def cfg():
    numbers = [1, 2, 3]
    table = {"a": {"b": 1}}


@ex.automain
def main(numbers, table, _config):
    for change in (lambda: numbers.append(4), lambda: table.update(c=1), lambda: table["a"].__setitem__("b", 5)):
        try:
            change()
        except Exception as error:
            print("refused")
    print(isinstance(numbers, list), isinstance(table, dict), numbers + [4], dict(table)["a"]["b"])
