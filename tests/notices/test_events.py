"""What is told of a run, and in which words."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from expkit import Experiment
from expkit.errors import ConfigFileError, ObserverError
from expkit.observers import NotifyObserver, SlackObserver, TelegramObserver
from expkit.observers.notices.words import in_words

from .conftest import APPRISE, SECRET, SLACK, TELEGRAM, TOKEN, WEBHOOK

ENDINGS = {
    "complete": ("completed", "COMPLETED", 0),
    "fail": ("failed", "FAILED", 1),
    "interrupt": ("interrupted", "INTERRUPTED", 130),
}


@pytest.mark.parametrize(
    "observer", [SLACK, TELEGRAM, WEBHOOK, APPRISE], ids=["slack", "telegram", "webhook", "apprise"]
)
def test_every_event(program, service, observer):
    """Each service is told once of the start and once of the end, whatever the end is, and nothing shows for it."""
    for number, (how, (event, status, code)) in enumerate(ENDINGS.items(), 1):
        done = program(observer, service.url, "with", f"how={how}")
        assert done.returncode in (code, -2), done.stderr
        assert "could not" not in done.stderr
        started, ended = service.texts()
        assert "started" in started
        assert f"(run {number})" in ended
        assert {"completed": "'accuracy': 0.5", "failed": "KeyError: 'no_such", "interrupted": status}[event] in ended
        service.got.clear()


def test_a_run_without_a_store_has_one_name(service):
    """All messages call a run that only they observe by the end of its uid."""
    ex = Experiment("lonely", interactive=True, observers=[NotifyObserver(f"{service.url}/hook")])
    ex.main(lambda: None)
    run = ex.run()
    texts = service.texts()
    assert len(texts) == 2
    assert all(f"(run {run.uid[-6:]})" in text for text in texts)


def test_what_slack_gets(program, service):
    """Slack gets name, icon and text, in which values are no markup."""
    program("SlackObserver(f'{HOOK}/services/{SECRET}', 'bot', ':owl:')", service.url, "with", "how=fail")
    ((path, value),) = service.got
    assert path == f"/services/{SECRET}"
    assert {**value, "text": ""} == {"username": "bot", "icon_emoji": ":owl:", "text": ""}
    assert value["text"].startswith("*demo_x* (run 1) failed after less than a second on ")
    assert value["text"].endswith(": KeyError: 'no_such &lt;key&gt;'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("*all*", "*\u200ball*"),
        ("_so_ `x`", "_\u200bso_ `\u200bx`\u200b"),
        ("__init__", "_\u200b_\u200binit__"),
        ("a ~b~", "a ~\u200bb~"),
        ("val_loss 2 * 3", "val_loss 2 * 3"),
        ("<!here> & <x|y>", "&lt;!here&gt; &amp; &lt;x|y&gt;"),
    ],
)
def test_no_value_is_markup_for_slack(value, shown):
    """What could begin markup in a value is followed by nothing that can be seen; words and sums stay as they are."""
    assert SlackObserver("https://hooks.slack.com/services/x").escape(value) == shown


def test_what_telegram_gets(program, service):
    """Telegram gets HTML that no value can break; starts make no sound, and completion none where it is not wanted."""
    observer = "TelegramObserver(TOKEN, 42, True, api_url=HOOK)"
    program(observer, service.url)
    program(observer, service.url, "with", "how=fail")
    assert {path for path, _ in service.got} == {f"/bot{TOKEN}/sendMessage"}
    values = [value for _, value in service.got]
    assert [value["disable_notification"] for value in values] == [True, True, True, False]
    assert all((value["chat_id"], value["parse_mode"]) == (42, "HTML") for value in values)
    assert values[0]["text"].startswith("<b>demo_x</b> (run 1) started on ")
    assert "KeyError: 'no_such &lt;key&gt;'\n<pre>Traceback (most recent call last):" in values[3]["text"]


def test_markup_that_telegram_refuses_is_left_out(program, service):
    """Where Telegram cannot read the markup, it gets the text without."""
    service.answers += [(400, {}, '{"ok": false, "description": "Bad Request: can\'t parse entities"}')]
    done = program("TelegramObserver(TOKEN, 42, started_text=None, api_url=HOOK)", service.url)
    assert "could not" not in done.stderr
    (_, refused), (_, taken) = service.got
    assert (refused["parse_mode"], "parse_mode" in taken) == ("HTML", False)
    assert taken["text"].startswith("*demo_x* (run 1) completed")


def test_what_a_webhook_gets(program, service):
    """A webhook gets a JSON document with the text and the facts of the run."""
    observer = f"{WEBHOOK[:-1]}, headers={{'X-Key': 'abc'}})"
    program(observer, service.url, "with", "how=fail", "lr=nan")
    (_, started), (path, failed) = service.got
    assert path == f"/hook/{SECRET}"
    assert {head["X-Key"] for head in service.heads} == {"abc"}
    assert (started["event"], started["run"]["status"], started["run"]["stop_time"]) == ("started", "RUNNING", None)
    run = failed["run"]
    assert failed["text"].endswith("KeyError: 'no_such <key>'")
    assert (run["id"], run["name"], run["command"], run["status"]) == ("1", "demo_x", "main", "FAILED")
    assert (run["error"], run["elapsed_time"]) == ("KeyError: 'no_such <key>'", "less than a second")
    assert run["config"]["lr"] == {"!expkit": "float", "value": "nan"}
    assert run["start_time"] < run["stop_time"]
    assert run["uid"] == started["run"]["uid"]


def test_a_queued_run(program, service):
    """A run that is queued is told of where there is a text for it."""
    program(f"{WEBHOOK[:-1]}, queued_text='{{experiment[name]}} waits since {{queue_time}}')", service.url, "-q")
    assert [value["event"] for _, value in service.got] == ["queued"]
    assert service.texts()[0].startswith("demo_x waits since 20")
    program(WEBHOOK, service.url, "-q")
    assert len(service.got) == 1


@pytest.mark.parametrize("event", ["started", "completed", "failed", "interrupted"])
def test_none_is_no_message(program, service, event):
    """None as the text of an event silences that event, and no other."""
    how = {"failed": "fail", "interrupted": "interrupt"}.get(event, "complete")
    program(f"{WEBHOOK[:-1]}, {event}_text=None)", service.url, "with", f"how={how}")
    assert len(service.got) == 1
    assert service.got[0][1]["event"] != event


def test_templates(program, service):
    """Texts name facts by the placeholders that Sacred has; what cannot be had stays as it is written."""
    text = "{_id} {experiment[name]} {command} lr={config[lr]:.2f} {config[no]} {result[accuracy]:d} {host_info[os][0]} {{}}"
    program(f"SlackObserver(HOOK, completed_text='{text}')", service.url)
    (told,) = service.texts()
    assert told.startswith("1 demo_x main lr=0.50 {config[no]} 0.5 ")
    assert told.endswith(" {}")


def test_long_values_are_cut(program, service):
    """A value of a megabyte does not make a message of a megabyte."""
    program("NotifyObserver(HOOK, started_text=None)", service.url, "with", f"lr={'x' * 100_000}")
    assert len(service.texts()[0]) < 2000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{reslt}", "completed_text names {reslt}, which nobody knows; did you mean result?; it may name _id, "),
        ("{error}", "completed_text names {error}, which nobody knows"),
        ("{", "completed_text is no template: "),
        (7, "completed_text is a text, or None for no message, not 7"),
    ],
)
def test_texts_that_cannot_be_filled(text, said):
    """A text with a mistake is refused when it is given, not when a run ends."""
    with pytest.raises(ObserverError) as caught:
        SlackObserver("https://hooks.slack.com/services/x", completed_text=text)
    assert str(caught.value).startswith(said)


def test_two_runs_at_once(program, service):
    """A run inside a run is told of as itself."""
    observer = "NotifyObserver(HOOK, started_text=None, completed_text='{_id} {config[lr]}')"
    done = program(observer, service.url, "with", "how=nest")
    assert done.returncode == 0, done.stderr
    assert service.texts() == ["2 7", "1 0.5"]


@pytest.mark.parametrize("extension", ["json", "yaml"])
def test_config_files(tmp_path, extension):
    """All that constructors take may stand in a file, so that no program holds a token."""

    def written(**entries):
        path = tmp_path / f"notices.{extension}"
        path.write_text(json.dumps(entries))
        return path

    slack = SlackObserver.from_config(written(webhook_url="https://h/x", icon=":owl:", failed_text=None))
    assert (slack.webhook_url, slack.icon, slack.failed_text, slack.bot_name) == (
        "https://h/x",
        ":owl:",
        None,
        "sacred-bot",
    )
    telegram = TelegramObserver.from_config(
        written(
            token=TOKEN,
            chat_id="@us",
            silent_completion=True,
            started_text="go",
            proxy_url="http://h:1",
            username="u",
            password="p",
        )
    )
    assert (telegram.chat_id, telegram.silent_completion, telegram.started_text) == ("@us", True, "go")
    notify = NotifyObserver.from_config(written(url="https://h/x", completed_text="done"))
    assert notify.completed_text == "done"
    with pytest.raises(ObserverError, match=rf"notices.{extension}: lacks chat_id$"):
        TelegramObserver.from_config(written(token=TOKEN))
    with pytest.raises(ObserverError, match="nobody knows 'webhok_url'; did you mean webhook_url"):
        SlackObserver.from_config(written(webhok_url="https://h/x"))


def test_config_files_that_cannot_be_read(tmp_path):
    """Pickles are not opened; a mistake in a file is shown with its line."""
    with pytest.raises(ConfigFileError, match="not read from pickles"):
        SlackObserver.from_config(tmp_path / "slack.pickle")
    (tmp_path / "slack.json").write_text('{"webhook_url": }')
    with pytest.raises(ConfigFileError, match=r"slack\.json:1:17"):
        SlackObserver.from_config(tmp_path / "slack.json")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a second"),
        (0.9, "less than a second"),
        (-5, "less than a second"),
        (61, "1 minute, 1 second"),
        (7200, "2 hours"),
        (400 * 86400 + 3600, "1 year, 1 month, 5 days, 1 hour"),
    ],
)
def test_durations(seconds, words):
    """Durations are in words, years of 365 days and months of 30."""
    assert in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: SlackObserver("T0/B0/secret"), "webhook_url is a URL that begins with http:// or https://"),
        (lambda: SlackObserver("https://hooks.slack.com/a b"), "webhook_url is a URL that begins with"),
        (lambda: NotifyObserver("https://host:port/secret"), "url is a URL that begins with"),
        (lambda: NotifyObserver("hook"), "NotifyObserver needs a URL: "),
        (lambda: NotifyObserver("slak://secret"), "Apprise cannot read this URL of slak://"),
        (lambda: TelegramObserver(None, 1), "TelegramObserver needs the token of a bot"),
        (
            lambda: TelegramObserver(TOKEN, 1, proxy_url="ftp://x"),
            "proxy_url is a URL that begins with http:// or socks4",
        ),
    ],
)
def test_addresses_that_are_none(made, said):
    """An address that is none is refused at once, without showing it."""
    with pytest.raises(ObserverError) as caught:
        made()
    assert str(caught.value).startswith(said)
    assert "secret" not in str(caught.value)


def test_a_bot_of_a_library(caplog):
    """A bot object gives its token; what old scripts pass beside is ignored, and said so."""

    class Bot:
        token = TOKEN

    assert TelegramObserver(Bot(), 1, timeout_ms=3)._post.address.target == f"/bot{TOKEN}/sendMessage"
    assert "TelegramObserver knows nothing of timeout_ms" in caplog.text
