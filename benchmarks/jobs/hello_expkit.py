from expkit import Experiment

ex = Experiment("hello")


@ex.config
def config():
    message = "hello"


@ex.automain
def main(message):
    print(message)
