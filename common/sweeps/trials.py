"""A trial of a sweep: a run like any other, on some of its folds, in this process or on a worker."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import config, environment, registry
from common.competition import Config
from common.deadline import Deadline
from common.errors import DeviceError, KitError, RunError
from common.pipeline import steps
from common.pipeline.request import Request
from common.progress import Progress
from common.runs.records import Status
from common.settings import flat
from common.workers import Task, Workers

TRAIN = "common.sweeps.trials:train"


@dataclass(frozen=True)
class Trained:
    """What came of a trial: its run, the metric by fold and of all rows; or why there is none.

    `stopped` says that a deadline ended it early: the same command goes on with it.
    """

    run: str = ""
    folds: Mapping[int, float] | None = None
    score: float = math.nan
    error: str = ""
    stopped: bool = False


def train_all(
    request: Request, marker: Path, configs: Sequence[Config], folds: tuple[int, ...] | None, started: Workers | None
) -> list[Trained]:
    """Train runs of these settings on some folds, or all, side by side; return what came of each, in their order.

    Args:
        request: what they have in common.
        marker: a file of the sweep, by which a worker knows that it shares the driver's folders.
        configs: the settings of each.
        folds: the folds to train; None for all.
        started: workers, or None to train in this process.
    """

    def asked(settings: Config) -> dict[str, Any]:
        left = request.deadline.remaining()
        return {
            "competition": request.competition.name,
            "profile": request.profile,
            "settings": flat(settings),
            "folds": folds or settings.folds,
            "data": str(request.data.resolve()),
            "working": str(request.environment.working.resolve()),
            "marker": (str(marker.resolve()), hashlib.sha256(marker.read_bytes()).hexdigest()),
            "seconds": None if math.isinf(left) else left,
            "stdout": request.progress.stream is sys.stdout,
        }

    tasks = [Task(f"run {number}", lambda each=each: asked(each)) for number, each in enumerate(configs)]  # type: ignore[misc]
    answers = started.each(TRAIN, tasks) if started else _here(tasks, request.progress)
    by_title = {task.title: Trained(**_as_numbers(answer)) for task, answer in answers}
    return [by_title[task.title] for task in tasks]


def train(progress: Progress | None = None, **asked: Any) -> dict[str, Any]:
    """Train one run, in a worker; a user's mistake fails the trial only, not the sweep.

    Raises:
        RunError: on a machine that does not share the driver's folders.
        DeviceError: for a full disk, since another machine may have room.
    """
    path, digest = asked["marker"]
    with suppress(OSError):
        if hashlib.sha256(Path(path).read_bytes()).hexdigest() != digest:
            path = None
    if path is None or not Path(path).is_file():
        raise RunError(f"a sweep needs a folder that all machines share; this one does not see {asked['marker'][0]}")
    competition = registry.get(asked["competition"])
    here = replace(environment.detect(), working=Path(asked["working"]))
    restored = config.restore(competition, asked["profile"], asked["settings"])
    seconds, folds = asked["seconds"], asked["folds"]
    try:
        run = steps.run(
            Request(
                competition=competition,
                profile=asked["profile"],
                config=replace(restored, folds=tuple(folds) if folds else None),
                data=Path(asked["data"]),
                environment=here,
                progress=progress or Progress(sys.stdout if asked["stdout"] else sys.stderr, live=False),
                deadline=Deadline() if seconds is None else Deadline.after(seconds),
            )
        )
    except DeviceError:
        raise
    except KitError as error:
        return {"error": str(error)}
    record = run.record
    scores = {number: fold.scores[record.metric] for number, fold in record.folds.items()}
    score = record.scores[record.metric]
    if score is None or None in scores.values():
        return {"run": str(run.folder), "error": f"{record.metric} is undefined"}
    stopped = record.status == Status.STOPPED
    return {"run": str(run.folder), "folds": scores, "score": score, "stopped": stopped}


def _here(tasks: Iterable[Task], progress: Progress) -> Iterator[tuple[Task, dict[str, Any]]]:
    for task in tasks:
        yield task, train(progress=Progress(progress.stream, live=progress.live), **task.arguments())


def _as_numbers(answer: Mapping[str, Any]) -> dict[str, Any]:
    folds = {int(number): float(score) for number, score in (answer.get("folds") or {}).items()}
    return {**answer, "folds": folds}
