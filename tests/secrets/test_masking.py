"""What is masked, what stays, and what may be started from."""

import dataclasses
import json
import pickle
from collections import namedtuple

import pytest

from expkit import SETTINGS, Experiment, Secret
from expkit.errors import NotRestorableError
from expkit.record.codec import Masked, decode, encode
from expkit.record.masking import Secrets, masked

SCRIPT = """
import os
from expkit import Experiment, Secret

ex = Experiment("masked", observers=["runs"])

@ex.config
def config():
    db = {"password": "", "port": 1}
    sealed = Secret("from the definition")
    header = "Bearer " + sealed.reveal()
    shown = "***"

@ex.named_config
def small():
    db = {"port": 2}

@ex.automain
def main(db, sealed, header):
    print(db["password"], sealed.reveal(), header)
"""


@dataclasses.dataclass(frozen=True)
class Login:
    user: str
    password: str


Pair = namedtuple("Pair", "user token")  # noqa: PYI024


class Client:
    def __init__(self, api_key):
        self.api_key = api_key

    def __repr__(self):
        return f"Client(api_key={self.api_key!r})"


@pytest.fixture
def settings():
    """The settings of secrets, put back afterwards."""
    group = SETTINGS.SECRETS
    before = {key: group[key] for key in group}
    yield group
    for key, value in before.items():
        group[key] = value


def config_of(folder, number=1):
    return json.loads((folder / f"runs/{number}/run.json").read_text())["config"]


def test_a_secret_shows_itself_nowhere():
    """Not by repr, str, format or encoding; it is revealed on demand, compares by value and can be pickled."""
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret!r} {secret} {secret:>20} {[secret]}"
    assert encode(secret) == {"!expkit": "masked"}
    assert secret.reveal() == secret.get_secret_value() == "hunter2"
    assert secret == Secret("hunter2") == pickle.loads(pickle.dumps(secret)) != Secret("other")
    assert secret and not Secret("") and len(secret) == 7


def test_only_strings_are_masked():
    """Numbers, bools, None and empty strings of secret names stay, so that one sees that nothing was given."""
    assert masked({"token": 12, "password": None, "secret": True, "api_key": ""}) == {
        "token": 12, "password": None, "secret": True, "api_key": "",
    }  # fmt: skip


def test_what_lies_below_a_secret_name_is_masked():
    """In dicts, lists, tuples and sets."""
    value = {"credentials": {"user": "ada", "retries": 3}, "secrets": ["x", ("y", 1)], "auth_tokens": {"z"}}
    assert masked(value) == {
        "credentials": {"user": "***", "retries": 3}, "secrets": ["***", ("***", 1)], "auth_tokens": {"***"},
    }  # fmt: skip


def test_data_classes_and_objects():
    """Fields of data classes and named tuples, and what is readable of other objects, are masked; originals are not."""
    login, pair = Login("ada", "hunter2"), Pair("ada", "hunter2")
    assert masked({"a": login, "b": pair}) == {"a": Login("ada", "***"), "b": Pair("ada", "***")}
    assert login.password == pair.token == "hunter2"
    assert "hunter2" not in json.dumps(encode({"client": Client("hunter2")}))


@dataclasses.dataclass
class Service:
    login: dict
    note: str = ""


class Drawn:
    """As attrs and pydantic make them: fields, and a ``repr`` that shows them."""

    def __init__(self, **fields):
        vars(self).update(fields)

    def __repr__(self):
        return f"Drawn({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


@pytest.mark.parametrize(
    "make",
    [
        lambda number: Login("ada", f"hunter{number}"),
        lambda number: Pair("ada", f"hunter{number}"),
        lambda number: Drawn(user="ada", password=f"hunter{number}"),
        lambda number: Service({"password": f"hunter{number}"}),
        lambda number: (Login("ada", f"hunter{number}"), [Pair("ada", f"hunter{number}")]),
    ],
    ids=["data classes", "named tuples", "attrs", "dicts in data classes", "nested"],
)
def test_each_of_many_objects_is_masked(make, tmp_path):
    """Not only the first one: what is made to look into one object is taken for no other object."""
    ex = Experiment("many", observers=[str(tmp_path / "runs")], interactive=True)

    @ex.config
    def config():
        services = [make(number) for number in range(100, 150)]  # noqa: F841

    @ex.main
    def main(services):
        return services

    ex.run()
    record = (tmp_path / "runs/1/run.json").read_text()
    assert record.count("ada") + record.count("Service") >= 100
    assert "hunter" not in record


def test_two_objects_that_share_a_secret():
    """Are both masked."""
    shared = {"password": "hunter2"}
    assert masked([Service(shared, "a"), Service(shared, "b")]) == [
        Service({"password": "***"}, "a"),
        Service({"password": "***"}, "b"),
    ]


def test_a_value_that_holds_itself():
    """Ends."""
    value = {"token": "hunter2"}
    value["again"] = value
    assert masked(value)["again"]["again"]["token"] == "***"


def test_a_known_secret_is_found_elsewhere():
    """Under a harmless name, in a text, in a URL's form; words that could stand there by chance are left."""
    secrets = Secrets()
    shown = secrets.masked({"a": "x=Pa$$w0rd!", "password": "Pa$$w0rd!", "name": "postgres", "token": "postgres"})
    assert shown == {"a": "x=***", "password": "***", "name": "postgres", "token": "***"}
    assert secrets.hide("GET /?q=Pa%24%24w0rd%21 as postgres") == "GET /?q=*** as ***"


def test_equal_configs_have_equal_hashes(tmp_path):
    """Whatever the secret is."""
    records = []
    for password in ("one", "two"):
        experiment = Experiment("e", observers=[tmp_path / "runs"], interactive=True)
        experiment.add_config(password=password, seed=1)
        experiment.main(lambda: None)
        records.append(experiment.run().record)
    assert records[0].facts.hash == records[1].facts.hash
    assert records[0].facts.masked == ("password",)


def test_a_mask_is_no_text():
    """``***`` that a user wrote stays a text; a mask comes back as a mask, which shows ``***``."""
    assert encode({"a": "***"}) == {"a": "***"}
    mask = decode(encode(Masked("***")))
    assert isinstance(mask, Masked)
    assert json.dumps({"a": mask}) == '{"a": "***"}'
    assert decode({"!expkit": "masked", "value": "ftp://***@h"}) == "ftp://***@h"


def test_extra_and_harmless_names(settings):
    """``SETTINGS.SECRETS`` adds names of one word or several, and takes some out."""
    settings.NAMES, settings.HARMLESS = ["pin", "my code"], ["session token"]
    value = {"user_pin": "1a", "myCode": "2b", "session_token": "3c", "spin": "up", "code": "5e"}
    assert masked(value) == {**value, "user_pin": "***", "myCode": "***"}


def test_off(settings):
    """Without masking everything is recorded as it is, but for what says itself that it is secret."""
    settings.MASK = False
    value = {"token": "abc", "url": "ftp://a:b@h", "sealed": Secret("x")}
    assert masked(value) == {"token": "abc", "url": "ftp://a:b@h", "sealed": "***"}


def test_an_update_of_a_secret_is_a_secret(script):
    """What is typed for an entry that is a Secret arrives as one, and what depends on it follows."""
    done = script(SCRIPT, "with", "sealed=typed.here")
    assert done.stdout == " typed.here Bearer typed.here\n", done.stderr
    assert "is str now" not in done.stderr
    assert "typed.here" not in (script.path / "runs/1/run.json").read_text()


@pytest.mark.parametrize("extension", ["json", "yaml", "toml"])
def test_a_saved_config_is_refused_until_its_secrets_are_given(script, extension):
    """Entries are named; what follows from the given ones, such as a header, is not asked for."""
    name = f"saved.{extension}"
    script(SCRIPT, "save_config", "with", f"config_filename={name}", "db.password=hunter22")
    assert "hunter22" not in (script.path / name).read_text()
    refused = script(SCRIPT, "with", name)
    assert refused.returncode == 2
    assert refused.stderr == (
        "script.py: config entries db.password, sealed were masked when they were saved; "
        "give again: with db.password=... sealed=...\n"
    )
    assert not (script.path / "runs/1").exists()
    started = script(SCRIPT, "with", name, "db.password=p1", "sealed=second2")
    assert started.stdout == "p1 second2 Bearer second2\n", started.stderr
    assert config_of(script.path)["shown"] == "***"


def test_a_masked_entry_of_a_record(tmp_path):
    """Starting from a record's config names what was masked, before anything is written."""
    experiment = Experiment("e", observers=[tmp_path / "runs"], interactive=True)
    experiment.add_config(password="", seed=1)
    experiment.main(lambda password: password)
    record = experiment.run(config_updates={"password": "hunter2"}).record
    with pytest.raises(NotRestorableError, match="config entry password was masked when it was saved"):
        experiment.run(config_updates=decode(record.config))
    assert not (tmp_path / "runs/2").exists()
    assert experiment.run(config_updates={**decode(record.config), "password": "x"}).result == "x"


def test_a_queued_run_asks_for_what_was_typed(script):
    """A secret that was typed must be typed again; one that the definitions give comes from them."""
    script(SCRIPT, "-q", "with", "db.password=hunter22", "small")
    refused = script(SCRIPT, "--id", "1")
    assert refused.returncode == 2
    assert "config entry db.password was masked when it was saved; give again: with db.password=..." in refused.stderr
    started = script(SCRIPT, "--id", "1", "with", "db.password=p1")
    assert started.stdout.startswith("p1 from the definition"), started.stderr
    assert config_of(script.path)["db"]["port"] == 2


def test_our_log_hides_them(experiment, caplog):
    """Lines of ours about observers that fail name no secret."""
    import logging

    experiment.add_config(password="hunter2hunter2")
    run = experiment.run()
    logging.getLogger("expkit").warning("cannot reach %s", "ftp://a:b@h with hunter2hunter2")
    assert run.config["password"] == "hunter2hunter2"
    assert caplog.messages[-1] == "cannot reach ftp://a:***@h with ***"
