"""Processor time of a run that does nothing for 60 s: an idle minute, five times as quick, with pauses shortened alike."""

from __future__ import annotations

import os
import time

from library import answer, experiment

PACE = 5

started = sum(os.times()[:4])
ex = experiment()

from expkit import SETTINGS  # noqa: E402 - loading it counts

SETTINGS.MONITOR.INTERVAL /= PACE
SETTINGS.DEFAULT_BEAT_INTERVAL /= PACE
SETTINGS.LEASE_INTERVAL /= PACE


@ex.main
def main():
    time.sleep(60 / PACE)


ex.run()
answer(seconds=sum(os.times()[:4]) - started)
