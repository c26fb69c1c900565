"""What a run has predicted out of fold, ready to be scored: by fold, on any of its rows, after its decision step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from common import data, submission
from common.competition import Competition
from common.decisions import Decision, judge, labels_of
from common.decisions.decision import both
from common.decisions.scoring import score
from common.errors import MetricError, RunError
from common.masks import files
from common.masks.soft import SoftMasks
from common.runs import oof
from common.runs.predictions import Predictions, known, not_finite
from common.runs.run import FOLDS, Run

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass
class Predicted:
    """The n rows that a run has predicted out of fold.

    `truth` holds their targets, and the further columns that the metric takes, of masks all columns and the pictures' sizes;
    `values` are the predictions (n, k), of two classes the second's (n, 1), or soft masks of n pictures.
    """

    run: Run
    competition: Competition
    ids: NDArray[Any]
    folds: NDArray[Any]
    truth: DataFrame
    values: Predictions

    @classmethod
    def of(cls, run: Run, competition: Competition) -> Predicted:
        """Return what a run has predicted.

        Raises:
            RunError: if it has no OOF, or its metric or its masks take more than that and the run's data are gone.
        """
        table, columns = oof.read(run)
        masks = competition.predicts == "masks"
        if not (columns or masks):
            raise RunError(
                f"{run.folder / oof.FILE} is damaged: it has no predictions; the command that made the run writes it anew"
            )
        values = _masks(run, table["fold"].to_numpy()) if masks else table[columns].to_numpy(float)
        if not (there := known(values)).all():
            table, values = table[there].reset_index(drop=True), values[there]
        if lost := not_finite(values):
            raise RunError(
                f"{run.folder / oof.FILE} has infinite predictions ({lost:,}): its models have diverged; train it again with a "
                "lower learning rate"
            )
        if table.empty:
            raise RunError(f"{run.folder} has predicted no row out of fold yet; finish it first")
        if len(table) < run.record.rows_scored:
            what = f"{run.folder} has lost folds" if masks else f"{run.folder / oof.FILE} is damaged"
            raise RunError(
                f"{what}: it has {len(table):,} predictions of {run.record.rows_scored:,}; "
                "the command that made the run writes it anew"
            )
        single = len(competition.targets) == 1
        names = [oof.TARGET if single else f"{oof.TARGET}_{name}" for name in competition.targets]
        if missing := [name for name in names if name not in table]:
            raise RunError(f"{run.folder / oof.FILE} has no column {missing[0]!r}; it is of another competition")
        truth = table[names].set_axis(list(competition.targets), axis=1)
        folds = table["fold"].to_numpy()
        values = values if masks else second(competition, values)
        made = cls(run, competition, table["id"].to_numpy(object), folds, truth, values)
        if masks or competition.predicts == "span" or competition.metric_columns:
            rows = made.inputs()
            made.truth = truth.assign(**{str(name): rows[name].to_numpy() for name in rows if name not in truth})
        return made

    def inputs(self) -> DataFrame:
        """Return the training rows as the data have them, in this order.

        Raises:
            RunError: if the data are not where the run has found them, or have other rows.
        """
        folder, competition = self.run.data_folder, self.competition
        if folder is None:
            raise RunError(
                f"{self.run.folder} was trained on {self.run.record.data_folder}, which is not there any more"
            )
        frame = data.read(competition, folder).training
        rows = frame.set_index(data.ids(frame, competition.files.train).to_numpy())
        if not set(self.ids) <= set(rows.index):
            raise RunError(f"{folder} lacks rows that {self.run.folder} was trained on")
        rows = rows.loc[list(self.ids)]
        return sized(competition, rows) if competition.predicts == "masks" else rows

    @cached_property
    def groups(self) -> NDArray[Any] | None:
        """The group of each row (n,) where the split has groups: rows that only together are in a sample or out of it."""
        import pandas as pd

        path = self.run.folder / FOLDS
        if not path.is_file():
            return None
        table = pd.read_csv(path, dtype={"id": str}, keep_default_na=False)
        return table.set_index("id")["group"].reindex(self.ids).to_numpy() if "group" in table else None

    @property
    def plain(self) -> Decision:
        """What stands between predictions and submission, before anything is learnt for it."""
        return Decision.plain(self.competition, tuple(self.run.record.classes))

    @cached_property
    def submitted(self) -> NDArray[Any]:
        """What would be submitted (n, targets), each fold's by what the others teach."""
        decided = judge(self.competition, self.plain, self.values, self.truth, self.folds)
        return submission.cells(decided, self.competition.submission)

    @cached_property
    def wrong(self) -> NDArray[float64]:
        """How wrong each row is (n,).

        The distance of a number or of an ordered class, what the true class's probability lacks of one, the mean distance of
        labels, the share of words that two pieces of a text do not have in common, or what a picture's own score lacks of one.
        """
        import numpy as np

        competition, values = self.competition, self.values
        if competition.predicts == "number" and not self.classes:
            return np.asarray(np.abs(self.truth[list(competition.targets)].to_numpy(float) - values).mean(axis=1))
        if competition.predicts == "span":
            pairs = zip(self.submitted[:, 0], self.truth[competition.targets[0]], strict=True)
            return np.array([_apart(set(str(one).split()), set(str(other).split())) for one, other in pairs])
        if competition.predicts == "masks":
            alone = (self.score(competition.metric, [row]) for row in range(len(self.ids)))
            return np.array([1 - (0 if score is None else score) for score in alone])
        place = {label: position for position, label in enumerate(self.classes)}
        labels = labels_of(competition, self.truth)
        if competition.predicts == "labels":
            marks = np.zeros(values.shape)
            for row, some in enumerate(labels):
                marks[row, [place[label] for label in some if label in place]] = 1
            return np.asarray(np.abs(marks - values).mean(axis=1))
        right = np.array([place[label] for (label,) in labels])
        if values.shape[1] == 1 and len(self.classes) > 2:
            return np.asarray(np.abs(values[:, 0] - right))
        return np.asarray(1 - both(values)[np.arange(len(right)), right])

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes in the order of predictions."""
        return tuple(self.run.record.classes) or self.competition.submission.classes or ()

    def likeliest(self, row: int) -> Any:
        """Return what a row is taken for: its likeliest class, or what would be submitted."""
        if self.competition.predicts in ("class", "number") and self.competition.submission.numeric and self.classes:
            return self.classes[int(both(self.values[row : row + 1]).argmax())]
        cells = (self.values if self.competition.predicts == "number" else self.submitted)[row].tolist()
        words = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in cells]
        return cells[0] if len(cells) == 1 else ", ".join(words)

    def score(self, name: str, some: Any = slice(None)) -> float | None:
        """Return a metric of all rows or of some, None where it is undefined."""
        return scored(self.competition, name, self.submitted[some], self.truth.iloc[some])

    def spread(self, some: NDArray[Any]) -> float:
        """Return the standard deviation of the predictions of some rows, or of the pixels of all their masks."""
        values = self.values[some]
        return float(values.values.std() if isinstance(values, SoftMasks) else values.std(axis=0).mean())

    def resampled(self, some: NDArray[Any]) -> float | None:
        """Return the metric of rows that a bootstrap drew; of masks the mean of the pictures' own scores, computed once."""
        if self.competition.predicts == "masks":
            return float(1 - self.wrong[some].mean())
        return self.score(self.competition.metric, some)

    def scores(self, some: Any = slice(None)) -> dict[str, float | None]:
        """Return the competition's metric and those reported beside it."""
        return {name: self.score(name, some) for name in names(self.competition)}


def sized(competition: Competition, rows: DataFrame) -> DataFrame:
    """Return rows of pictures with their sizes."""
    return files.with_sizes(rows, data.files_by_id(competition, rows).values())


def _masks(run: Run, folds: NDArray[Any]) -> Predictions:
    """Return the soft masks that the run's folds keep, in the order of its rows."""
    if not run.finished():
        raise RunError(
            f"{run.folder} keeps no soft masks, which lie in its folds; the command that made it writes them anew"
        )
    try:
        return oof.gather(run, folds)
    except ValueError:
        raise RunError(
            f"{run.folder / oof.FILE} lists other rows than the run's folds keep masks of; train it again"
        ) from None


def _apart(one: set[str], other: set[str]) -> float:
    return 1 - len(one & other) / max(len(one | other), 1)


def second(competition: Competition, values: NDArray[float64]) -> NDArray[float64]:
    """Return predictions (…, k), of two classes in one column of the submission the second's alone (…, 1)."""
    only = competition.predicts == "class" and values.shape[-1] == 2 and len(competition.submission.targets) == 1
    return values[..., 1:] if only else values


def names(competition: Competition) -> tuple[str, ...]:
    """Return a competition's metric and those that are reported beside it."""
    return (competition.metric, *competition.also_report)


def scored(competition: Competition, name: str, submitted: NDArray[Any], truth: DataFrame) -> float | None:
    """Return a metric of what is submitted (n, targets), None where it is undefined."""
    try:
        return score(competition, name, submitted, truth)
    except MetricError:
        return None
