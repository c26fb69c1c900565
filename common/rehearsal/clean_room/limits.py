"""What a session may use: time, memory and disk, measured from outside while it runs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import Any

import psutil

from common.rehearsal.stand_in.running import RunLimits

CHECK_SECONDS = 0.2


class Watch:
    """Watches one process with all its descendants until it ends or has to be ended.

    Args:
        process: the leader of a process group of its own.
        working: the folder whose size counts as disk.
        limits: what is allowed. Where this machine has less memory left than that, what it has is the limit,
            so that it stays usable.
        cancelled: ends the session when set.
    """

    def __init__(self, process: Popen[Any], working: Path, limits: RunLimits, cancelled: threading.Event) -> None:
        self._process, self._working, self._limits, self._cancelled = process, working, limits, cancelled
        self._memory = min(limits.memory_bytes, psutil.virtual_memory().available)
        self._end = time.monotonic() + limits.seconds

    def wait(self) -> str:
        """Return when the process has ended: empty if it did so by itself, else why it was ended."""
        while self._process.poll() is None:
            if reason := self._exceeded():
                return reason
            self._cancelled.wait(min(CHECK_SECONDS, max(self._end - time.monotonic(), 0.001)))
        return self._disk_exceeded()

    def _exceeded(self) -> str:
        if self._cancelled.is_set():
            return "the session was cancelled"
        if time.monotonic() >= self._end:
            return f"the session ran longer than its limit of {_time(self._limits.seconds)}"
        return self._memory_exceeded() or self._disk_exceeded()

    def _memory_exceeded(self) -> str:
        # Shared memory counts for each process in the cheap figure, so only the expensive one decides.
        pid, left = self._process.pid, self._memory - shared_files(self._process.pid)
        if memory(pid) <= left or memory(pid, shared=False) <= left:
            return ""
        which = "this machine has left" if self._memory < self._limits.memory_bytes else "are available"
        return f"the kernel tried to allocate more memory than the {_size(self._memory)} that {which}"

    def _disk_exceeded(self) -> str:
        if size(self._working) <= self._limits.disk_bytes:
            return ""
        return f"the kernel wrote more than the {_size(self._limits.disk_bytes)} that /kaggle/working may hold"


def tree(pid: int) -> Iterator[psutil.Process]:
    """Yield a process and all its descendants."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        yield from (process, *process.children(recursive=True))


def memory(pid: int, *, shared: bool = True) -> int:
    """Return the bytes of memory of a process and its descendants; if not `shared`, shared ones count once."""
    total = 0
    for process in tree(pid):
        with suppress(psutil.Error):
            info = process.memory_info() if shared else process.memory_full_info()
            total += info.rss if shared else getattr(info, "pss", info.rss)
    return total


def shared_files(pid: int) -> int:
    """Return the bytes of files in a sandbox's /dev/shm, which are memory, without those that processes have mapped."""
    used, mapped = 0, 0
    for process in tree(pid):
        with suppress(OSError, psutil.Error):
            mapped += getattr(process.memory_info(), "shared", 0)
            folder = f"/proc/{process.pid}/root/dev/shm"
            if os.stat(folder).st_dev != os.stat("/dev/shm").st_dev:  # noqa: PTH116, S108  else it is this machine's
                disk = os.statvfs(folder)
                used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
    return max(used - mapped, 0)


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder, as far as they are there when looked at."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118  a hot loop
    return total


def _time(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"


def _size(count: int) -> str:
    return f"{count / 2**30:.3g} GiB" if count >= 2**30 else f"{count / 2**20:.3g} MiB"
