"""The folds of a run, trained one after another: each is scored and kept, as long as there is time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import data, processes, splits, submission
from common.competition import Split
from common.decisions.decision import Decision
from common.decisions.scoring import score
from common.errors import MetricError
from common.model import Context, Model, Models
from common.pipeline import outlook
from common.pipeline.request import Request
from common.progress import clock, timed
from common.runs.predictions import not_finite
from common.runs.records import Fold
from common.runs.run import Run
from common.wording import rounded

if TYPE_CHECKING:
    from numpy import int16
    from numpy.typing import NDArray
    from pandas import DataFrame, Series


@dataclass(frozen=True, kw_only=True)
class Work:
    """A run under way: the request, its rows, the fold of each row (n,), and the numbers of the folds to train."""

    request: Request
    run: Run
    frames: data.Frames
    folds: NDArray[int16]
    split: Split
    numbers: list[int]

    @property
    def ids(self) -> Series[str]:
        """The id of each training row (n,)."""
        return data.ids(self.frames.training, self.request.competition.files.train)

    @property
    def truth(self) -> DataFrame:
        """The targets of each training row (n, targets)."""
        return self.frames.training[list(self.request.competition.targets)]

    def context(self, title: str, folder: Path | None = None) -> Context:
        """Return what a model may use in the run's folder, keeping its checkpoints in `folder`."""
        context = self.request.context(title, self.run.folder, folder)
        return replace(context, classes=tuple(self.run.record.classes))

    def is_last(self, number: int) -> bool:
        """Whether a fold is the last of a split by time, after which the test rows come: its model predicts them alone."""
        return self.split.kind == "time" and number == self.folds.max()

    @property
    def longest(self) -> float:
        """The seconds that the slowest finished fold took; 0 before there is one."""
        finished = (self.run.fold_record(fold) for fold in self.run.finished())
        return max((sum(record.seconds.values()) for record in finished), default=0.0)

    @property
    def decision(self) -> Decision:
        """How predictions become what is submitted, before anything is learnt for it."""
        return Decision.plain(self.request.competition, tuple(self.run.record.classes))

    def scores(self, rows: NDArray[Any], decided: NDArray[Any], part: str | None) -> dict[str, float | None]:
        """Return the leaderboard's metric and the reported ones, of what would be submitted for some training rows.

        A metric that is undefined for these rows is None, with a warning that names the `part` of the rows, if it has a name.
        """
        competition, truth = self.request.competition, self.frames.training.iloc[rows]
        submitted = submission.make(self.ids.iloc[rows].tolist(), decided, competition.submission)
        scores: dict[str, float | None] = {}
        for name in (competition.metric, *competition.also_report):
            try:
                scores[name] = score(
                    competition, name, submitted[list(competition.submission.targets)].to_numpy(), truth
                )
            except MetricError as error:
                scores[name] = None
                if part is not None:
                    self.request.progress.warn(f"{name} of {part} is undefined: {error}")
        return scores


def train_folds(work: Work, models: Models) -> bool:
    """Train the folds that are not there yet, as long as there is time; return whether there was."""
    request, longest = work.request, work.longest
    missing = len({*work.numbers} - {*work.run.finished()})
    request.progress.outlook = outlook.folds(request.competition, request.config, missing) if missing else None
    for number in work.numbers:
        late = processes.agree(request.deadline.passed(longest))
        if number in processes.agree(work.run.finished()):
            if not work.run.fold_record(number).stopped_early or late:
                continue
            request.progress.say(f"fold {number} was stopped by a deadline before; it is trained again")
        if longest and late:  # the first fold is always begun: a run yields a submission
            request.progress.warn(f"the deadline leaves no time for fold {number}; the submission is made without it")
            return False
        started = time.monotonic()
        if record := train_fold(work, models, number):
            longest = max(longest, tell(work, number, record, time.monotonic() - started))
        request.progress.outlook = None  # which is of the first fold, however short it was
    return True


def tell(work: Work, number: int, record: Fold, seconds: float) -> float:
    """Print a fold's scores and its time; return the seconds that another one has to be given.

    A fold that was stopped has used up the time; the next one would only get to its first steps.
    """
    shown = "  ".join(f"{name} {rounded(value)}" for name, value in record.scores.items())
    work.request.progress.say(f"fold {number}: {shown}  ({clock(seconds)})")
    return math.inf if record.stopped_early else seconds


def train_fold(work: Work, models: Models, number: int) -> Fold | None:
    """Train, keep and score one fold; return its record, or None if its predictions are not finite."""
    import numpy as np

    request, train, test = work.request, work.frames.training, work.frames.test
    seconds: dict[str, float] = {}
    checkpoints = work.run.checkpoints(number)
    checkpoints.mkdir(parents=True, exist_ok=True)
    in_train, in_valid = (np.flatnonzero(mask) for mask in splits.train_and_valid(work.folds, number, work.split))
    context = work.context(f"fold {number}", checkpoints)
    model = models.build(request.config, work.frames, context)
    with timed(seconds, "fit", work.run.record.memory):
        model.fit(train.iloc[in_train], train.iloc[in_valid])
    notes = dict(model.notes)
    with timed(seconds, "predict", work.run.record.memory):
        on_valid = model.predict(train.iloc[in_valid])
        work.decision.require(on_valid, len(in_valid), request.competition)  # what does not fit is not kept
    if work.is_last(number) and not processes.agree(notes.get("stopped_early") or _late(work, seconds["fit"])):
        with timed(seconds, "fit", work.run.record.memory):
            model = _on_all(work, models, number, train.iloc[in_valid])
        notes["stopped_early"] = model.notes.get("stopped_early", False)
    with timed(seconds, "predict", work.run.record.memory):
        on_test = model.predict(test)
    if wrong := processes.agree(not_finite(on_valid) + not_finite(on_test)):
        request.progress.warn(f"fold {number} is not kept: {wrong:,} of its predictions are NaN or infinite")
        return None
    record = Fold(
        rows=len(in_valid),
        seconds={phase: round(spent, 3) for phase, spent in seconds.items()},
        stopped_early=bool(notes.pop("stopped_early", False)),
        notes=notes,
    )
    if processes.is_main():
        work.run.keep_fold(number, model, on_valid, on_test, record)  # before scoring, which may be undefined
    processes.wait()
    decided = work.decision.apply(on_valid, train.iloc[in_valid], request.competition)
    record.scores = work.scores(in_valid, decided, f"fold {number}")
    return record


def _late(work: Work, longest: float) -> bool:
    """Return whether there is no time to train once more, which is said then."""
    late = work.request.deadline.passed(longest)
    if late:
        work.request.progress.warn(
            "the deadline leaves no time to train on the last rows too, which the test rows follow"
        )
    return late


def _on_all(work: Work, models: Models, number: int, valid: DataFrame) -> Model:
    """Return a model that is trained on all rows, of which it has seen the validation rows, too."""
    request = work.request
    request.progress.say(
        f"fold {number}: trained again on all {len(work.folds):,} rows, since those of test come later"
    )
    (folder := work.run.checkpoints(number) / "all").mkdir(parents=True, exist_ok=True)
    model = models.build(request.config, work.frames, work.context(f"fold {number}, all rows", folder))
    model.fit(work.frames.training, valid)
    return model
