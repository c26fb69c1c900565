"""One run, from data to ledger: the same function for the sample, the real data and a kernel on Kaggle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data, decisions, metrics, processes, registry, splits, submission
from common.competition import Competition, Split
from common.config import resolve
from common.errors import DataError, KitError, RunError, SplitError
from common.files import locked, sha256
from common.model import Context, Models
from common.pipeline import inference, unlearnt
from common.pipeline.fold import Work, train_folds
from common.pipeline.request import Request
from common.pipeline.samples import is_sample
from common.progress import Progress, timed
from common.runs import oof, provenance
from common.runs.ledger import Ledger
from common.runs.predictions import known, mean
from common.runs.records import RunRecord, Status, Submission
from common.runs.run import FOLDS, LOG, Run, default_folder, enter, new_record
from common.settings import flat
from common.splits import leakage
from common.wording import first_line, listed, plural

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray


Train = Callable[[Work, Models], bool]
"""Trains the folds of a run that are not there yet, as far as there is time; says whether there was."""


def run(request: Request, train: Train = train_folds) -> Run:
    """Train folds, score them, write a validated submission and record it all.

    Folds that the run's folder already holds are kept. A deadline ends training early but not the run: the folds
    trained by then make the submission. A stage before the last ends without a submission; what it made stays in the
    run's folder, where the next stage finds it.

    Under `accelerate launch` every process trains, and only the main one writes.

    Args:
        request: what to run.
        train: what trains the folds: this process one after another, or workers.

    Raises:
        KitError: for anything that is the user's to fix; finished folds stay.
    """
    competition, config = request.competition, request.config
    if competition.predicts == "nothing":
        return unlearnt.run(request)
    for name in (competition.metric, *competition.also_report):
        metrics.get(name)  # a name that does not exist is an error now, not after the first fold
    seconds: dict[str, float] = {}
    memory: dict[str, int] = {}
    models = registry.models(competition.name)
    frames, split, folds = rows(request, models, seconds, memory)
    with timed(seconds, "read", memory):
        hashes = data.hashes(competition, request.data)
    numbers = _existing(folds, config.folds)
    machine = provenance.machine(request.environment)
    record = new_record(competition, request.profile, config, hashes, request.data, machine)
    record.classes = list(decisions.classes_of(competition, frames.training))
    folder = request.out or default_folder(request.submissions, record)
    with _only_one(folder):
        started = _begin(request, folder, record)
        started.record.memory |= memory
        work = Work(request=request, run=started, frames=frames, folds=folds, split=split, numbers=numbers)
        try:
            return _carry_out(work, models, train, seconds)
        except KitError as error:
            if work.run.record.submission is None:
                work.run.record.status, work.run.record.error = Status.FAILED, str(error)
                with suppress(KitError):  # a full disk takes no record either
                    work.run.save()
            raise


def rows(
    request: Request, models: Models, seconds: dict[str, float], memory: dict[str, int]
) -> tuple[data.Frames, Split, NDArray[int16]]:
    """Return the rows of a run before models prepare them, how they are split, and the fold of each (n,)."""
    competition, config = request.competition, request.config
    with timed(seconds, "read", memory):
        frames = data.read(competition, request.data, warn=request.progress.warn)
        inference.require_rows(competition, frames, request.progress)
        frames = _with_targets(competition, frames, request.progress)
    with timed(seconds, "enrich", memory):
        frames = models.enrich(frames, config, request.context("enrich"))
    with timed(seconds, "split", memory):
        split = config.split or competition.split
        folds = splits.make_folds(frames.training, split)
    return frames, split, folds


def _with_targets(competition: Competition, frames: data.Frames, progress: Progress) -> data.Frames:
    """Leave out training rows that lack a target: nothing can be learnt or measured there.

    Raises:
        DataError: if no row is left.
    """
    if competition.predicts not in ("number", "class"):
        return frames
    targets = frames.training[list(competition.targets)]
    lacking = (targets.isna() | (targets == "")).any(axis=1)
    if not lacking.any():
        return frames
    if lacking.all():
        raise DataError(f"no training row has all of {listed(competition.targets)}")
    progress.warn(f"{plural(int(lacking.sum()), 'training row')} left out that lack {listed(competition.targets)}")
    return replace(frames, train=frames.training[~lacking].reset_index(drop=True))


def _carry_out(work: Work, models: Models, train: Train, seconds: dict[str, float]) -> Run:
    """Train, write and record a run that has begun."""
    request, config, progress = work.request, work.request.config, work.request.progress
    progress.say(_headline(work))
    with timed(seconds, "leakage", work.run.record.memory):
        _warn_of_leaks(work)
    if processes.is_main():
        groups = splits.groups_of(work.frames.training, work.split)
        splits.save_folds(work.ids, work.folds, work.run.folder / FOLDS, groups)

    with timed(seconds, "prepare", work.run.record.memory):
        context = work.context("prepare")
        prepared = models.prepare(work.frames, config, context)
        work = replace(work, frames=prepared.frames)
    work.run.record.stages = {stage: dict(notes) for stage, notes in prepared.stages.items()}
    if request.stage is not None and request.stage != config.stages[-1]:
        return _end_stage(work, models, context, seconds)
    in_time = train(work, models)
    if not processes.agree(work.run.finished()):
        raise RunError("no fold was kept, since no model gave finite predictions; try a lower learning rate")
    if not processes.is_main():
        return work.run
    with timed(seconds, "write", work.run.record.memory):
        _finish(work, in_time)
    with timed(seconds, "illustrate", work.run.record.memory):
        _illustrate(work, models, context)
    record = work.run.record
    for fold in record.folds.values():
        for phase, spent in fold.seconds.items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
    record.seconds = {phase: round(spent, 3) for phase, spent in seconds.items()}
    record.warnings = progress.warnings
    work.run.save()
    _enter(work)
    return work.run


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Keep a second run out of a folder."""

    def refuse() -> None:
        raise RunError(f"another run is working in {folder}; wait for its end, or give --out another folder")

    with locked(folder, refuse) if processes.is_main() else nullcontext():
        yield


def _begin(request: Request, folder: Path, record: RunRecord) -> Run:
    if not processes.is_main():
        processes.wait()
        return Run.open(folder)
    run = Run.begin(folder, record, request.mode)
    request.progress.log = folder / LOG
    threads = {session.machine.get("threads") for session in run.record.sessions}
    if len(threads) > 1 and run.finished():
        request.progress.warn(
            f"this run was begun with {run.record.machine.get('threads')} threads and continues with "
            f"{record.machine['threads']}: sums in another order may change the last digits"
        )
    processes.wait()
    return run


def _illustrate(work: Work, models: Models, context: Context) -> None:
    """Draw the run's figures; whatever goes wrong there is a warning, for the run is finished without them."""
    if not processes.is_main():
        return
    try:
        models.illustrate(work.frames, work.run, context)
    except Exception as error:
        work.request.progress.warn(f"the figures could not be drawn: {first_line(error)} ({type(error).__name__})")


def _end_stage(work: Work, models: Models, context: Context, seconds: dict[str, float]) -> Run:
    """Record a stage before the last one, which ends without a submission; a run that has one stays finished."""
    record, stage = work.run.record, str(work.request.stage)
    _illustrate(work, models, context)
    if record.submission is None:
        cut = record.stages.get(stage, {}).get("stopped_early")
        record.status, record.stage = Status.STOPPED if cut else Status.FINISHED, stage
        record.warnings = work.request.progress.warnings
    record.seconds |= {phase: round(value, 3) for phase, value in seconds.items()}
    work.run.save()
    return work.run


def _headline(work: Work) -> str:
    finished = [number for number in work.run.finished() if number in work.numbers]
    kept = f", kept from before: {', '.join(map(str, finished))}" if finished else ""
    n_train, n_test = len(work.frames.training), len(work.frames.test)
    return (
        f"{work.request.competition.name} · {work.request.profile} · {n_train:,} rows to train on, {n_test:,} to predict · "
        f"{work.split.kind} split, folds {', '.join(map(str, work.numbers))}{kept}\nrun folder: {work.run.folder}"
    )


def _existing(folds: NDArray[int16], chosen: tuple[int, ...] | None) -> list[int]:
    """Return the numbers of the chosen folds, or of all."""
    import numpy as np

    exist = [int(number) for number in np.unique(folds[folds >= 0])]
    for number in chosen or ():
        if number not in exist:
            raise SplitError(f"fold {number} does not exist; folds: {', '.join(map(str, exist))}")
    return sorted(set(chosen)) if chosen else exist


def _warn_of_leaks(work: Work) -> None:
    competition = work.request.competition
    paths = {column.name for column in competition.files.train.columns if column.kind == "file"}
    leaks = leakage.check(
        work.frames.training,
        work.folds,
        work.split,
        inputs=[name for name in competition.inputs if name not in paths],  # where a file lies says nothing about it
        group=competition.split.group,
        test=work.frames.test,
    )
    for leak in leaks:
        work.request.progress.warn(f"the {work.split.kind} split leaks: {leak.message}")
    parts = {"train": work.frames.training, "test": work.frames.test, **work.frames.extra}
    for message in leakage.between(parts, competition.inputs):
        work.request.progress.warn(message)


def _finish(work: Work, in_time: bool) -> None:
    """Write OOF, submission and record from the folds that are finished."""
    import numpy as np

    finished, record = work.run.finished(), work.run.record
    record.folds = {number: work.run.fold_record(number) for number in finished}
    predictions, rows = oof.gather(work.run, work.folds), work.frames.training
    scored = np.flatnonzero(known(predictions))
    competition, folds = work.request.competition, work.folds[scored]
    decided = decisions.judge(competition, work.decision, predictions[scored], rows.iloc[scored], folds)
    for number, fold in record.folds.items():
        fold.scores = work.scores(scored[folds == number], decided[folds == number], f"fold {number}")
    oof.write(work.run.folder, work.ids, work.folds, work.truth, predictions)
    record.scores, record.rows_scored = work.scores(scored, decided, "all folds"), len(scored)
    record.decision = decisions.learn(competition, work.decision, predictions[scored], rows.iloc[scored])
    if competition.predicts != "masks":  # each look at all their pixels takes as long as the first
        learnt = record.decision.apply(predictions[scored], rows.iloc[scored], competition)
        record.optimistic = work.scores(scored, learnt, None) if work.decision.learns else record.scores
        record.nothing = _of_nothing(work, scored)
    record.submission = _submit(work)
    missing = not set(work.numbers) <= set(finished)
    if not in_time or any(fold.stopped_early for fold in record.folds.values()):
        record.status = Status.STOPPED
    else:
        record.status = Status.INCOMPLETE if missing else Status.FINISHED
    record.stage = ""
    work.run.save()


def _of_nothing(work: Work, scored: NDArray[Any]) -> dict[str, float | None]:
    """Return the scores of somebody who looks at nothing but the targets."""
    competition, rows = work.request.competition, work.frames.training
    if competition.predicts == "span":
        return {}
    predictions = decisions.constant(competition, rows.iloc[scored], tuple(work.run.record.classes))
    return work.scores(scored, work.decision.apply(predictions, rows.iloc[scored], competition), None)


def _submit(work: Work) -> Submission:
    """Write the submission of the mean of the folds whose models predict the test, and return its record."""
    competition = work.request.competition
    averaged = mean(work.run.predictions(number, "test") for number in work.run.of_test())
    path = work.run.folder / competition.submission.file_name
    decision = work.run.record.decision or work.decision
    if not competition.submission.numeric:
        test = data.ids(work.frames.test, competition.files.test)
        oof.write_test(work.run.folder, test, averaged, competition.submission)
    made = inference.as_submission(competition, work.frames, decision.apply(averaged, work.frames.test, competition))
    submission.write(made, path, competition.submission)
    inference.check(competition, path, work.frames)
    return Submission(file=path.name, sha256=sha256(path), rows=len(work.frames.test))


def _enter(work: Work) -> None:
    """Write the run's line into the ledger; where that cannot be written, the run is finished all the same.

    Runs on sample data say nothing of the competition, and stand in no ledger.
    """
    record, request = work.run.record, work.request
    if is_sample(request.data):
        return
    own = flat(resolve(request.competition, request.profile))
    changed = [f"{key}={value}" for key, value in record.settings.items() if own.get(key) != value]
    try:
        enter(work.run.folder, Ledger(request.submissions / "ledger.csv"), " ".join(changed), str(request.data))
    except KitError as error:
        request.progress.warn(f"the run is not in the ledger: {error}")
