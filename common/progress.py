"""Progress of a run: a live bar on a terminal, plain lines elsewhere, all of it in a log."""

from __future__ import annotations

import io
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

STEPS = 10  # plain lines per task
SILENCE = 60.0  # seconds after which a plain line is printed anyway
STILL = 10.0  # seconds without a step after which a bar says that it stands still
PAUSE = 2.0  # seconds between plain lines except for the last one: a short task gets one line
TELLING = 10.0  # seconds of a task after which its speed says how long it will take


class Progress:
    """Messages and progress of one process.

    `live` draws a bar that overwrites itself; otherwise a task prints a line every tenth of the way, at least once a
    minute and at most every two seconds. `log` receives every line with its time. `silent` is for processes beside the
    main one. `outlook`, where it is set, is asked once what there is to say of a task that lasts, by its title and its
    seconds.
    """

    outlook: Callable[[str, float], str] | None = None

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        live: bool | None = None,
        log: Path | None = None,
        silent: bool = False,
    ) -> None:
        self.stream = io.StringIO() if silent else stream or sys.stderr
        self.live = self.stream.isatty() if live is None else live
        self.log = log
        self.warnings: list[str] = []
        self.drawn = 0  # characters of a bar that stand in the last line

    def say(self, text: str) -> None:
        """Print a line."""
        over = f"\r{'':{self.drawn}}\r" if self.drawn else ""  # the bar is drawn again below
        self.drawn = 0
        print(f"{over}{text}", file=self.stream, flush=True)
        self.note(text)

    def warn(self, text: str) -> None:
        """Print a warning and keep it for the run's record."""
        if text not in self.warnings:
            self.warnings.append(text)
            self.say(f"warning: {text}")

    def note(self, text: str) -> None:
        """Write a line to the log only."""
        if self.log is not None:
            stamp = time.strftime("%Y-%m-%d %H:%M:%S")
            with self.log.open("a", encoding="utf-8") as handle:
                handle.write(f"{stamp}  {text}\n")

    @contextmanager
    def task(self, title: str, total: int, unit: str = "rows") -> Iterator[Task]:
        """Show the progress of `total` units of work; the block calls `advance`."""
        task = _Bar(self, title, total, unit) if self.live else _Lines(self, title, total, unit)
        try:
            yield task
        finally:
            task.close()


class Task:
    """One piece of work under way."""

    def __init__(self, progress: Progress, title: str, total: int, unit: str) -> None:
        self.progress, self.title, self.total, self.unit = progress, title, total, unit
        self.done = self.began = 0
        self.figures: dict[str, float] = {}
        self.started = self.moved = time.monotonic()

    def begin_at(self, done: int) -> None:
        """Start a continued task at `done` units, which do not count for the speed."""
        self.done = self.began = done

    def advance(self, amount: int, **figures: float) -> None:
        """Count `amount` more units; `figures` such as the loss are shown beside them."""
        self.done = min(self.total, self.done + amount)
        self.figures |= figures
        self.moved = time.monotonic()
        if self.progress.outlook and self._elapsed() >= TELLING and self.done < self.total:
            outlook, self.progress.outlook = self.progress.outlook, None
            if text := outlook(self.title, (self.total - self.began) / self.speed()):
                self.progress.say(text)
        self.show()

    def show(self) -> None:
        """Print the current state."""

    def close(self) -> None:
        """End the task and print its last line."""

    def speed(self) -> float:
        """Return the units per second so far."""
        return (self.done - self.began) / max(time.monotonic() - self.started, 1e-9)

    def line(self) -> str:
        """Return the current state as one line."""
        speed = self.speed()
        fraction = self.done / self.total if self.total else 1.0
        parts = [f"{self.title:<20}", f"{fraction:5.0%}", f"{self.done:,}/{self.total:,} {self.unit}"]
        parts += [f"{name} {value:.4f}" for name, value in self.figures.items()]
        parts.append(f"{speed:,.0f} {self.unit}/s" if speed >= 10 else f"{speed:.1f} {self.unit}/s")
        left, still = self.done < self.total and speed > 0, time.monotonic() - self.moved
        if self.done < self.total and still >= STILL:
            parts.append(f"still for {clock(still)}")
        else:
            parts.append(f"{clock((self.total - self.done) / speed)} left" if left else clock(self._elapsed()))
        return "  ".join(parts)

    def _elapsed(self) -> float:
        return time.monotonic() - self.started


class _Lines(Task):
    """Plain lines, for logs."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._next, self._last = 1, self.started

    def show(self) -> None:
        now = time.monotonic()
        step, since = self.done * STEPS >= self._next * self.total, now - self._last
        if (step and (since >= PAUSE or self.done >= self.total)) or since >= SILENCE:
            self._next = self.done * STEPS // max(self.total, 1) + 1
            self._last = now
            self.progress.say(self.line())


class _Bar(Task):
    """A line that overwrites itself, for terminals; one that stands still says since when."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._last = 0.0
        self._drawing, self._closed = threading.Lock(), threading.Event()
        self._teller = threading.Thread(target=self._tell_if_still, daemon=True)
        self._teller.start()

    def _tell_if_still(self) -> None:
        while not self._closed.wait(STILL / 2):
            if time.monotonic() - self.moved >= STILL:
                self._draw()

    def show(self) -> None:
        now = time.monotonic()
        if now - self._last >= 0.1:
            self._last = now
            self._draw()

    def close(self) -> None:
        self._closed.set()
        self._teller.join()
        self._draw()
        self.progress.drawn = 0
        print(file=self.progress.stream, flush=True)
        self.progress.note(self.line())

    def _draw(self) -> None:
        filled = round(20 * self.done / self.total) if self.total else 20
        line = self.line()
        text = f"{self.title:<20}  {'█' * filled}{'░' * (20 - filled)}  " + line[len(f"{self.title:<20}") :].strip()
        width = max(1, self._columns() - 1)  # a line that fills the terminal may break already
        if len(text) > width:  # the bar says least
            text = line
        with self._drawing:
            print(f"\r{text[:width]:<{min(self.progress.drawn, width)}}", end="", file=self.progress.stream, flush=True)
            self.progress.drawn = min(len(text), width)

    def _columns(self) -> int:
        """Return the width of the terminal as it is now."""
        try:
            return os.get_terminal_size(self.progress.stream.fileno()).columns or 80
        except (OSError, ValueError):
            return shutil.get_terminal_size().columns


def clock(seconds: float) -> str:
    """Return a duration as `0:07`, `12:34` or `1:02:03`."""
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def timed(seconds: dict[str, float], phase: str, memory: dict[str, int] | None = None) -> Iterator[None]:
    """Add the seconds that the block takes to those of its phase; `memory` gets the most that the process has ever taken."""
    started = time.monotonic()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.monotonic() - started
    if memory is not None:
        memory[phase] = _peak()


def _peak() -> int:
    """Return the most bytes of memory that this process has taken; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
