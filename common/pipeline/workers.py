"""The folds of a run on workers: side by side on this machine, one a GPU or one for a share of its processors, or on a cluster.

Folds have nothing to do with each other, so that each is trained exactly as alone. What travels are settings, the number of
the fold and, to a cluster, the sources and what the run prepared; data is read where it lies. A fold's folder is written
into the run's, or comes back as an archive from a machine that does not share it.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from common import config, environment, processes, registry, workers
from common.deadline import Deadline
from common.errors import SettingError
from common.files import atomic_folder, locked
from common.model import Models
from common.pipeline import fold, steps, travel
from common.pipeline.fold import Work
from common.pipeline.request import Request
from common.progress import Progress
from common.runs.records import Fold
from common.runs.run import LOG, RECORD, Run
from common.settings import flat
from common.workers import Task, Workers

TRAIN_FOLD = "common.pipeline.workers:train_fold"
_ready: dict[str, Work] = {}  # what a worker has read and prepared of its last run, for its next fold


def run(request: Request, asked: int | str) -> Run:
    """Train folds on workers, and do in this process what needs all of them; see `steps.run`.

    Args:
        request: what to run.
        asked: how many workers here, fewer than two train in this process; or the address of a cluster.

    Raises:
        KitError: as `steps.run`, and if a fold fails twice, with its last words.
    """
    if isinstance(asked, int) and asked < 2:
        return steps.run(request)
    with of(request, asked) as started:
        return steps.run(request, partial(train_folds, started))


def of(request: Request, asked: int | str, *, whole: bool = False) -> Workers:
    """Return workers for the folds of a request, or for `whole` runs of its competition.

    Raises:
        SettingError: under `accelerate launch`, whose processes share each fold.
    """
    if processes.count() > 1:
        raise SettingError("accelerate launch trains one fold on all GPUs, --workers a fold on each; take one of them")
    name, here = request.competition.name, request.environment
    gpus, tasks = len(here.gpus()), None if whole else folds_of(request)
    if isinstance(asked, int):
        asked = min(asked, gpus or asked, tasks or asked)
    return Workers(
        asked=asked, progress=request.progress, gpus=gpus, tasks=tasks, code=lambda: travel.bundle(name), cache=here.cache,
        title=f"kit {name}",
    )  # fmt: skip


def folds_of(request: Request) -> int | None:
    """Return how many folds a run has, or None if only its data can tell."""
    split = request.config.split or request.competition.split
    if request.config.folds:
        return len(request.config.folds)
    return None if split.kind in ("folder", "column") else 1 if split.holdout else split.n_splits


def train_folds(started: Workers, work: Work, models: Models) -> bool:
    """Train the folds that are not there yet on workers, as long as there is time; return whether there was.

    Raises:
        RunError: if a fold fails twice.
    """
    request, finished = work.request, work.run.finished()
    late = request.deadline.passed(work.longest)
    missing = [
        number for number in work.numbers
        if number not in finished or (work.run.fold_record(number).stopped_early and not late)
    ]  # fmt: skip
    if not started.remote and (len(missing) < 2 or started.asked == 1):
        return fold.train_folds(work, models)
    _free_gpu()
    asked = _asked(started, work)
    longest, in_time, began = work.longest, True, dict[str, float]()

    def tasks() -> Iterator[Task]:
        nonlocal in_time
        for number in missing:
            if longest and request.deadline.passed(longest):  # the first ones are always begun
                request.progress.warn(
                    f"the deadline leaves no time for fold {number}; the submission is made without it"
                )
                in_time = False
                return
            title = f"fold {number}"
            began[title] = time.monotonic()
            yield Task(title, partial(_now, asked, number, request.deadline))

    for task, answer in started.each(TRAIN_FOLD, tasks()):
        for warning in answer["warnings"]:
            request.progress.warn(warning)
        memory = work.run.record.memory
        memory |= {phase: max(peak, memory.get(phase, 0)) for phase, peak in answer["memory"].items()}
        if answer["record"] is None:
            continue
        number = int(answer["number"])
        if answer["archive"] is not None:
            travel.receive(answer, work.run.fold(number))
        seconds = time.monotonic() - began[task.title]
        longest = max(longest, fold.tell(work, number, Fold.from_json(answer["record"]), seconds))
    return in_time


def train_fold(**asked: Any) -> dict[str, Any]:
    """Train one fold, in a worker; return its record, and the fold itself if the run's folder is not shared.

    Raises:
        KitError: as in one process.
    """
    stream = sys.stdout if asked["stdout"] else sys.stderr
    progress = Progress(stream, live=False)
    folder, shared = _folder(asked)
    progress.log = folder / LOG
    ready = _work(asked, folder, progress, shared)
    number = int(asked["number"])
    waits = partial(progress.say, f"fold {number} waits for another worker that still has it")
    with locked(ready.run.checkpoints(number), waits):
        kept = ready.run.fold_record(number) if number in ready.run.finished() else None
        if kept is None or kept.stopped_early:
            kept = fold.train_fold(ready, registry.models(asked["competition"]), number)
    archive = None
    if kept is not None and not shared:
        archive = travel.packed(ready.run.fold(number))
        shutil.rmtree(ready.run.fold(number))
    return {
        "number": number,
        "record": None if kept is None else kept.to_json(),
        "warnings": progress.warnings,
        "memory": ready.run.record.memory,
        "archive": archive,
        "sha256": None if archive is None else hashlib.sha256(archive).hexdigest(),
    }


def _asked(started: Workers, work: Work) -> dict[str, Any]:
    """Return what every fold of a run needs to know, as plain values."""
    request, folder = work.request, work.run.folder
    record = (folder / RECORD).read_bytes()
    asked: dict[str, Any] = {
        "competition": request.competition.name,
        "profile": request.profile,
        "settings": flat(request.config),
        "stage": request.stage,
        "data": str(request.data.resolve()),
        "run": str(folder.resolve()),
        "record": hashlib.sha256(record).hexdigest(),
        "stdout": request.progress.stream is sys.stdout,
        "prepared": None,
    }
    if started.remote:
        kept = [path for path in folder.iterdir() if not path.name.startswith((".", "fold-")) and path.name != LOG]
        asked["prepared"] = started.put(travel.packed(folder, kept))
    return asked


def _now(asked: Mapping[str, Any], number: int, deadline: Deadline) -> dict[str, Any]:
    """Return a fold's arguments: machines have clocks of their own, so that they get the seconds that are left."""
    left = deadline.remaining()
    return {**asked, "number": number, "seconds": None if math.isinf(left) else left}


def _folder(asked: Mapping[str, Any]) -> tuple[Path, bool]:
    """Return the run's folder and whether it is the driver's own; if it is not there, one on this machine takes its place."""
    folder = Path(asked["run"])
    with suppress(OSError):
        if hashlib.sha256((folder / RECORD).read_bytes()).hexdigest() == asked["record"]:
            return folder, True
    folder = environment.detect().cache / "runs" / asked["record"][:16]
    with locked(folder):
        if not (folder / RECORD).is_file():
            with atomic_folder(folder) as part:
                travel.unpack(workers.fetch(asked["prepared"]), part)
    return folder, False


def _work(asked: Mapping[str, Any], folder: Path, progress: Progress, shared: bool) -> Work:
    """Return the run as its folds see it; read and prepared once for all folds that this process trains of it."""
    competition = registry.get(asked["competition"])
    here = environment.detect()
    seconds = asked["seconds"]
    request = Request(
        competition=competition,
        profile=asked["profile"],
        config=replace(config.restore(competition, asked["profile"], asked["settings"]), folds=None),
        data=Path(),
        environment=here,
        progress=progress,
        deadline=Deadline() if seconds is None else Deadline.after(seconds),
        stage=asked["stage"],
    )
    key = json.dumps([str(folder), asked["record"]])
    if key not in _ready:
        _ready.clear()
        run, models = Run.open(folder), registry.models(competition.name)
        own = Path(asked["data"])
        found = own if shared and own.is_dir() else travel.data_here(own, competition, here, run)
        request = replace(request, data=found)
        frames, split, folds = steps.rows(request, models, {}, {})
        work = Work(request=request, run=run, frames=frames, folds=folds, split=split, numbers=[])
        prepared = models.prepare(frames, request.config, work.context("prepare"))
        _ready[key] = replace(work, frames=prepared.frames)
    before = _ready[key]
    return replace(before, request=replace(request, data=before.request.data))


def _free_gpu() -> None:
    """Give back what preparing has taken of a GPU, which a worker needs now."""
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()
