"""Commands in processes of their own that start at once: forks of one that has imported what models need.

A new interpreter takes 15 seconds to import torch, transformers, fastai and scikit-learn; a fork takes none. Nothing of the
kit is imported before a fork.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

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
    """The process that forks; a context manager."""

    def __enter__(self) -> Forks:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", __file__], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, *commands: Command) -> list[Ended]:
        """Run commands at the same time, to their ends."""
        assert self._process.stdin and self._process.stdout
        with TemporaryDirectory() as folder:
            asked = [
                asdict(each) | {"out": f"{folder}/{number}.out", "err": f"{folder}/{number}.err"}
                for number, each in enumerate(commands)
            ]
            print(json.dumps(asked), file=self._process.stdin, flush=True)
            codes = json.loads(self._process.stdout.readline())
            texts = [[Path(each[name]).read_text(encoding="utf-8") for name in ("out", "err")] for each in asked]
        return [Ended(code, *text) for code, text in zip(codes, texts, strict=True)]


def serve() -> None:
    """Fork for each command that is read, and print how they ended."""
    import gc
    from importlib import import_module

    for name in PRELOADED:
        import_module(name)
    gc.freeze()  # a fork's collector has only its own to look through
    for line in sys.stdin:
        children = []
        for command in json.loads(line):
            if not (child := os.fork()):
                become(command)
                return
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(codes), flush=True)


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
    serve()
