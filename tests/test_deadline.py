"""By when a run has to end, whatever the clock of the day does meanwhile."""

from __future__ import annotations

import time

import pytest

from common.deadline import Deadline, duration
from common.errors import SettingError


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("8H", 28800)])
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["8", "", "h", "8x", "-1h", "nanh", "infs", "0s", "1 d"])
def test_a_duration_needs_a_number_and_a_unit(text: str) -> None:
    """B12: 8 alone was 8 seconds."""
    with pytest.raises(SettingError, match="must be like 90s, 30m or 8h"):
        duration(text)


def test_a_clock_that_jumps_moves_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """D23: two days ahead in the middle of `--time-limit 1h`, and of a session."""
    now = time.time()
    ends = Deadline.after(3600), Deadline.of_session(now - 1800, 1 + 300 / 3600)
    monkeypatch.setattr(time, "time", lambda: now + 2 * 86400)
    assert [round(end.remaining(), -2) for end in ends] == [3600, 1800]
    assert not any(end.passed() for end in ends)
    assert Deadline.after(-1).passed() and not Deadline.of_session(None, 9).passed(1e9)
