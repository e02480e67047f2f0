"""This is a very basic example.

It says hello to somebody.
"""

from sacred import Experiment

ex = Experiment("hello_cs")


@ex.config
def cfg():
    # who is greeted
    recipient = "world"
    message = "Hello %s!" % recipient  # the greeting


@ex.automain
def main(message):
    print(message)
