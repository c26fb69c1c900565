"""What a run tells: few lines where nobody watches, all of them in the log."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from common.progress import Progress


def told(monkeypatch: pytest.MonkeyPatch, seconds: float, steps: int, log: Path | None = None) -> list[str]:
    """Return the plain lines of a task whose steps take so many seconds each."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = Progress(io.StringIO(), live=False, log=log)
    with progress.task("reading", steps) as task:
        for _ in range(steps):
            now += seconds
            task.advance(1)
    return progress.stream.getvalue().splitlines()  # type: ignore[attr-defined]


def test_a_task_of_a_moment_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = told(monkeypatch, 0.01, 50)
    assert line.startswith("reading") and "100%" in line and "50/50 rows" in line


def test_a_long_task_is_a_line_every_tenth(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = told(monkeypatch, 1.0, 100, tmp_path / "log")
    assert [line.split()[1] for line in lines] == [f"{share}%" for share in range(10, 101, 10)]
    assert "10/100 rows  1.0 rows/s  1:30 left" in lines[0]
    assert (tmp_path / "log").read_text().count("reading") == 10


def test_a_slow_task_is_heard_of_every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(told(monkeypatch, 30.0, 100)) == 50


def test_lines_are_two_seconds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = told(monkeypatch, 0.25, 20)  # five seconds in all
    assert [line.split()[1] for line in lines] == ["40%", "80%", "100%"]
