"""A client connected to a stand-in, with a clock that makes waiting short."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from stand_in_faults import Fault, Faults
from stand_in_world import KEY, USER, echo, environment, hosted

from common.kaggle.official import Client, connect
from common.kaggle.retry import Clock, Retry
from common.rehearsal.stand_in.server import StandIn


@dataclass
class Hourglass:
    """A clock whose sleep only turns it, apart from a moment in which a server may do its work."""

    time: float = 0.0
    moment: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        time.sleep(self.moment)

    @property
    def clock(self) -> Clock:
        return Clock(now=lambda: self.time, sleep=self.sleep, random=lambda: 0.5)


@dataclass
class Seam:
    client: Client
    server: StandIn
    hourglass: Hourglass
    messages: list[str]

    def calls(self, kind: str) -> list[dict[str, Any]]:
        """Documents that the stand-in has stored of a kind."""
        return list(self.server.world.store.all(kind))


@contextmanager
def seam(folder: Path, monkeypatch: pytest.MonkeyPatch, *faults: Fault, **changes: Any) -> Iterator[Seam]:
    """Run a stand-in with one CSV and one code competition, and connect to it."""
    isolate(folder / "home", monkeypatch)
    competitions = changes.pop("competitions", None) or [
        hosted(folder / "csv"),
        hosted(folder / "kernel", submitted_as="kernel"),
    ]
    hourglass, messages = Hourglass(moment=0.01), []
    with StandIn(folder / "state", competitions, runner=echo, layer=Faults(*faults), **changes) as server:
        retry = Retry(clock=hourglass.clock)
        client = connect(server.url, username=USER, key=KEY, retry=retry, notify=messages.append)
        yield Seam(client, server, hourglass, messages)


def isolate(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the official client nothing of this machine's credentials and no way to Kaggle."""
    home.mkdir(parents=True, exist_ok=True)
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN", "KAGGLE_KERNEL_RUN_TYPE", "KAGGLE_DATA_PROXY_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
