"""The folds of a run on workers: side by side on this machine, one a GPU or one for a share of its processors, or on a cluster.

Folds have nothing to do with each other, so that each is trained exactly as alone. What travels are settings, the number of
the fold and, to a cluster, the sources and what the run prepared; data is read where it lies. A fold's folder is written
into the run's, or comes back as an archive from a machine that does not share it.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from common import config, data, environment, processes, registry, workers
from common.competition import Competition
from common.deadline import Deadline
from common.errors import DataError, RunError, SettingError
from common.files import atomic_folder, locked, scratch_folder
from common.model import Models
from common.pipeline import fold, steps
from common.pipeline.fold import Work
from common.pipeline.request import Request
from common.progress import Progress
from common.runs.records import Fold
from common.runs.run import LOG, RECORD, Run
from common.settings import flat
from common.sources import sources
from common.workers import Task, Workers

TRAIN_FOLD = "common.pipeline.workers:train_fold"
DOWNLOAD = ("common.kaggle.download", "common.kaggle.official")
"""What a machine of a cluster gets data by. It is imported by name, like the look for secrets: a kernel carries neither."""
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
        asked=asked, progress=request.progress, gpus=gpus, tasks=tasks, code=lambda: bundle(name), cache=here.cache,
        title=f"kit {name}",
    )  # fmt: skip


def folds_of(request: Request) -> int | None:
    """Return how many folds a run has, or None if only its data can tell."""
    split = request.config.split or request.competition.split
    if request.config.folds:
        return len(request.config.folds)
    return None if split.kind in ("folder", "column") else 1 if split.holdout else split.n_splits


def bundle(competition: str) -> bytes:
    """Return all sources that training needs, as a cluster gets them.

    Raises:
        SecretFound: for anything that looks like a credential.
    """
    parts = [f"competitions.{competition}.{part}" for part in ("competition", "model")]
    files = sources([__name__, "common.workers", *DOWNLOAD, *parts], "", environment.PROJECT)
    import_module("common.kaggle.secrets").refuse(files)
    return workers.packed(files)


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
        if answer["record"] is None:
            continue
        number = int(answer["number"])
        if answer["archive"] is not None:
            _receive(answer, work.run.fold(number))
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
        archive = _packed(ready.run.fold(number))
        shutil.rmtree(ready.run.fold(number))
    return {
        "number": number,
        "record": None if kept is None else kept.to_json(),
        "warnings": progress.warnings,
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
        asked["prepared"] = started.put(_packed(folder, kept))
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
                _unpack(workers.fetch(asked["prepared"]), part)
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
        found = own if shared and own.is_dir() else _data(own, competition, here, run)
        request = replace(request, data=found)
        frames, split, folds = steps.rows(request, models, {}, {})
        work = Work(request=request, run=run, frames=frames, folds=folds, split=split, numbers=[])
        prepared = models.prepare(frames, request.config, work.context("prepare"))
        _ready[key] = replace(work, frames=prepared.frames)
    before = _ready[key]
    return replace(before, request=replace(request, data=before.request.data))


def _data(folder: Path, competition: Competition, here: environment.Environment, run: Run) -> Path:
    """Return the folder of the run's data: the driver's, one where it usually lies, or a download.

    Raises:
        DataError: if this machine has other data, or cannot get any.
    """
    if not folder.is_dir():
        with suppress(DataError):
            return _same(data.find(competition, None, here), competition, run)
        if competition.local:
            raise DataError(f"no data of {competition.name} at {folder}: give a --data that all machines share")
        download, official = map(import_module, DOWNLOAD)
        folder = here.cache / "data" / competition.slug
        with locked(folder):
            download.download(official.connect(), competition.slug, folder)
    return _same(folder, competition, run)


def _same(folder: Path, competition: Competition, run: Run) -> Path:
    if data.hashes(competition, folder) != run.record.data:
        raise DataError(f"{folder} holds other data of {competition.name} than the run was begun with")
    return folder


def _packed(folder: Path, only: list[Path] | None = None) -> bytes:
    """Return the files below a folder, or below some of what is in it, as an archive."""
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for top in sorted(folder.iterdir() if only is None else only):
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
    return handle.getvalue()


def _unpack(archive: bytes, into: Path) -> None:
    from common.data.archives import extract

    with scratch_folder() as scratch:
        (scratch / "archive.zip").write_bytes(archive)
        extract(scratch / "archive.zip", into)


def _receive(answer: Mapping[str, Any], folder: Path) -> None:
    """Write a fold that came as an archive, in one step.

    Raises:
        RunError: if it is not what was sent.
    """
    if hashlib.sha256(answer["archive"]).hexdigest() != answer["sha256"]:
        raise RunError(f"{folder.name} came back damaged from a worker; run it again")
    with atomic_folder(folder) as part:
        _unpack(answer["archive"], part)


def _free_gpu() -> None:
    """Give back what preparing has taken of a GPU, which a worker needs now."""
    if torch := sys.modules.get("torch"):
        torch.cuda.empty_cache()
