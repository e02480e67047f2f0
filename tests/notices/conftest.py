"""A web server that remembers what it is told and misbehaves when asked, and programs that tell it."""

from __future__ import annotations

import json
import os
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Of nobody but these tests; nobody trusts it, unless told to."""

SECRET = "T0SECRETb1d2f3a4"
TOKEN = "123456:AAtelegramTOKEN0123456789"

PROGRAM = """
import os
import time

from expkit import Experiment
from expkit.observers import NotifyObserver, RunObserver, SlackObserver, TelegramObserver

HOOK, SECRET, TOKEN = os.environ["HOOK"], os.environ["SECRET_PART"], os.environ["TOKEN"]
ex = Experiment("demo_x", observers=["folder:runs", OBSERVER])


@ex.config
def config():
    lr = 0.5
    how = "complete"


@ex.automain
def main(_run, how, lr):
    open("main_runs", "w").close()
    if how == "wait":
        while not os.path.exists("go"):
            time.sleep(0.01)
    if how == "fail":
        raise KeyError("no_such <key>")
    if how == "shout":
        raise KeyError(f"cannot post to {HOOK}/{SECRET} as {TOKEN}")
    if how == "look for gaps":
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any("did not tell" in gap for gap in _run.record.gaps):
            time.sleep(0.01)
    if how == "nest":
        ex.run(config_updates={"how": "complete", "lr": 7})
    if how == "interrupt":
        raise KeyboardInterrupt
    return {"accuracy": lr}
"""


class Service(ThreadingHTTPServer):
    """Remembers messages.

    Attributes:
        got: (path, JSON value), of every request, in order.
        times: when each came.
        heads: the headers of each.
        answers: of the next requests: "cut" (no answer), an event to wait for, or (status, headers, text); then 200.
    """

    daemon_threads = True

    def __init__(self, port=0, secure=False):
        super().__init__(("127.0.0.1", port), _Handler)
        self.got, self.times, self.heads, self.answers = [], [], [], []
        if secure:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' * secure}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def handle_error(self, request, client_address):
        """A client that hangs up is what some tests want."""

    def texts(self):
        return [value.get("text", value.get("message")) for _, value in self.got]

    def stop(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, value))
        self.server.times.append(time.monotonic())
        self.server.heads.append(dict(self.headers))
        answer = self.server.answers.pop(0) if self.server.answers else (200, {}, "ok")
        if answer == "cut":
            self.close_connection = True
            return
        if isinstance(answer, threading.Event):
            answer.wait(60)
            answer = (200, {}, "ok")
        status, headers, text = answer
        self.send_response(status)
        for name, content in {"Content-Length": str(len(text.encode())), "Connection": "close", **headers}.items():
            self.send_header(name, content)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    made = Service()
    yield made
    made.stop()


@pytest.fixture
def services():
    """Makes more of them."""
    made = []

    def make(**options):
        made.append(Service(**options))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def program(script, monkeypatch):
    """Run the program above with an observer; returns the finished process."""
    monkeypatch.setenv("SECRET_PART", SECRET)
    monkeypatch.setenv("TOKEN", TOKEN)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)

    def run(observer, hook, *arguments, **options):
        environment = {**os.environ, "HOOK": hook, **options.pop("env", {})}
        return script(PROGRAM.replace("OBSERVER", observer), *arguments, env=environment, **options)

    run.path = script.path
    return run


SLACK = "SlackObserver(f'{HOOK}/services/{SECRET}', started_text='started')"
TELEGRAM = "TelegramObserver(TOKEN, 42, api_url=HOOK)"
WEBHOOK = "NotifyObserver(f'{HOOK}/hook/{SECRET}')"
APPRISE = "NotifyObserver(HOOK.replace('http', 'json') + f'/{SECRET}')"
