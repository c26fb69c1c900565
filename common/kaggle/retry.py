"""Waiting: exponential back-off with jitter for what is safe to repeat, and polling for what takes its time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from common.errors import SettingError
from common.kaggle.errors import (
    AuthError,
    Forbidden,
    NotFound,
    RateLimited,
    TimedOut,
    Transient,
    Unconfirmed,
    Unreached,
)

T = TypeVar("T")
M = TypeVar("M")
Notify = Callable[[str], None]

FAILURES = 5
"""Looks in a row that may fail while something is waited for."""

ARRIVAL_SECONDS = 300.0
"""How long a backend may go on with what its front door has already given up."""

# What a single look may meet although nothing is wrong: Kaggle denies what it has only just made, and a sign-in lapses.
_PASSING = (Transient, AuthError, Forbidden, NotFound)


def silent(message: str) -> None:
    """Ignore a message."""


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
    so that many clients do not come back at the same time. Retry-After is honoured, up to `patience` for one pause.
    """

    attempts: int = 6
    first: float = 1.0
    longest: float = 60.0
    patience: float = 300.0
    clock: Clock = Clock()

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise SettingError(f"retry.attempts must be >= 1, got {self.attempts}")

    def call(self, function: Callable[[], T], *, progress: Callable[[], int] = lambda: 0, notify: Notify = silent) -> T:
        """Call until it succeeds.

        Args:
            function: what to call; safe to repeat.
            progress: how far it has come; after an attempt with progress, failures count from 1 again.
            notify: called with a line before every repetition.

        Raises:
            Transient: the last one, when all attempts are used up, or when Kaggle asks for more than `patience`.
            KaggleError: anything else, at once.
        """
        failures = 0
        while True:
            before = progress()
            try:
                return function()
            except Transient as error:
                failures = 1 if progress() > before else failures + 1
                self._rest(failures, error, notify)

    def once(
        self, act: Callable[[], M], find: Callable[[M | None], T | None], *, what: str, notify: Notify = silent
    ) -> T:
        """Do something that must not happen twice, and return it once Kaggle shows it.

        It is done again only where nothing was sent, or a 429 says that it was not taken up. After any other unclear
        answer a slow backend may still be at it, so it is only looked for.

        Args:
            act: does it and returns what the answer says was made.
            find: returns what was made if Kaggle shows it; it is given the result of `act`, None if that is unknown.
            what: what is done, for messages.
            notify: called with a line about every wait.

        Raises:
            Unconfirmed: if it may have arrived but is not seen for ARRIVAL_SECONDS.
            KaggleError: what `act` raises otherwise.
        """
        made, why = self._act(act, what, notify)

        def look(waited: float) -> T | None:
            if waited:
                notify(f"{what} is not there yet ({waited:.0f} of {ARRIVAL_SECONDS:.0f} s)")
            return find(made)

        try:
            return poll(look, what, limit=ARRIVAL_SECONDS, every=15.0, failures=1000, clock=self.clock)
        except TimedOut:
            raise Unconfirmed(
                f"{what}: {why}, and Kaggle does not show it after {span(ARRIVAL_SECONDS)}; "
                "it may still arrive: look before doing it again"
            ) from None

    def _act(self, act: Callable[[], M], what: str, notify: Notify) -> tuple[M | None, str]:
        failures = 0
        while True:
            try:
                return act(), "Kaggle accepted it"
            except (RateLimited, Unreached) as error:
                failures += 1
                self._rest(failures, error, notify)
            except Transient as error:
                notify(f"{error}; checking whether {what} arrived")
                return None, f"no clear answer came ({error})"

    def pause(self, attempt: int, error: Transient | None = None) -> float:
        """Return the seconds to wait after failed attempt number `attempt`, counted from 1."""
        whole = min(self.longest, self.first * 2.0 ** (attempt - 1))
        jittered = whole * (0.5 + self.clock.random() / 2)
        requested = error.retry_after if isinstance(error, RateLimited) else None
        return max(jittered, requested or 0.0)

    def _rest(self, failures: int, error: Transient, notify: Notify) -> None:
        pause = self.pause(failures, error)
        if failures >= self.attempts or pause > self.patience:
            raise error
        notify(f"{error}; trying again in {pause:.0f} s ({failures} of {self.attempts - 1})")
        self.clock.sleep(pause)


def poll(
    look: Callable[[float], T | None],
    what: str,
    *,
    limit: float,
    every: float = 30.0,
    failures: int = 0,
    clock: Clock | None = None,
) -> T:
    """Look at once, and then every `every` seconds with up to 20 % jitter, until a look returns a result.

    Args:
        look: gets the seconds waited so far; returns None for not yet.
        what: what is waited for, for the message.
        limit: seconds after which waiting ends.
        every: seconds between two looks; Kaggle's rate limits are not published, so no less than 30 for long waits.
        failures: how many looks in a row may fail for a moment; in the end that may also be a 401, 403 or 404.
        clock: replaceable in tests.

    Raises:
        TimedOut: when the limit is over.
        KaggleError: what `look` raises; one that may pass only after so many `failures`.
    """
    clock = clock or Clock()
    began, waited, failed = clock.now(), 0.0, 0
    while waited <= limit:  # look at least once, also with a limit of 0
        try:
            if (result := look(waited)) is not None:
                return result
            failed = 0
        except _PASSING:
            failed += 1
            if failed > failures:
                raise
        clock.sleep(min(every * (1 + 0.2 * clock.random()), max(limit - (clock.now() - began), 0.0) + 0.001))
        waited = clock.now() - began
    raise TimedOut(f"{what} is not ready after {span(limit)}; it may still become so: look again later")


def span(seconds: float) -> str:
    """Return a time in words, in the largest unit that it fills."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
