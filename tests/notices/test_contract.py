"""Observers of notices pass the contract of every observer."""

from __future__ import annotations

import pytest

from expkit.observers import NotifyObserver, SlackObserver, TelegramObserver
from expkit.testing.observers import ObserverContract


class Contract(ObserverContract):
    once = False  # a message that was sent cannot be called back

    @pytest.fixture(autouse=True)
    def _service(self, service, monkeypatch):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        self.service, self.seen = service, 0

    def check(self, observer, run):
        new = self.service.got[self.seen :]
        self.seen += len(new)
        wanted = ["QUEUED"] * (run.record.queue_time is not None) + ["RUNNING", run.status] * (run.status != "QUEUED")
        assert len(new) == len(wanted), "not one message for each of the run's events"
        self.look_at([value for _, value in new], wanted)

    def look_at(self, values, wanted):
        """Look at the messages of one run, of which each stands for one status."""

    def shown(self, observer, run):
        return repr(self.service.got)


class TestSlack(Contract):
    def make_observer(self):
        return SlackObserver(f"{self.service.url}/x", started_text="started", queued_text="queued")

    def look_at(self, values, wanted):
        texts = [value["text"] for value in values]
        for text, status in zip(texts, wanted, strict=True):
            assert {"QUEUED": "queued", "RUNNING": "started"}.get(status, "contract") in text


class TestTelegram(Contract):
    def make_observer(self):
        return TelegramObserver("1:x", 2, queued_text="queued", api_url=self.service.url)


class TestWebhook(Contract):
    def make_observer(self):
        return NotifyObserver(f"{self.service.url}/x", queued_text="queued")

    def look_at(self, values, wanted):
        assert [value["run"]["status"] for value in values] == wanted


class TestApprise(Contract):
    def make_observer(self):
        return NotifyObserver(f"json://{self.service.url[7:]}/x", queued_text="queued")


del Contract
