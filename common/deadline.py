"""The time by which a run must have written everything."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from common.errors import SettingError

MARGIN = 300.0  # seconds kept back at the end of a session for writing, and for the platform's own work
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Deadline:
    """A time by the system's monotonic clock, the same for all its processes, or None for a run without a limit.

    Somebody may set the clock of the day while a run is on.
    """

    at: float | None = None

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return the deadline that many seconds from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def of_session(cls, started: float | None, hours: float) -> Deadline:
        """Return a session's deadline: its start (seconds since 1970) and its length, less a margin."""
        return cls() if started is None else cls.after(started - time.time() + hours * 3600 - MARGIN)

    def remaining(self) -> float:
        """Return the seconds left; infinite without a deadline, negative once it has passed."""
        return math.inf if self.at is None else self.at - time.monotonic()

    def passed(self, reserve: float = 0.0) -> bool:
        """Whether less than `reserve` seconds are left."""
        return self.remaining() <= reserve


def duration(text: str) -> float:
    """Read a duration such as `90s`, `30m` or `8h`; returns seconds.

    Raises:
        SettingError: for anything else.
    """
    try:
        seconds = float(text[:-1]) * UNITS[text[-1:].lower()]  # 8 alone could be hours as well
    except (ValueError, KeyError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise SettingError(f"a duration must be like 90s, 30m or 8h, got {text!r}")
    return seconds
