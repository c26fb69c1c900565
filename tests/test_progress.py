"""What a run tells: few lines where nobody watches, all of them in the log."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios
import time
from pathlib import Path

import pytest

from common import registry
from common.environment import detect
from common.pipeline import outlook
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


@pytest.mark.parametrize("columns", [80, 40, 12])
def test_a_bar_stays_on_its_line(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """B14: a line wider than the terminal leaves a line behind at each refresh, also when the terminal gets narrower."""
    now, width, main, side = 100.0, 120, *os.openpty()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with open(side, "w") as terminal:  # noqa: PTH123  a descriptor
        with Progress(terminal).task("fold 0 · member 1.2", 3000) as task:
            for step in range(3):
                size = width if step == 0 else columns
                fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, size, 0, 0))
                now += 30
                task.advance(1000, loss=0.123456, pearson=0.5)
        written = os.read(main, 10_000).decode()
    os.close(main)
    drawn = written.rstrip().split("\r")[1:]
    assert "█" in drawn[0] and all(len(line) < columns for line in drawn[2:])
    assert "fold 0"[: columns - 1] in drawn[-1]


def test_a_bar_that_stands_still_says_since_when(monkeypatch: pytest.MonkeyPatch) -> None:
    """B4: a bar said "0:09 left" for three minutes."""
    monkeypatch.setattr("common.progress.STILL", 0.05)
    stream = io.StringIO()
    with Progress(stream, live=True).task("fold 0", 100) as task:
        task.advance(50)
        ends = time.monotonic() + 10
        while "still for 0:00" not in stream.getvalue() and time.monotonic() < ends:
            time.sleep(0.01)
        drawn = stream.getvalue().split("\r")
        task.advance(50)
    assert "left" in drawn[1] and "still for 0:00" in drawn[-1] and "left" not in drawn[-1]
    assert "still" not in stream.getvalue().split("\r")[-1]


def test_a_long_task_says_first_what_all_folds_will_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """B11: hours of training began without a word."""
    now, competition = 100.0, registry.get("patent")
    monkeypatch.setattr(time, "monotonic", lambda: now)
    progress = Progress(io.StringIO(), live=True)
    progress.outlook = outlook.folds(competition, competition.profile("best"), 4)
    for title in ("fold 0", "fold 1"):
        with progress.task(title, 1000) as task:
            for _ in range(3):
                now += 8
                task.advance(10)
    lines = progress.stream.getvalue().split("\n")  # type: ignore[attr-defined]
    (told,) = [line for line in lines if "at this speed" in line]
    said = "fold 0: about 13:20 at this speed, 53:20 in 4 folds; --profile baseline needs none"
    assert told.split("\r")[-1] == said and not told.split("\r")[-2].strip()  # what stood there is wiped off
    assert outlook.folds(competition, competition.profile("baseline"), 4)("fold 0", 200.0).endswith("in 4 folds")
    assert not outlook.folds(competition, competition.profile("best"), 4)("fold 0", 100.0)


def test_a_profile_for_a_gpu_says_so_where_there_is_none() -> None:
    """B11."""
    here, competition = detect({"KIT_ENVIRONMENT": "place=local gpus=0"}), registry.get("patent")
    said = outlook.machine(competition, "best", competition.profile("best"), here)
    assert said.startswith("profile best is made for a GPU") and said.endswith("--profile baseline needs none")
    assert not outlook.machine(competition, "baseline", competition.profile("baseline"), here)
