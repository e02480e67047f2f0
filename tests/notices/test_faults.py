"""Services that are away, slow, broken, or refuse: the program does not mind, and nobody is told twice."""

from __future__ import annotations

import json
import socket
import threading
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from expkit.observers import NotifyObserver, SlackObserver

from ..processes import wait
from .conftest import APPRISE, CERTIFICATE, SECRET, SLACK, TELEGRAM, TOKEN, WEBHOOK

HURRIED = "setattr(__import__('expkit').SETTINGS.LANES, 'END_PATIENCE', 0.5)"
"""The end does not wait long."""

WHERE = ["slack", "telegram", "webhook"]


def gaps(folder):
    return json.loads((folder / "runs" / "1" / "run.json").read_text())["gaps"]


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_slow_service_does_not_delay_the_start(program, service):
    """Main runs while the message of the start still waits for its answer."""
    release = threading.Event()
    service.answers += [release]
    runs = program.path / "main_runs"
    done = []
    thread = threading.Thread(target=lambda: done.append(program(WEBHOOK, service.url, "with", "how=wait")))
    thread.start()
    wait(lambda: service.got and runs.exists())
    assert not release.is_set()
    release.set()
    (program.path / "go").touch()
    thread.join(60)
    assert (done[0].returncode, done[0].stderr.count("observer NotifyObserver")) == (0, 0)
    assert [value["event"] for _, value in service.got] == ["started", "completed"]


def test_a_service_that_never_answers(program, service):
    """The end waits for a service for as long as for any observer, and no longer."""
    service.answers += [threading.Event()]
    done = program(f"{HURRIED} or {WEBHOOK}", service.url)
    assert done.returncode == 0
    assert len(service.got) == 1
    assert "has not taken everything" in done.stderr


@pytest.mark.parametrize("observer", [SLACK, TELEGRAM, WEBHOOK, APPRISE], ids=[*WHERE, "apprise"])
def test_a_service_that_is_away(program, free_port, observer):
    """A service that nobody can reach costs a line; the run, its record and its exit code are as ever."""
    done = program(f"{HURRIED} or {observer}", f"http://127.0.0.1:{free_port}", "with", "how=fail")
    assert done.returncode == 1
    assert done.stderr.count("Traceback") == 1
    assert json.loads((program.path / "runs" / "1" / "run.json").read_text())["status"] == "FAILED"
    assert ("cannot be reached" in done.stderr) or ("Apprise could not send it" in done.stderr)
    assert SECRET not in done.stderr
    assert TOKEN not in done.stderr


def test_a_service_that_comes_back(program, free_port, services):
    """A connection that was refused is tried again, and the message arrives once."""
    said = program.path / "said.txt"
    with said.open("w") as file:
        options = {"capture_output": False, "stderr": file}
        url = f"http://127.0.0.1:{free_port}"
        thread = threading.Thread(target=program, args=(WEBHOOK, url, "with", "how=wait"), kwargs=options)
        thread.start()
        wait(lambda: "cannot be reached" in said.read_text())
    service = services(port=free_port)
    wait(lambda: service.got)
    (program.path / "go").touch()
    thread.join(60)
    assert [value["event"] for _, value in service.got] == ["started", "completed"]


@pytest.mark.parametrize(
    ("observer", "answer"),
    [
        (SLACK, "cut"),
        (TELEGRAM, "cut"),
        (WEBHOOK, "cut"),
        (APPRISE, "cut"),
        (SLACK, (500, {}, "oh")),
        (TELEGRAM, (502, {}, "")),
        (WEBHOOK, (302, {"Location": "/other"}, "")),
        (APPRISE, (500, {}, "oh")),
    ],
    ids=str,
)
def test_never_twice(program, service, observer, answer):
    """Where nobody can tell whether a message was taken, it is not sent again; that is one line, and a gap."""
    service.answers += [answer]
    done = program(observer, service.url, "-b", "0.05", "with", "how=look for gaps")
    assert done.returncode == 0
    assert len(service.got) == 2, service.got
    assert done.stderr.count("could not tell that the run is started") == 1
    (gap,) = [gap for gap in gaps(program.path) if "did not tell that the run is started" in gap]
    assert SECRET not in done.stderr + gap
    assert TOKEN not in done.stderr + gap


def test_refused_for_good(program, service):
    """A wrong token is told in one line, for a whole run, without the token."""
    service.answers += [(401, {}, json.dumps({"ok": False, "description": f"Unauthorized {TOKEN}"}))] * 2
    done = program(TELEGRAM, service.url)
    assert len(service.got) == 2
    assert done.stderr.count("HTTP 401 Unauthorized") == 1
    assert "check the address, the token and the text" in done.stderr
    assert TOKEN not in done.stderr + json.dumps(gaps(program.path))


def later(seconds):
    return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    "refusal",
    [
        (429, {"Retry-After": "1"}, ""),
        (503, {"Retry-After": "1"}, ""),
        (429, {}, '{"ok": false, "parameters": {"retry_after": 1}}'),
    ],
    ids=["429", "503", "telegram"],
)
def test_not_now(program, service, refusal):
    """What a service refuses for now is sent again, once, and not before the time it asks for."""
    service.answers += [(*refusal[:2], refusal[2] or f"{SECRET} must wait")]
    done = program(WEBHOOK, service.url)
    assert SECRET not in done.stderr
    assert [value["event"] for _, value in service.got] == ["started", "started", "completed"], done.stderr
    assert service.times[1] - service.times[0] >= 0.9


def test_patience_has_bounds(service):
    """A service is asked again after a second at the least and within minutes, whatever it says; by a date, too."""
    from expkit.observers.notices.posting import LaterError

    observer = NotifyObserver(service.url)
    waits = []
    for value in ("100000", later(60), later(-60), "soon", "-3", "nan", "Mon, 01 Jan 0001 00:00:00 +9999"):
        service.answers += [(429, {"Retry-After": value}, "")]
        with pytest.raises(LaterError) as caught:
            observer.send(_Message())
        waits.append(caught.value.after)
    assert waits[0] == 300
    assert 50 < waits[1] <= 60
    assert waits[2:] == [1] * 5


@pytest.mark.parametrize("status", [404, 429])
def test_services_that_repeat_the_address(service, status):
    """What a service says is told on one line without the secret address, and moves no cursor."""
    url = f"{service.url}/to%20ken-17?more=of-it"
    said = "no \x1b[2J such hook: /to%20ken-17?more=of-it, /to ken-17, more=of-it"
    service.answers += [(status, {}, said)]
    with pytest.raises(Exception, match=str(status)) as caught:
        NotifyObserver(url).send(_Message())
    told = str(caught.value)
    assert "such hook" in told
    assert not [part for part in ("ken-17", "of-it", "\x1b") if part in told]


class _Message:
    event, template, text, facts = "started", "hello", "hello", {}


def test_no_trust(program, services):
    """A certificate that nobody vouches for, and a server without TLS, get nothing, and are told in one line."""
    secure, plain = services(secure=True), services()
    done = program(WEBHOOK, secure.url)
    assert (done.returncode, secure.got) == (0, [])
    assert done.stderr.count("no trusted connection to 127.0.0.1: [SSL: CERTIFICATE_VERIFY_FAILED]") == 1
    done = program(SLACK, plain.url.replace("http", "https"))
    assert (done.returncode, plain.got) == (0, [])
    assert done.stderr.count("no trusted connection to 127.0.0.1: ") == 1


def test_trust(program, services):
    """A certificate that the system trusts is enough."""
    secure = services(secure=True)
    program(WEBHOOK, secure.url, env={"SSL_CERT_FILE": str(CERTIFICATE)})
    assert [value["event"] for _, value in secure.got] == ["started", "completed"]


def test_secrets_stay_here(program, service):
    """Neither the terminal nor the record shows a token or an address, also where the program itself says them."""
    both = f"{SLACK}, {TELEGRAM}"
    service.answers += [(404, {}, f"no {SECRET}")] * 9
    apprise = f"notify:json://{service.url[7:]}/{SECRET}"
    done = program(both, service.url, "--observe", apprise, "with", "how=shout")
    told = [done.stdout, done.stderr]
    files = [path for path in (program.path / "runs").rglob("*") if path.is_file()]
    told += [path.read_bytes().decode("utf-8", "replace") for path in files]
    ours = [text.replace(f"KeyError: 'cannot post to {service.url}/{SECRET} as {TOKEN}'", "") for text in told]
    assert len(files) > 3
    assert [text for text in ours if SECRET in text or TOKEN in text] == []
    assert "observers SlackObserver('http://127.0.0.1:" in done.stdout + done.stderr


def test_urls_on_the_command_line(program, service):
    """``--observe notify:`` takes addresses, those of Apprise as well, and config files."""
    program("RunObserver()", service.url, "--observe", f"notify:{service.url}/hook")
    assert [path for path, _ in service.got] == ["/hook", "/hook"]
    (program.path / "slack.yaml").write_text(f"webhook_url: {service.url}/slack\n")
    (program.path / "telegram.json").write_text(json.dumps({"token": "1:x", "chat_id": 2, "api_url": service.url}))
    (program.path / "hook.json").write_text(json.dumps({"url": f"{service.url}/json", "started_text": None}))
    service.got.clear()
    for name in ("slack.yaml", "telegram.json", "hook.json"):
        program("RunObserver()", service.url, "--observe", f"notify:{name}")
    assert [path for path, _ in service.got] == ["/slack", *["/bot1:x/sendMessage"] * 2, "/json"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("notify:", "notify: needs an address or a config file"),
        ("notify:json://***", "notify: is followed by a masked address"),
        ("notify:slak://x", "Apprise cannot read this URL of slak://"),
        ("notify:https://h/x?offline=journal", "offline=journal is for stores"),
        ("notfy:https://h/x", "did you mean notify?"),
    ],
)
def test_urls_that_are_none(program, service, url, said):
    """A mistake in the URL is told before the run starts."""
    done = program("RunObserver()", service.url, "--observe", url)
    assert (done.returncode != 0, (program.path / "main_runs").exists()) == (True, False)
    assert said in done.stderr


def test_without_apprise(program, service):
    """Without Apprise webhooks work, and the rest says what to type."""
    hidden = "__import__('sys').modules.update(apprise=None) or "
    program(hidden + WEBHOOK, service.url)
    assert len(service.got) == 2
    done = program(hidden + APPRISE, service.url)
    assert "pip install 'expkit[notify]'" in done.stderr


def test_nothing_is_loaded_before_it_is_needed(script):
    """Making an observer loads nothing that costs; a script without loads nothing of notices."""
    shown = "import sys; print([name for name in ('ssl', 'http.client', 'apprise', 'urllib.request') if name in sys.modules])"
    made = "from expkit.observers import SlackObserver, TelegramObserver\nSlackObserver('https://h/x')\nTelegramObserver('1:x', 2)\n"
    assert script(made + shown).stdout == "[]\n"
    plain = (
        "from expkit import Experiment\nex = Experiment('x', observers=['folder:runs'])\nex.main(lambda: 1)\nex.run()\n"
    )
    assert script(plain + "import sys; print('expkit.observers.notices' in sys.modules)").stdout.endswith("False\n")


def test_repr():
    """What is shown of an observer has the host, and no more."""
    assert (
        repr(SlackObserver("https://hooks.slack.com/services/T/B/x")) == "SlackObserver('https://hooks.slack.com/***')"
    )
    assert repr(NotifyObserver("https://u:p@[::1]:99/x?key=1")) == "NotifyObserver('https://[::1]:99/***')"


def test_old_names(script):
    """Scripts written for Sacred find these observers where they were."""
    done = script(
        "from expkit.compat.sacred.names import MODULES, resolve\n"
        "from expkit.observers import SlackObserver, TelegramObserver\n"
        "for module, kind in (('slack', SlackObserver), ('telegram_obs', TelegramObserver)):\n"
        "    for place in ('sacred.observers', f'sacred.observers.{module}'):\n"
        "        assert resolve(MODULES[place][kind.__name__], kind.__name__) is kind\n"
        "print('found')\n"
    )
    assert done.stdout == "found\n", done.stderr
