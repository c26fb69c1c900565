"""What a kernel prints, as log entries: whole lines with their time, without secrets, up to a limit."""

from __future__ import annotations

import codecs
import threading
import time
from collections.abc import Callable, Iterable
from io import BufferedReader
from subprocess import Popen
from types import TracebackType
from typing import Literal, cast

from common.kaggle.credentials import mask
from common.rehearsal.stand_in.running import LogEntry

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")
PIECE = 1 << 16  # bytes read at once, and the longest line that waits for its end
LINGER_SECONDS = 5.0  # how long a process that a kernel left behind, and that cannot be found, may delay the end
LIMIT = 50_000_000  # characters; a kernel that prints in an endless loop must not fill the disk


class Log:
    """Reads both streams of a process, each in a thread; a context manager that ends when both are read.

    Lines are passed on whole, so that a secret in one is found; a progress bar's carriage return ends one too.
    """

    def __init__(self, emit: Callable[[LogEntry], None], secrets: Iterable[str] = ()) -> None:
        self._emit, self._secrets = emit, tuple(secrets)
        self._started, self._passed = time.monotonic(), 0
        self._lock, self._threads = threading.Lock(), list[threading.Thread]()
        self._closed = False
        self.last_error = ""

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for thread in self._threads:
            thread.join(LINGER_SECONDS)
        with self._lock:
            self._closed = True

    def read(self, process: Popen[bytes]) -> None:
        """Begin to read what a process prints."""
        for name in STREAMS:
            pipe = cast(BufferedReader, getattr(process, name))
            self._threads.append(threading.Thread(target=self._read, args=(name, pipe), daemon=True))
            self._threads[-1].start()

    def _read(self, stream: Stream, pipe: BufferedReader) -> None:
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        waiting = ""
        with pipe:
            while piece := pipe.read1(PIECE):
                waiting += decode(piece)
                end = max(waiting.rfind("\n"), waiting.rfind("\r")) + 1
                end = len(waiting) if len(waiting) - end > PIECE else end
                self._pass(stream, waiting[:end])
                waiting = waiting[end:]
        self._pass(stream, waiting + decode(b"", True))

    def _pass(self, stream: Stream, text: str) -> None:
        if not text:
            return
        text = mask(text, self._secrets)
        with self._lock:
            if self._closed or self._passed > LIMIT:
                return
            self._passed += len(text)
            if self._passed > LIMIT:
                text += f"\n(the log ends here: it is longer than {LIMIT:,} characters)\n"
            if stream == "stderr":
                self.last_error = next((line for line in reversed(text.splitlines()) if line.strip()), self.last_error)
            self._emit(LogEntry(stream, time.monotonic() - self._started, text))
