"""One run, from data to ledger: the same function for the sample, the real data and a kernel on Kaggle."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from common import data, inference, leakage, processes, provenance, registry, splits, submission
from common.competition import Competition, Config, Split
from common.deadline import Deadline
from common.environment import Environment
from common.errors import SettingError, SplitError, UnknownName
from common.files import atomic_write
from common.ledger import Ledger
from common.metrics import score
from common.model import Context
from common.progress import Progress, clock
from common.runs import LOG, Mode, Run, default_folder, identity

if TYPE_CHECKING:
    from numpy import float64, int16
    from numpy.typing import NDArray
    from pandas import Series


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to run: a competition, its settings, its data, and where the run is kept.

    `stage` is the only one of the profile's stages to run, or None for all of them.
    """

    competition: Competition
    profile: str
    config: Config
    data: Path
    environment: Environment
    progress: Progress
    deadline: Deadline = field(default_factory=Deadline)
    out: Path | None = None
    mode: Mode = "auto"
    stage: str | None = None

    def __post_init__(self) -> None:
        stages = self.config.stages
        if self.stage is not None and not stages:
            raise SettingError(f"profile {self.profile!r} has no stages; leave out --stage")
        if self.stage is not None and self.stage not in stages:
            raise UnknownName(f"stage of profile {self.profile!r}", self.stage, stages)

    @property
    def submissions(self) -> Path:
        """The folder of the competition's runs and of its ledger."""
        return self.environment.working / "submissions" / self.competition.name

    def context(self, run: Path, folder: Path, title: str) -> Context:
        """Return what a model may use, keeping its checkpoints in `folder`."""
        return Context(
            environment=self.environment,
            cache=self.environment.cache / self.competition.name,
            run=run,
            folder=folder,
            deadline=self.deadline,
            progress=self.progress,
            title=title,
            stage=self.stage,
        )


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What the steps of one run share."""

    request: Request
    run: Run
    frames: data.Frames
    folds: NDArray[int16]
    split: Split
    wanted: list[int]

    @property
    def ids(self) -> Series[str]:
        return data.ids(self.frames.training, self.request.competition.files.train)

    @property
    def truth(self) -> Series[Any]:
        return self.frames.training[self.request.competition.target]


def run(request: Request) -> Run:
    """Train the wanted folds, score them, write a validated submission and record it all.

    Folds that the run's folder already holds are kept. A deadline ends training early but not the run:
    the folds trained by then make the submission. Of a stage before the last there is no submission: what it made is
    kept in the run's folder, where the next stage finds it.

    Under `accelerate launch` every process trains, and only the main one writes.

    Raises:
        KitError: for anything that is the user's to fix; finished folds stay.
    """
    competition, config, progress = request.competition, request.config, request.progress
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        frames = data.read(competition, request.data)
        hashes = data.hashes(competition, request.data)
    module = registry.model(competition.name)
    with _timed(seconds, "enrich"):
        nowhere = (
            request.environment.cache / competition.name
        )  # the run's folder is known once all settings are checked
        frames = inference.enrich(module, frames, config, request.context(nowhere, nowhere, "enrich"))
    with _timed(seconds, "split"):
        split = config.split or competition.split
        folds = splits.make_folds(frames.training, split)
        wanted = _wanted(folds, config.folds)
    what = identity(competition, request.profile, config, hashes, provenance.machine(request.environment))
    work = _Work(request=request, run=_begin(request, what), frames=frames, folds=folds, split=split, wanted=wanted)
    progress.say(_headline(work))
    with _timed(seconds, "leakage"):
        _warn_of_leaks(work)
    if processes.is_main():
        splits.save_folds(work.ids, folds, work.run.folder / "folds.csv")

    with _timed(seconds, "prepare"):
        context = request.context(work.run.folder, work.run.folder, "prepare")
        work = replace(work, frames=inference.prepare(module, frames, config, context))
    if context.notes:
        work.run.save(stages=context.notes)
    if request.stage is not None and request.stage != config.stages[-1]:
        return _end_stage(work, module, context, seconds)
    _train(work, module)
    if not processes.is_main():
        return work.run
    with _timed(seconds, "write"):
        _finish(work)
    with _timed(seconds, "illustrate"):
        _illustrate(work, module, context)
    for record in work.run.record["folds"].values():
        for phase, spent in record["seconds"].items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
    work.run.save(seconds={phase: round(spent, 3) for phase, spent in seconds.items()}, warnings=progress.warnings)
    _enter(work)
    return work.run


def _begin(request: Request, what: dict[str, Any]) -> Run:
    folder = request.out or default_folder(request.submissions, what)
    if not processes.is_main():
        processes.wait()
        return Run.open(folder)
    begun = Run.begin(folder, what, request.mode)
    request.progress.log = folder / LOG
    processes.wait()
    return begun


def _illustrate(work: _Work, module: ModuleType, context: Context) -> None:
    if hasattr(module, "illustrate") and processes.is_main():
        module.illustrate(work.frames, work.run, context)


def _end_stage(work: _Work, module: ModuleType, context: Context, seconds: dict[str, float]) -> Run:
    """Record a stage before the last one, which ends without a submission; a run that has one stays finished."""
    _illustrate(work, module, context)
    record, stage = work.run.record, str(work.request.stage)
    changes: dict[str, Any] = {}
    if "submission" not in record:
        cut = record.get("stages", {}).get(stage, {}).get("stopped_early")
        changes["status"] = f"{stage} {'stopped by the deadline' if cut else 'finished'}"
        changes["warnings"] = work.request.progress.warnings
    spent = {phase: round(value, 3) for phase, value in seconds.items()}
    work.run.save(seconds=record["seconds"] | spent, **changes)
    return work.run


def _headline(work: _Work) -> str:
    kept = [number for number in work.run.finished() if number in work.wanted]
    again = f", kept from before: {', '.join(map(str, kept))}" if kept else ""
    n_train, n_test = len(work.frames.training), len(work.frames.test)
    return (
        f"{work.request.competition.name} · {work.request.profile} · {n_train:,} rows to train on, {n_test:,} to predict · "
        f"{work.split.kind} split, folds {', '.join(map(str, work.wanted))}{again}\nrun folder: {work.run.folder}"
    )


def _wanted(folds: NDArray[int16], chosen: tuple[int, ...] | None) -> list[int]:
    import numpy as np

    exist = [int(number) for number in np.unique(folds[folds >= 0])]
    for number in chosen or ():
        if number not in exist:
            raise SplitError(f"fold {number} does not exist; folds: {', '.join(map(str, exist))}")
    return sorted(set(chosen)) if chosen else exist


def _warn_of_leaks(work: _Work) -> None:
    competition = work.request.competition
    paths = {column.name for column in competition.files.train.columns if column.kind == "file"}
    leaks = leakage.check(
        work.frames.training,
        work.folds,
        inputs=[name for name in competition.inputs if name not in paths],  # where a file lies says nothing about it
        group=competition.split.group,
        test=work.frames.test,
        ordered=work.split.kind == "time",
    )
    for leak in leaks:
        work.request.progress.warn(f"the {work.split.kind} split leaks: {leak.message}")
    parts = {"train": work.frames.training, "test": work.frames.test, **work.frames.extra}
    for told in leakage.between(parts, competition.inputs):
        work.request.progress.warn(told)


def _train(work: _Work, module: ModuleType) -> None:
    """Train the wanted folds that are not there yet, as long as there is time."""
    request = work.request
    longest = max((sum(work.run.fold_record(fold)["seconds"].values()) for fold in work.run.finished()), default=0.0)
    for number in work.wanted:
        late = processes.agree(request.deadline.passed(longest))
        if number in processes.agree(work.run.finished()):
            if not work.run.fold_record(number).get("stopped_early") or late:
                continue
            request.progress.say(f"fold {number} was stopped by a deadline before; it is trained again")
        if longest and late:  # the first fold is always begun: a run yields a submission
            request.progress.warn(f"the deadline leaves no time for fold {number}; the submission is made without it")
            return
        started = time.monotonic()
        record = _train_fold(work, module, number)
        # A fold that was stopped has used up the time; the next one would only get to its first steps.
        longest = math.inf if record.get("stopped_early") else max(longest, time.monotonic() - started)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in record["scores"].items())
        request.progress.say(f"fold {number}: {shown}  ({clock(time.monotonic() - started)})")


def _train_fold(work: _Work, module: ModuleType, number: int) -> dict[str, Any]:
    """Train, score and keep one fold; return its record."""
    import numpy as np

    request, train, test = work.request, work.frames.training, work.frames.test
    seconds: dict[str, float] = {}
    checkpoints = work.run.checkpoints(number)
    checkpoints.mkdir(parents=True, exist_ok=True)
    in_train, in_valid = (np.flatnonzero(mask) for mask in splits.train_and_valid(work.folds, number, work.split))
    context = request.context(work.run.folder, checkpoints, f"fold {number}")
    model = module.build(request.config, work.frames, context)
    with _timed(seconds, "fit"):
        model.fit(train.iloc[in_train], train.iloc[in_valid])
    with _timed(seconds, "predict"):
        on_valid, on_test = model.predict(train.iloc[in_valid]), model.predict(test)
    record = {
        "rows": len(in_valid),
        "seconds": {phase: round(spent, 3) for phase, spent in seconds.items()},
        **getattr(model, "notes", {}),
    }
    if processes.is_main():
        work.run.keep_fold(number, model, on_valid, on_test, record)  # before scoring, which may be undefined
    processes.wait()
    return record | {"scores": _scores(work, in_valid, on_valid)}


def _scores(work: _Work, rows: NDArray[Any], predictions: NDArray[float64]) -> dict[str, float]:
    """Return the leaderboard's metric and the reported ones, of predictions as they would be submitted."""
    competition = work.request.competition
    form, truth = competition.submission, work.truth.iloc[rows]
    sent = submission.make(work.ids.iloc[rows].tolist(), predictions, form)[list(form.targets)].to_numpy()
    names = (competition.metric, *competition.also_report)
    return {name: score(name, truth, sent, classes=form.classes) for name in names}


def _finish(work: _Work) -> None:
    """Write OOF, submission and record from the folds that are finished."""
    import numpy as np

    finished = work.run.finished()
    records = {}
    for number in finished:
        rows = np.flatnonzero(work.folds == number)
        scores = _scores(work, rows, work.run.predictions(number, "valid"))
        records[str(number)] = {**work.run.fold_record(number), "scores": scores}
    oof = _oof(work, finished)
    known = np.flatnonzero(~np.isnan(oof).any(axis=1))
    _write_oof(work, oof)
    cut = not set(work.wanted) <= set(finished) or any(record.get("stopped_early") for record in records.values())
    work.run.save(
        status="stopped by the deadline" if cut else "finished",
        scores=_scores(work, known, oof[known]),
        rows_scored=len(known),
        folds=records,
        submission=_submit(work, finished),
    )


def _oof(work: _Work, finished: list[int]) -> NDArray[float64]:
    """Return the OOF predictions (n, k), NaN in rows that no fold has predicted."""
    import numpy as np

    parts = {number: work.run.predictions(number, "valid") for number in finished}
    oof = np.full((len(work.folds), *next(iter(parts.values())).shape[1:]), np.nan)
    for number, values in parts.items():
        oof[work.folds == number] = values
    return oof.reshape(len(work.folds), -1)


def _write_oof(work: _Work, oof: NDArray[float64]) -> None:
    import pandas as pd

    names = ["prediction"] if oof.shape[1] == 1 else [f"prediction_{column}" for column in range(oof.shape[1])]
    columns = {name: oof[:, column] for column, name in enumerate(names)}
    frame = pd.DataFrame({"id": work.ids.to_numpy(), "fold": work.folds, "target": work.truth.to_numpy(), **columns})
    with atomic_write(work.run.folder / "oof.csv", "w") as handle:
        frame.to_csv(handle, index=False, lineterminator="\n")


def _submit(work: _Work, finished: list[int]) -> dict[str, Any]:
    """Write the submission of the finished folds' mean and return its record."""
    competition = work.request.competition
    mean = sum(work.run.predictions(number, "test") for number in finished) / len(finished)
    path = work.run.folder / competition.submission.file_name
    submission.write(inference.as_submission(competition, work.frames, mean), path, competition.submission)
    inference.check(competition, path, work.frames)
    return {"file": path.name, "sha256": data.sha256(path), "rows": len(work.frames.test), "valid": True}


def _enter(work: _Work) -> None:
    record, metric = work.run.record, work.request.competition.metric
    Ledger(work.request.submissions / "ledger.csv").add(
        "run",
        run=work.run.folder.name, profile=work.request.profile, metric=metric, cv=record["scores"][metric],
        folds=" ".join(record["folds"]), rows=record["rows_scored"], seconds=round(sum(record["seconds"].values()), 1),
        file=work.run.folder / record["submission"]["file"], sha256=record["submission"]["sha256"],
        status=record["status"],
    )  # fmt: skip


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.monotonic() - started
