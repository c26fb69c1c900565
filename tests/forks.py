"""Commands in processes of their own that start at once: forks of one that has imported what models need.

A new interpreter takes 15 seconds to import torch, transformers, fastai and scikit-learn; a fork takes none. Nothing of the
kit is imported before a fork.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, TextIO

# skops first: it looks for each of SciPy's functions in all modules that are there.
PRELOADED = (
    "skops.io", "scipy.stats", "transformers.models.bert.modeling_bert", "transformers.trainer", "spacy.lang.en",
    "fastai.basics", "fastai.callback.all", "fastai.text.models.core", "matplotlib.backends.backend_agg",
)  # fmt: skip
KIT = "from common.cli import main; raise SystemExit(main())"


def script_code(script: Path) -> str:
    """Return the code that does what `python script` would do."""
    return f"import runpy; runpy.run_path({str(script)!r}, run_name='__main__')"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What `python -c code words…` would do; `path` is where it looks for modules first.

    Before the given number of changes of the files that match a pattern the process sends itself a signal. No other moments
    need to be tried: between two changes a kill leaves what it leaves before the second.
    """

    code: str = KIT
    words: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    at: str = "."
    path: tuple[str, ...] = ()
    signal: int = 0
    change: int = 0
    files: str = ""


@dataclass(frozen=True)
class Ended:
    """How it ended: `code` is negative after a signal."""

    code: int
    out: str
    err: str


class Forks:
    """A connection to the process that forks, which tests in several processes share; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "forks"
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Forks:
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self._connect():
                self._start()
                assert self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        if self._server is not None:
            self._server.wait()  # until the others have gone, too

    def run(self, *commands: Command) -> list[Ended]:
        """Run commands at the same time, to their ends."""
        with TemporaryDirectory() as folder:
            asked = [
                asdict(each) | {"out": f"{folder}/{number}.out", "err": f"{folder}/{number}.err"}
                for number, each in enumerate(commands)
            ]
            print(json.dumps(asked), file=self._stream, flush=True)
            codes = json.loads(self._stream.readline())
            texts = [[Path(each[name]).read_text(encoding="utf-8") for name in ("out", "err")] for each in asked]
        return [Ended(code, *text) for code, text in zip(codes, texts, strict=True)]

    def _start(self) -> None:
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._path))
            listener.listen()
            command = [sys.executable, "-P", "-W", "ignore", __file__, str(listener.fileno())]
            self._server = subprocess.Popen(command, pass_fds=[listener.fileno()], stdout=subprocess.DEVNULL)

    def _connect(self) -> bool:
        """Connect; false if there is no server, or it is about to end."""
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(str(self._path))
            except OSError:
                return False
            self._stream = connection.makefile("rw")
        with suppress(OSError):
            if self._stream.readline():
                return True
        self._stream.close()
        return False


def serve(listener: socket.socket) -> None:
    """Fork for each connection, until there is none."""
    import gc
    from importlib import import_module

    for name in PRELOADED:
        import_module(name)
    gc.freeze()  # a fork's collector has only its own to look through
    connected = set()
    while True:
        if select([listener], [], [], 1)[0]:
            connection = listener.accept()[0]
            if not (child := os.fork()):
                listener.close()
                with connection, connection.makefile("rw") as stream:
                    answer(stream)
                return
            connection.close()
            connected.add(child)
        while connected and (ended := os.waitpid(-1, os.WNOHANG)[0]):
            connected.remove(ended)
        if not connected:
            return


def answer(stream: TextIO) -> None:
    """Greet; then fork for each command that is read, and say how they ended."""
    print("ready", file=stream, flush=True)
    for line in stream:
        children = []
        for command in json.loads(line):
            if not (child := os.fork()):
                become(command)
                return
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), file=stream, flush=True)


def become(command: dict[str, Any]) -> None:
    """Be the process that the command would have started."""
    import signal
    import warnings

    for number, name in enumerate(("out", "err"), 1):
        os.dup2(os.open(command[name], os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(command["environ"])
    os.chdir(command["at"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.resetwarnings()
    warnings.filterwarnings(
        "ignore", message="builtin type swigvarlink"
    )  # sentencepiece 0.2.1, as the interpreter ends
    sys.argv[:] = ["-c", *command["words"]]
    sys.path[:0] = command["path"]
    if command["change"]:
        signal_at(command["signal"], command["change"], command["files"])
    exec(compile(command["code"], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102


def signal_at(number: int, change: int, files: str) -> None:
    """Send this process a signal when it is about to change files that match a pattern for the so-manieth time."""
    seen = 0

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        changes = event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate") or (
            event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        if changes and fnmatch(str(arguments[0]), files):
            seen += 1
            if seen == change:
                os.kill(os.getpid(), number)

    sys.addaudithook(count)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
