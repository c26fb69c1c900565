"""What a session may use: time, memory and disk, measured from outside while it runs.

Memory is that of all its processes, read from `/proc`; where there is no `/proc` it is not limited.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from pathlib import Path
from subprocess import Popen
from typing import Any

from common.environment import available_memory
from common.rehearsal.stand_in.running import RunLimits

PROC = Path("/proc")
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
        self._memory = min(limits.memory_bytes, available_memory() or limits.memory_bytes)
        self._end = time.monotonic() + limits.seconds

    def wait(self) -> str:
        """Return when the process has ended: empty if it did so by itself, else why it was ended."""
        while self._process.poll() is None:
            if reason := self._broken():
                return reason
            self._cancelled.wait(min(CHECK_SECONDS, max(self._end - time.monotonic(), 0.001)))
        return self.disk()

    def _broken(self) -> str:
        if self._cancelled.is_set():
            return "the session was cancelled"
        if time.monotonic() >= self._end:
            return f"the session ran longer than its limit of {_time(self._limits.seconds)}"
        return self._memory_reason() or self.disk()

    def _memory_reason(self) -> str:
        processes = tree(self._process.pid)
        # What processes share counts for each of them in the cheap figure, so only the dear one convicts.
        if sum(map(resident, processes)) <= self._memory or sum(map(proportional, processes)) <= self._memory:
            return ""
        own = self._memory < self._limits.memory_bytes
        return f"the kernel tried to allocate more memory than the {_size(self._memory)} that " + (
            "this machine has left" if own else "are available"
        )

    def disk(self) -> str:
        """Say whether the working folder is too large."""
        if size(self._working) <= self._limits.disk_bytes:
            return ""
        return f"the kernel wrote more than the {_size(self._limits.disk_bytes)} that /kaggle/working may hold"


def tree(root: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in PROC.glob("[0-9]*/stat"):
        try:
            parent = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
        except (OSError, IndexError):
            continue  # it has ended meanwhile
        children[int(parent)].append(int(entry.parent.name))
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def resident(pid: int) -> int:
    """Return the bytes that a process holds in memory, shared ones included; 0 for one that has ended."""
    try:
        return int((PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE")
    except (OSError, IndexError):
        return 0


def proportional(pid: int) -> int:
    """Return the bytes that a process holds in memory, each shared one divided by its holders."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return resident(pid)
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder, as far as they are there when looked at."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118  a hot loop
            except OSError:
                continue
    return total


def _time(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds:g} s"


def _size(count: int) -> str:
    return f"{count / 2**30:.3g} GiB" if count >= 2**30 else f"{count / 2**20:.3g} MiB"
