"""Fixtures that several test modules share."""

from __future__ import annotations

import functools
import gc
import os
import re

# Tiny models are fastest on one thread, and sums in one order give the same bits on every machine.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

# Generated examples are the same in every run, so that a change never fails for what an earlier one did. Others are looked
# at by pytest --hypothesis-profile=explore.
settings.register_profile("same", derandomize=True, database=None, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("same")

if TYPE_CHECKING:
    from forks import Forks
    from stand_in_world import Post

    from common.model import Context
    from common.rehearsal.stand_in.server import StandIn


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument: an archive's bytes hold the time at which it was made, which every process sees anew."""
    return argname if isinstance(val, bytes) else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file whose tests are all slow unread where none of them is wanted: it may import what takes seconds."""
    if config.option.markexpr != "not slow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return re.search(r"^pytestmark = \[?\s*pytest\.mark\.slow", text, flags=re.M) is not None or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that in the end no processor waits while another is at one of them."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def rank(tests: list[pytest.Item]) -> tuple[float, bool, int]:
        limits = [mark.args[0] for test in tests for mark in test.iter_markers("timeout")]
        return -max(limits, default=0), not any(test.get_closest_marker("slow") for test in tests), -len(tests)

    items[:] = [test for tests in sorted(files.values(), key=rank) for test in tests]


def pytest_collection_finish() -> None:
    """Keep what the imports made out of the garbage collector's way: a Trainer calls it, and each look takes a second."""
    gc.freeze()


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Return what makes sample data of a competition, so many rows, once for all tests: no test may change them."""
    from common import registry

    @functools.cache
    def made(name: str, rows: int) -> Path:
        folder = tmp_path_factory.mktemp(name)
        registry.sample(name).make(folder, rows, 0)
        return folder

    return made


@pytest.fixture(scope="session")
def sample_data(samples: Callable[[str, int], Path]) -> Path:
    """Sample data of the patent competition: 20 anchors, 8 targets each."""
    return samples("patent", 160)


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What runs commands in processes of their own without the seconds that an interpreter takes to start."""
    from forks import Forks

    folder = tmp_path_factory.getbasetemp()
    with Forks(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of one's own without a network, whose project folder is empty; returns that folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("KIT_ENVIRONMENT", f"place=local root={folder} internet=off")
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """What a model of one fold may use, below `tmp_path`."""
    from kit import context_at

    return context_at(tmp_path, title="fold 0")


@pytest.fixture
def client_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fence the official client in, so that it can reach nothing but loopback; returns its home."""
    from stand_in_world import environment

    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name.startswith("KAGGLE")]:
        monkeypatch.delenv(name)
    for name, value in environment(home).items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for Kaggle with a CSV competition and a code competition."""
    from stand_in_world import echo, hosted

    from common.rehearsal.stand_in.server import StandIn

    competitions = [hosted(tmp_path / "csv"), hosted(tmp_path / "kernel", "kernel")]
    with StandIn(tmp_path / "state", competitions, runner=echo) as running:
        yield running


@pytest.fixture
def post(server: StandIn) -> Post:
    """Plain HTTP to the methods of `server`."""
    from stand_in_world import Post

    return Post(server)
