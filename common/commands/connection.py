"""What the commands that talk to Kaggle share: the connection, messages, questions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from common.kaggle.official import Client


def connect() -> Client:
    """Return the connection with the user's own credential; nothing is sent yet."""
    from common.kaggle.official import connect as official

    return official(notify=notify)


def notify(message: str) -> None:
    """Print a message on stderr: stdout is for results."""
    print(message, file=sys.stderr, flush=True)


def ask(question: str) -> bool:
    """Ask on a terminal; elsewhere nobody can answer, and the answer is no."""
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


class Transfer:
    """Shows the progress of transfers, file by file."""

    def __init__(self, title: str) -> None:
        from common.progress import Progress

        self.title, self.progress = title, Progress()
        self._last = 0.0

    def __call__(self, done: int, total: int | None) -> None:
        """Print the progress of a file, at most every five seconds and at its end."""
        import time

        now = time.monotonic()
        if now - self._last >= 5 or done == total:
            self._last = now
            of = f" of {total / 1e6:,.1f}" if total else ""
            self.progress.say(f"{self.title}: {done / 1e6:,.1f}{of} MB")


def rows_of(values: Any) -> list[dict[str, Any]]:
    """Return dataclasses as plain rows for `--json`."""
    from dataclasses import asdict

    return [
        {key: getattr(item, "name", None) or _plain(item) for key, item in asdict(value).items()} for value in values
    ]


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
