"""One run, from data to ledger: the same function for the sample, the real data and a kernel on Kaggle."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from common import data, inference, leakage, provenance, registry, splits, submission
from common.competition import Competition, Config
from common.deadline import Deadline
from common.environment import Environment
from common.errors import SplitError
from common.files import atomic_write
from common.ledger import Ledger
from common.metrics import score
from common.model import Context
from common.progress import Progress, clock
from common.runs import Mode, Run, default_folder, identity

if TYPE_CHECKING:
    from numpy import float64, int16
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to run: a competition, its settings, its data, and where the run is kept."""

    competition: Competition
    profile: str
    config: Config
    data: Path
    environment: Environment
    progress: Progress
    deadline: Deadline = field(default_factory=Deadline)
    out: Path | None = None
    mode: Mode = "auto"

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
        )


def run(request: Request) -> Run:
    """Train the wanted folds, score them, write a validated submission and record it all.

    Folds that the run's folder already holds are kept. A deadline ends training early but not the run:
    the folds trained by then make the submission.

    Raises:
        KitError: for anything that is the user's to fix; finished folds stay.
    """
    import numpy as np

    competition, config, progress = request.competition, request.config, request.progress
    seconds: dict[str, float] = {}
    with _timed(seconds, "read"):
        frames = data.read(competition, request.data)
        assert frames.train is not None  # noqa: S101  read(train=True) reads it
        hashes = data.hashes(competition, request.data)
    with _timed(seconds, "split"):
        assert config.split is not None  # noqa: S101  config.resolve fills it in
        folds = splits.make_folds(frames.train, config.split)
        wanted = _wanted(folds, config.folds)
    what = identity(competition, request.profile, config, hashes, provenance.machine(request.environment))
    done = _begin(request, what)
    progress.say(_headline(request, done, len(frames.train), len(frames.test), wanted))
    with _timed(seconds, "leakage"):
        _warn_of_leaks(request, frames, folds)
    ids = data.ids(frames.train, competition.files.train)
    splits.save_folds(ids, folds, done.folder / "folds.csv")

    module = registry.model(competition.name)
    with _timed(seconds, "prepare"):
        frames = inference.prepare(module, frames, config, request.context(done.folder, done.folder, "prepare"))
    _train(request, module, done, frames, folds, wanted, seconds)

    finished = done.finished()
    oof = _oof(done, folds, finished)
    known = ~np.isnan(oof).any(axis=1)
    truth = frames.train[competition.target]
    scores = _scores(competition, ids[known], truth[known], oof[known])
    with _timed(seconds, "write"):
        _write_oof(done.folder / "oof.csv", ids, folds, truth, oof)
        sent = _submit(request, done, frames, finished)
    records = {str(number): done.fold_record(number) for number in finished}
    cut = not set(wanted) <= set(finished) or any(record.get("stopped_early") for record in records.values())
    done.save(
        status="stopped by the deadline" if cut else "finished",
        scores=scores,
        rows_scored=int(known.sum()),
        folds=records,
        seconds=_added(done.record["seconds"], seconds),
        warnings=progress.warnings,
        submission=sent,
    )
    _enter(request, done, finished)
    return done


def _begin(request: Request, what: dict[str, Any]) -> Run:
    folder = request.out or default_folder(request.submissions, what)
    done = Run.begin(folder, what, request.mode)
    request.progress.log = folder / "log.txt"
    return done


def _headline(request: Request, done: Run, n_train: int, n_test: int, wanted: list[int]) -> str:
    split = request.config.split
    kept = [number for number in done.finished() if number in wanted]
    again = f", kept from before: {', '.join(map(str, kept))}" if kept else ""
    return (
        f"{request.competition.name} · {request.profile} · {n_train:,} rows to train on, {n_test:,} to predict · "
        f"{split.kind if split else ''} split, folds {', '.join(map(str, wanted))}{again}\nrun folder: {done.folder}"
    )


def _wanted(folds: NDArray[int16], chosen: tuple[int, ...] | None) -> list[int]:
    import numpy as np

    exist = [int(number) for number in np.unique(folds[folds >= 0])]
    for number in chosen or ():
        if number not in exist:
            raise SplitError(f"fold {number} does not exist; folds: {', '.join(map(str, exist))}")
    return sorted(set(chosen)) if chosen else exist


def _warn_of_leaks(request: Request, frames: data.Frames, folds: NDArray[int16]) -> None:
    competition, split = request.competition, request.config.split
    assert frames.train is not None and split is not None  # noqa: S101  see `run`
    leaks = leakage.check(
        frames.train,
        folds,
        inputs=competition.inputs,
        group=competition.split.group,
        test=frames.test,
        ordered=split.kind == "time",
    )
    for leak in leaks:
        request.progress.warn(f"the {split.kind} split leaks: {leak.message}")


def _train(
    request: Request, module: ModuleType, done: Run, frames: data.Frames, folds: NDArray[int16], wanted: list[int],
    seconds: dict[str, float],
) -> None:  # fmt: skip
    """Train the wanted folds that are not there yet, as long as there is time."""
    competition, config = request.competition, request.config
    train = frames.train
    assert train is not None and config.split is not None  # noqa: S101  see `run`
    ids = data.ids(train, competition.files.train)
    longest = 0.0
    for number in wanted:
        if number in done.finished():
            continue
        if longest and request.deadline.passed(longest):  # the first fold is always begun: a run yields a submission
            request.progress.warn(f"the deadline leaves no time for fold {number}; the submission is made without it")
            return
        started, phases = time.monotonic(), {}
        done.checkpoints(number).mkdir(parents=True, exist_ok=True)
        in_train, in_valid = splits.train_and_valid(folds, number, config.split)
        model = module.build(config, frames, request.context(done.folder, done.checkpoints(number), f"fold {number}"))
        with _timed(phases, "fit"):
            model.fit(train[in_train], train[in_valid])
        with _timed(phases, "predict"):
            valid, test = model.predict(train[in_valid]), model.predict(frames.test)
        values = _scores(competition, ids[in_valid], train[competition.target][in_valid], valid)
        notes = getattr(model, "notes", {})
        done.keep_fold(
            number, model, valid, test,
            {"rows": int(in_valid.sum()), "scores": values, "seconds": phases, **notes},
        )  # fmt: skip
        for phase, spent in phases.items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
        done.save(seconds=_added(done.record["seconds"], {}))
        # A fold that was stopped has used up the time; the next one would only get to its first steps.
        longest = math.inf if notes.get("stopped_early") else max(longest, time.monotonic() - started)
        shown = "  ".join(f"{name} {value:.4f}" for name, value in values.items())
        request.progress.say(f"fold {number}: {shown}  ({clock(time.monotonic() - started)})")


def _scores(competition: Competition, ids: Any, truth: Any, predictions: Any) -> dict[str, float]:
    """Return the leaderboard's metric and the reported ones, of predictions as they would be submitted."""
    form = competition.submission
    sent = submission.make(ids.tolist(), predictions, form)[list(form.targets)].to_numpy()
    return {name: score(name, truth, sent) for name in (competition.metric, *competition.also_report)}


def _oof(done: Run, folds: NDArray[int16], finished: list[int]) -> NDArray[float64]:
    """Return the OOF predictions (n, k), NaN in rows that no fold has predicted."""
    import numpy as np

    parts = {number: done.predictions(number, "valid") for number in finished}
    oof = np.full((len(folds), *next(iter(parts.values())).shape[1:]), np.nan)
    for number, values in parts.items():
        oof[folds == number] = values
    return oof.reshape(len(folds), -1)


def _write_oof(path: Path, ids: Any, folds: NDArray[int16], truth: Any, oof: NDArray[float64]) -> None:
    import pandas as pd

    columns = (
        {"prediction": oof[:, 0]} if oof.shape[1] == 1 else {f"prediction_{k}": oof[:, k] for k in range(oof.shape[1])}
    )
    frame = pd.DataFrame({"id": ids.to_numpy(), "fold": folds, "target": truth.to_numpy(), **columns})
    with atomic_write(path, "w") as handle:
        frame.to_csv(handle, index=False, lineterminator="\n")


def _submit(request: Request, done: Run, frames: data.Frames, finished: list[int]) -> dict[str, Any]:
    """Write the submission of the finished folds' mean and return its record."""
    mean = sum(done.predictions(number, "test") for number in finished) / len(finished)
    form = request.competition.submission
    path = done.folder / form.file_name
    submission.write(inference.as_submission(request.competition, frames, mean), path, form)
    inference.check(request.competition, path, frames)
    return {"file": path.name, "sha256": data.sha256(path), "rows": len(frames.test), "valid": True}


def _enter(request: Request, done: Run, finished: list[int]) -> None:
    record, metric = done.record, request.competition.metric
    Ledger(request.submissions / "ledger.csv").add(
        "run",
        run=done.folder.name, profile=request.profile, metric=metric, cv=record["scores"][metric],
        folds=" ".join(map(str, finished)), rows=record["rows_scored"], seconds=round(sum(record["seconds"].values()), 1),
        file=done.folder / record["submission"]["file"], sha256=record["submission"]["sha256"], status=record["status"],
    )  # fmt: skip


def _added(old: dict[str, float], new: dict[str, float]) -> dict[str, float]:
    """Add up the seconds per phase over all the times that a run was started."""
    return {name: round(old.get(name, 0.0) + new.get(name, 0.0), 3) for name in {**old, **new}}


@contextmanager
def _timed(seconds: dict[str, float], phase: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[phase] = seconds.get(phase, 0.0) + time.monotonic() - started
