"""What `kit show` and `kit doctor` print for people: columns that do not run together, lines that fit the terminal."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import pytest
from kit import Said, kit

from common import registry
from common.settings import flat, reasons

Kit = Callable[..., Said]


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Kit:
    return functools.partial(kit, capsys)


@pytest.mark.parametrize("name", registry.names())
def test_show_separates_every_setting_from_its_value(run: Kit, name: str) -> None:
    first = {line.split()[0] for line in run("show", name).out.splitlines() if line}
    for config in registry.get(name).profiles.values():
        rows = {key for key, value in flat(config).items() if value is not None and not key.startswith("split.")}
        assert rows <= first


def test_doctor_separates_every_competition_from_its_data(run: Kit) -> None:
    lines = run("doctor").out.splitlines()
    for name in registry.names():
        assert any(line.startswith(f"data {name}  ") for line in lines)


def test_doctor_says_where_it_looked_for_data(run: Kit, home: Path) -> None:
    """C3."""
    said = run("doctor", "--json").json
    for name in registry.names():
        competition = registry.get(name)
        assert said["data"][name] == []
        assert {str(home / "data" / each) for each in (competition.slug, name)} <= set(said["looked_in"][name])
    assert f"not found in {said['looked_in']['patent'][0]}" in " ".join(run("doctor").out.split())


def test_lines_fit_the_terminal(run: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    libraries = [line for line in run("doctor").out.splitlines() if "scikit-learn" in line]
    assert libraries and all(len(line) <= 60 for line in libraries)


def test_show_prints_the_reason_beside_each_setting(run: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    lines = [line.split() for line in run("show", "patent").out.splitlines()]
    config = registry.get("patent").profiles["course"]
    why = reasons(config)
    assert why
    for key, reason in why.items():
        value = flat(config).get(key)
        if value is not None and not key.startswith("split."):  # which has a line of its own
            assert [key, *str(value).split(), *reason.split()] in lines


def test_doctor_says_that_a_stand_in_is_meant(run: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_KAGGLE", "http://localhost:7777")
    assert "for the stand-in http://localhost:7777" in " ".join(run("doctor").out.split())
