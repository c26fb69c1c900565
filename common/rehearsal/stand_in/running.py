"""What the stand-in asks of whatever runs kernels, and what it gets back.

The server decides what is mounted, which limits hold and what the result means; the runner (the clean
room, or a function of a test) only runs. Nothing here needs the server.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from common.kaggle.sources import SourceKind


@dataclass(frozen=True, kw_only=True)
class Input:
    """One source of a kernel as a folder of this machine; runners never write into it."""

    kind: SourceKind
    ref: str
    folder: Path

    @property
    def mount(self) -> PurePosixPath:
        """Where Kaggle shows it below `/kaggle/input`."""
        parts = self.ref.split("/")
        if self.kind == "competition":
            return PurePosixPath("competitions", self.ref)
        if self.kind == "model":
            _, model, framework, variation, version = parts
            return PurePosixPath(model, framework.lower(), variation, version)
        return PurePosixPath(parts[1])


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """What a session may use: wall-clock seconds, bytes of memory, bytes in `/kaggle/working`."""

    seconds: float = 12 * 3600
    memory_bytes: int = 30 * 2**30
    disk_bytes: int = 20 * 10**9


@dataclass(frozen=True)
class LogEntry:
    """A piece of a kernel's output: seconds since the start, stdout or stderr, and the text."""

    stream: Literal["stdout", "stderr"]
    time: float
    text: str


def _discard(entry: LogEntry) -> None:
    del entry


@dataclass(frozen=True, kw_only=True)
class KernelRun:
    """Everything a runner needs to know. `rerun` is the hidden rerun of a code submission.

    `emit` takes each log entry as it is written, which is what `kaggle kernels logs --follow` shows;
    `cancelled` is set when the kernel is deleted or the server stops.
    """

    ref: str
    version: int
    kernel_type: Literal["script", "notebook"]
    language: str
    source: str
    inputs: tuple[Input, ...] = ()
    internet: bool = False
    accelerator: str | None = None
    rerun: bool = False
    limits: RunLimits = RunLimits()
    emit: Callable[[LogEntry], None] = _discard
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """How a run ended, and the folder (below the runner's own) that holds what it left in `/kaggle/working`.

    What a cancelled run returns is dropped.
    """

    status: Literal["COMPLETE", "ERROR"]
    output: Path
    failure: str = ""


class Runner(Protocol):
    """Runs one kernel to its end inside `folder`, which is fresh and the runner's own.

    A kernel that fails is a result, not an exception; an exception means that the runner itself is broken,
    and the session ends as ERROR with its text.
    """

    def __call__(self, run: KernelRun, folder: Path) -> RunResult:
        """Run the kernel and return how it ended."""
        ...
