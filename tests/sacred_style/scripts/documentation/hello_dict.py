"""Hello from a config dict."""
from sacred import Experiment

ex = Experiment("hello_dict")
ex.add_config({"message": "Hello", "times": 2, "punctuation": {"end": "!", "sep": ", "}})
ex.add_config(recipient="world")


@ex.automain
def main(message, recipient, times, punctuation):
    for _ in range(times):
        print(message + punctuation["sep"] + recipient + punctuation["end"])
    return times
