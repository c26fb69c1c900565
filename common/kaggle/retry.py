"""Waiting: exponential back-off with jitter for what is safe to repeat, and polling for what takes its time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from common.errors import SettingError
from common.kaggle.errors import RateLimited, TimedOut, Transient, Unconfirmed

T = TypeVar("T")
Tell = Callable[[str], None]


def silent(message: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Clock:
    """Time and chance, replaceable in tests: seconds that only grow, a sleep, a number in [0, 1)."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How often and how patiently a call that is safe to repeat is repeated; times in seconds.

    The pause doubles from `first` up to `longest`; a random part of it, between a half and the whole, is slept,
    so that many clients do not come back together. Retry-After is honoured, up to `patience` for one pause.
    """

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    patience: float = 300.0
    clock: Clock = Clock()

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise SettingError(f"retry.attempts is {self.attempts}; at least one attempt is needed")

    def call(self, function: Callable[[], T], *, tell: Tell = silent) -> T:
        """Call until it succeeds.

        Raises:
            Transient: the last one, when all attempts are used up, or when Kaggle asks for more than `patience`.
            KaggleError: anything else, at once.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return function()
            except Transient as error:
                pause = self.pause(attempt, error)
                if attempt == self.attempts or pause > self.patience:
                    raise
                tell(f"{error}; again in {pause:.0f} s ({attempt} of {self.attempts - 1})")
                self.clock.sleep(pause)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def once(self, act: Callable[[], T], find: Callable[[], T | None], *, what: str, tell: Tell = silent) -> T:
        """Do something that must not happen twice.

        After a lost answer it is looked for, twice with a pause before each look, because a slow server may
        still be at it; only what is not there is done again. A 429 was not taken up, so it needs no look.

        Args:
            act: does it and returns the result.
            find: returns the result of an earlier `act` that arrived, else None; safe to repeat.
            what: what is done, for messages.
            tell: told about every repetition.

        Raises:
            Unconfirmed: if it may have arrived but cannot be looked up; it is not repeated then.
            KaggleError: what `act` raises otherwise; a Transient one only after all attempts.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                return act()
            except Transient as error:
                pause = self.pause(attempt, error)
                if not isinstance(error, RateLimited):
                    tell(f"{error}; looking whether {what} arrived")
                    found = self._look(find, what, pause)
                    if found is not None:
                        return found
                elif attempt < self.attempts and pause <= self.patience:
                    tell(f"{error}; again in {pause:.0f} s ({attempt} of {self.attempts - 1})")
                    self.clock.sleep(pause)
                if attempt == self.attempts or pause > self.patience:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _look(self, find: Callable[[], T | None], what: str, pause: float) -> T | None:
        for _ in range(2):
            self.clock.sleep(min(pause, self.longest))
            try:
                found = self.call(find)
            except Transient as error:
                raise Unconfirmed(
                    f"{what}: the answer was lost and Kaggle cannot be asked now ({error}); "
                    "it may have arrived: look before doing it again"
                ) from error
            if found is not None:
                return found
        return None

    def pause(self, attempt: int, error: Transient | None = None) -> float:
        """Return the seconds to wait after failed attempt number `attempt`, counted from 1."""
        whole = min(self.longest, self.first * 2.0 ** (attempt - 1))
        jittered = whole * (0.5 + self.clock.random() / 2)
        asked = error.retry_after if isinstance(error, RateLimited) else None
        return max(jittered, asked or 0.0)


def poll(what: str, *, every: float = 30.0, limit: float, clock: Clock | None = None) -> Iterator[float]:
    """Yield the seconds waited so far, at once and then every `every` seconds with up to 20 % jitter.

    Args:
        what: what is waited for, for the message.
        every: seconds between two looks; Kaggle's rate limits are not published, so no less than 30 for long waits.
        limit: seconds after which waiting ends.
        clock: replaceable in tests.

    Raises:
        TimedOut: when the limit is over.
    """
    clock = clock or Clock()
    began, waited = clock.now(), 0.0
    while waited <= limit:  # at once in any case, also where nobody wants to wait
        yield waited
        clock.sleep(min(every * (1 + 0.2 * clock.random()), max(limit - (clock.now() - began), 0.0) + 0.001))
        waited = clock.now() - began
    raise TimedOut(f"{what} is not ready after {_span(limit)}; it may still become so: look again later")


def tolerant(function: Callable[[], T], *, failures: int = 5) -> Callable[[], T | None]:
    """Wrap a look so that it returns None where it fails for the moment, at most `failures` times in a row."""
    in_a_row = 0

    def look() -> T | None:
        nonlocal in_a_row
        try:
            result = function()
        except Transient:
            in_a_row += 1
            if in_a_row > failures:
                raise
            return None
        in_a_row = 0
        return result

    return look


def _span(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
