"""The folds of one run on several GPUs at once: a process for each GPU, each with its share of the folds.

Folds have nothing to do with each other, so every fold is trained exactly as on one GPU, and two take half the time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import config, environment, pipeline, registry
from common.deadline import Deadline
from common.environment import PROJECT
from common.errors import KitError, RunError
from common.pipeline.request import Request
from common.progress import Progress
from common.runs.run import Run
from common.settings import flat

_WORK = "from common.pipeline.workers import work; work()"


def run(request: Request, folds: Sequence[int], workers: int) -> Run:
    """Train folds in several processes, then do in this one what needs all of them; see `pipeline.run`.

    Args:
        request: what to run; `out` must be given, and is begun anew.
        folds: the folds to train.
        workers: processes, worker i on GPU i; fewer than two train here.

    Raises:
        RunError: if a worker fails, with its last words.
    """
    assert request.out is not None  # noqa: S101  there is no folder to share otherwise
    workers = min(workers, len(folds))
    if workers < 2:
        return pipeline.run(replace(request, mode="fresh"))
    out = request.out
    shares = [(list(folds[number::workers]), out.with_name(f"{out.name}-{number}")) for number in range(workers)]
    with ExitStack() as stack:
        started = [
            stack.enter_context(_Worker(request, number, share, folder))
            for number, (share, folder) in enumerate(shares)
        ]
        for worker in started:
            worker.wait()
    shutil.rmtree(out, ignore_errors=True)
    (_, first), *others = shares
    first.rename(out)
    for _, folder in others:
        for fold in Run.open(folder).finished():
            (folder / f"fold-{fold}").rename(out / f"fold-{fold}")
        shutil.rmtree(folder)
    return pipeline.run(replace(request, mode="resume"))


def work() -> None:
    """Be a worker: read from standard input what to do, and do it."""
    asked = json.load(sys.stdin)
    competition = registry.get(asked["competition"])
    here = environment.detect()
    settings = config.restore(competition, asked["profile"], asked["settings"])
    try:
        with tempfile.TemporaryDirectory() as scratch:  # the ledger gets the whole run, from the process that makes it
            pipeline.run(
                Request(
                    competition=competition,
                    profile=asked["profile"],
                    config=replace(settings, folds=tuple(asked["folds"])),
                    data=Path(asked["data"]),
                    environment=replace(here, working=Path(scratch)),
                    progress=Progress(sys.stdout, live=False),
                    deadline=Deadline(asked["deadline"]),
                    out=Path(asked["out"]),
                    mode="fresh",
                )
            )
    except KitError as error:
        raise SystemExit(str(error)) from None


class _Worker:
    """One process and its GPU; ends with the block at the latest."""

    def __init__(self, request: Request, number: int, folds: list[int], folder: Path) -> None:
        self._number, self._progress = number, request.progress
        shutil.rmtree(folder, ignore_errors=True)
        self._asked: dict[str, Any] = {
            "competition": request.competition.name,
            "profile": request.profile,
            "settings": flat(request.config),
            "folds": folds,
            "data": str(request.data.resolve()),
            "out": str(folder),
            "deadline": request.deadline.at,
        }
        self._environ = {
            **os.environ,
            "CUDA_VISIBLE_DEVICES": str(number),
            "PYTHONPATH": os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "KIT_CACHE": str(request.environment.cache),
        }
        self._errors: list[str] = []

    def __enter__(self) -> _Worker:
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-c", _WORK], env=self._environ, text=True, errors="replace",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdin is not None  # noqa: S101  it is a pipe
        with self._process.stdin as pipe:
            json.dump(self._asked, pipe)
        self._readers = [threading.Thread(target=reader, daemon=True) for reader in (self._tell, self._keep)]
        for reader in self._readers:
            reader.start()
        return self

    def wait(self) -> None:
        code = self._process.wait()
        self._end()
        if code:
            last = next((line for line in reversed(self._errors) if line.strip()), f"exit code {code}").strip()
            raise RunError(f"training of folds {self._asked['folds']} on GPU {self._number} failed: {last}")

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._end()

    def _end(self) -> None:
        """Hand on what is left in the pipes, and close them."""
        for reader in self._readers:
            reader.join()
        self._process.__exit__(None, None, None)

    def _tell(self) -> None:
        for line in self._process.stdout or ():
            self._progress.say(line.rstrip())

    def _keep(self) -> None:
        for line in self._process.stderr or ():
            self._errors.append(line)
            print(line, end="", file=sys.stderr)
