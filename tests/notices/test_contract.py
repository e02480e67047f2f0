"""Observers of notices pass the contract of every observer."""

from __future__ import annotations

import pytest

from expkit.observers import NotifyObserver, SlackObserver, TelegramObserver
from expkit.testing.observers import ObserverContract


class Contract(ObserverContract):
    @pytest.fixture(autouse=True)
    def _service(self, service, monkeypatch):
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        self.service = service


class TestSlack(Contract):
    def make_observer(self):
        return SlackObserver(f"{self.service.url}/x", started_text="started", queued_text="queued")

    def check(self, observer, run):
        assert len(self.service.got) == (1 if run.status == "QUEUED" else 2)


class TestTelegram(Contract):
    def make_observer(self):
        return TelegramObserver("1:x", 2, queued_text="queued", api_url=self.service.url)


class TestWebhook(Contract):
    def make_observer(self):
        return NotifyObserver(f"{self.service.url}/x", queued_text="queued")

    def check(self, observer, run):
        assert self.service.got[-1][1]["run"]["status"] in (run.status, "RUNNING")


class TestApprise(Contract):
    def make_observer(self):
        return NotifyObserver(f"json://{self.service.url[7:]}/x", queued_text="queued")
