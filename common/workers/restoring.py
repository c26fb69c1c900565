"""What Ray changes in the process that starts it, taken back when a block ends."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def environ(changes: Mapping[str, str | None]) -> Iterator[None]:
    """Change variables of this process, and of those that it starts, for the time of the block: also those Ray sets."""
    own = {"PYTHONBREAKPOINT", *filter(lambda name: name.startswith("RAY_"), os.environ)}
    before = {name: os.environ.get(name) for name in own | changes.keys()}

    def become(values: Mapping[str, str | None]) -> None:
        for name, value in values.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    become(changes)
    try:
        yield
    finally:
        become({name: None for name in os.environ if name.startswith("RAY_")} | before)


@contextmanager
def signals() -> Iterator[None]:
    """Put back what a signal does here after the block: Ray has handlers of its own."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def private_folder() -> Iterator[Path]:
    """Yield a new folder that only this user can enter; its path is short, since the names of sockets must be.

    Ray lets everybody into the folder that it is given, which therefore lies in this one.
    """
    usual = tempfile.gettempdir()
    short = usual if len(usual) <= 24 or sys.platform == "win32" else "/tmp"  # noqa: S108  the folder itself is new and private
    with tempfile.TemporaryDirectory(prefix="kit-", dir=short, ignore_cleanup_errors=True) as folder:
        yield Path(folder)
