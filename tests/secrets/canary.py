"""The script of the canary test: an experiment full of secrets, which come from an environment variable, so that
the script itself, which is recorded, holds none."""

import json
import os
import sys

from expkit import SETTINGS, Experiment, RunObserver, Secret, StoreObserver, cli_option, host_info_gatherer
from expkit.stores.memory import MemoryStore

PLANTED = json.loads(os.environ["CANARY"])
KEPT = json.loads(os.environ["HARMLESS"])
STORE = MemoryStore()


class Gossip(RunObserver):
    """Writes all that it is told into a file."""

    def notify(self, event, record):
        self.write(event, record)
        return super().notify(event, record)

    def started_event(self, **told):
        self.write(told)

    def queued_event(self, **told):
        self.write(told)

    def heartbeat_event(self, **told):
        self.write({**told, "captured_out": ""})

    def completed_event(self, **told):
        self.write(told)

    def failed_event(self, **told):
        self.write(told)

    def write(self, *told):
        with open("gossip.txt", "a", encoding="utf-8") as file:
            print(*told, file=file)


@cli_option("-z", "--api-token")
def api_token(value, run):
    """A token."""


@host_info_gatherer("service")
def service():
    return {"access_key": PLANTED["host fact"], "url": f"https://{PLANTED['url in host fact']}@h/x"}


SETTINGS.HOST_INFO.CAPTURED_ENV = ["MY_API_TOKEN", "MY_HARMLESS"]
observers = [Gossip(), StoreObserver(STORE)]
if "NO_FOLDER" not in os.environ:
    observers.insert(0, "runs")
ex = Experiment("canary", observers=observers, additional_cli_options=[api_token], additional_host_info=[service])


@ex.config
def config():
    db = {"user": "ada", "password": PLANTED["nested entry"], "port": 5432}
    services = [{"name": "one", "apiKey": PLANTED["in a list"]}, ("two", {"token": PLANTED["in a tuple"]})]
    credentials = {"login": PLANTED["below a secret name"], "tries": 3}
    sealed = Secret(PLANTED["Secret"])
    url = f"postgres://ada:{PLANTED['url in config']}@db/lab?sslmode=require"
    signed = f"https://h/f?page=2&access_token={PLANTED['query in config']}"
    header = "Bearer " + PLANTED["nested entry"]
    typed_token = ""
    layers = [{"secret_key": ""}]
    harmless = KEPT  # noqa: F841


@ex.named_config
def named():
    db = {"passphrase": PLANTED["named config"]}  # noqa: F841


@ex.automain
def main(db, services, sealed, typed_token, layers, header, _run, _log):
    assert db["password"] == PLANTED["nested entry"]
    assert services[0]["apiKey"] == PLANTED["in a list"]
    assert sealed.reveal() == PLANTED["Secret"]
    assert typed_token in ("", PLANTED["typed"])
    assert _run.config["header"] == header == "Bearer " + PLANTED["nested entry"]
    _run.info["auth_token"] = PLANTED["in info"]
    _run.info["seen"] = f"answer with {PLANTED['in info']} in it"
    _run.info["harmless"] = KEPT
    _run.add_artifact(__file__, metadata={"password": PLANTED["metadata"]})
    if os.environ.get("FAIL"):
        raise ConnectionError(
            f"no answer from mysql://me:{PLANTED['in an exception']}@db/x with {os.environ['MY_API_TOKEN']}"
        )
    return {"client_secret": PLANTED["in the result"], "dsn": f"host=db password={PLANTED['nested entry']}"}


def everything():
    """What the memory store holds."""
    for record in STORE.find():
        print(record, file=sys.stderr)
