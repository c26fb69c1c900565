"""What models of tables learn, and how what they say becomes a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from common import metrics
from common.errors import KitError
from common.model import Context
from common.tabular.task import TabularTask
from common.wording import rounded

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

Kind = Literal["numbers", "positions", "classes", "marks"]

MARGIN = 0.05  # of the range of the training rows, by which a number may lie outside
LEAST = 1e-6  # probability that is given at least
SIGNALS = 10  # outputs by which a category is described at most


@dataclass(frozen=True, kw_only=True)
class Goal:
    """The outputs that models fit.

    numbers: one for each target, in units of its spread; `log` of targets whose metric compares ratios; with `absolute`
        the median is looked for instead of the mean.
    positions: of ordered classes, as one such number.
    classes: one of k; of two the second's probability is predicted.
    marks: each 0 or 1 for itself.

    `means`, `spreads`, `lows` and `highs` are of the training rows; `whole` says that the numbers of a row are fractions of
    a whole.
    """

    kind: Kind
    width: int
    absolute: bool = False
    log: bool = False
    whole: bool = False
    means: tuple[float, ...] = ()
    spreads: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()

    @classmethod
    def of(cls, task: TabularTask, frame: DataFrame) -> Self:
        """Return the goal of a task, whose classes are known, on training rows."""
        import numpy as np

        metric = _known(task.metric)
        if (task.predicts == "class" and len(task.targets) == 1) or (task.classes and task.predicts == "number"):
            if len(task.classes) > 2 and metric is not None and metric.ordered:
                return cls(kind="positions", width=1)._scaled(_codes(task, frame))
            return cls(kind="classes", width=len(task.classes))
        numbers = _values(task, frame)
        marks, whole = (
            bool(np.isin(numbers, (0, 1)).all()),
            numbers.shape[1] > 1 and np.allclose(numbers.sum(axis=1), 1),
        )
        if task.predicts == "class" or task.probability or task.predicts == "labels":
            if marks:
                return cls(kind="classes" if whole and task.predicts != "labels" else "marks", width=numbers.shape[1])
            return cls(kind="numbers", width=numbers.shape[1], whole=bool(whole))._scaled(numbers)
        words = task.metric.lower()
        log = bool((numbers >= 0).all()) and any(word in words for word in ("msle", "mape", "mspe", "log"))
        absolute = any(word in words for word in ("mae", "absolute", "mape"))
        return cls(kind="numbers", width=numbers.shape[1], log=log, absolute=absolute)._scaled(numbers)

    @property
    def classifies(self) -> bool:
        """Whether its outputs are probabilities of classes."""
        return self.kind in ("classes", "marks")

    def encode(self, task: TabularTask, frame: DataFrame) -> NDArray[Any]:
        """Return what is fitted: numbers or marks (n, width), or codes of classes (n, 1)."""
        import numpy as np

        if self.kind == "classes":
            several = len(task.targets) > 1
            codes: Any = _values(task, frame).argmax(axis=1) if several else task.codes(frame)
            return np.asarray(codes[:, None])
        if self.kind == "marks":
            return _values(task, frame).astype(np.intp)
        numbers = _codes(task, frame) if self.kind == "positions" else _values(task, frame)
        return self._moved(numbers)

    def signals(self, targets: NDArray[Any]) -> NDArray[float64]:
        """Return by what a category is described (n, signals): outputs, of many classes the most frequent ones."""
        import numpy as np

        if self.kind != "classes":
            return targets[:, :SIGNALS].astype(float)
        if self.width == 2:
            return np.asarray(targets == 1, float)
        frequent = np.argsort(-np.bincount(targets[:, 0], minlength=self.width), kind="stable")[:SIGNALS]
        return np.asarray(targets == np.sort(frequent), float)

    def loss(self, targets: NDArray[Any], outputs: NDArray[float64]) -> float:
        """Return the mean loss of outputs (n, width), which the models make small."""
        import numpy as np

        if self.kind == "classes":
            likely = np.take_along_axis(outputs, targets, axis=1)
            return float(-np.log(likely.clip(LEAST, 1)).mean())
        if self.kind == "marks":
            likely = np.where(targets == 1, outputs, 1 - outputs)
            return float(-np.log(likely.clip(LEAST, 1)).mean())
        wrong = np.abs(outputs - targets)
        return float(wrong.mean() if self.absolute else (wrong**2).mean() ** 0.5)

    def nothing(self, targets: NDArray[Any], rows: int) -> NDArray[float64]:
        """Return what is said of rows without looking at them: shares of classes, mean or median (rows, width)."""
        import numpy as np

        if self.kind == "classes":
            said = np.bincount(targets[:, 0], minlength=self.width) / len(targets)
        else:
            said = np.median(targets, axis=0) if self.absolute else targets.mean(axis=0)
        return np.tile(said, (rows, 1))

    def predictions(self, outputs: NDArray[float64]) -> NDArray[float64]:
        """Return predictions for outputs (n, width): (n,) or (n, columns)."""
        import numpy as np

        if self.classifies:
            outputs = outputs.clip(LEAST, 1 - LEAST)
            if self.kind == "classes":
                outputs = outputs / outputs.sum(axis=1, keepdims=True)
                return outputs[:, 1] if self.width == 2 else outputs
        else:
            outputs = (outputs * np.array(self.spreads) + np.array(self.means)).clip(self.lows, self.highs)
            if self.log:
                outputs = np.expm1(outputs)
            if self.whole:
                outputs = outputs.clip(min=LEAST)
                outputs = outputs / outputs.sum(axis=1, keepdims=True)
        return outputs[:, 0] if self.width == 1 and self.kind != "positions" else outputs

    def reach(self) -> tuple[float, float]:
        """Return the lowest and the highest number that an output may be."""
        import numpy as np

        bounds = [(np.array(each) - self.means) / self.spreads for each in (self.lows, self.highs)]
        return float(bounds[0].min()), float(bounds[1].max())

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the goal that `dataclasses.asdict` gave, as read back from JSON."""
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
        }
        return cls(**fields)

    def _moved(self, numbers: NDArray[float64]) -> NDArray[float64]:
        import numpy as np

        numbers = np.log1p(numbers) if self.log else numbers
        return np.asarray((numbers - np.array(self.means)) / np.array(self.spreads))

    def _scaled(self, numbers: NDArray[float64]) -> Self:
        import numpy as np

        least = numbers.min(axis=0)
        numbers = np.log1p(numbers) if self.log else numbers
        lows, highs = numbers.min(axis=0), numbers.max(axis=0)
        margin = MARGIN * (highs - lows)
        spreads = numbers.std(axis=0)
        # What has never been negative stays so.
        below = np.where(least >= 0, np.maximum(lows - margin, 0), lows - margin)
        return replace(
            self, means=tuple(numbers.mean(axis=0).tolist()), lows=tuple(below.tolist()),
            spreads=tuple(np.where(spreads > 0, spreads, 1).tolist()), highs=tuple((highs + margin).tolist()),
        )  # fmt: skip


def compared(
    task: TabularTask, goal: Goal, train: DataFrame, valid: DataFrame, outputs: NDArray[float64], context: Context
) -> dict[str, Any]:
    """Say how much better rows are predicted than by somebody who looks at nothing; return that as notes.

    What is said is the metric, where it takes predictions as they are, or else the loss.
    """
    if not len(valid):
        return {}
    targets = goal.encode(task, valid)
    both = (outputs, goal.nothing(goal.encode(task, train), len(valid)))
    name, pair = task.metric, [_measured(task, valid, goal.predictions(each)) for each in both]
    if None in pair:
        name, pair = "loss", [goal.loss(targets, each) for each in both]
    reference = "the shares of the classes" if goal.classifies else "the median" if goal.absolute else "the mean"
    context.progress.say(f"{context.title}: {name} {rounded(pair[0])}; {rounded(pair[1])} by {reference} alone")
    return {"nothing": {name: pair[1]}}


def _measured(task: TabularTask, frame: DataFrame, predictions: NDArray[float64]) -> float | None:
    """Return the metric of predictions for rows whose answers are known, or None where it takes more than them."""
    if len(task.targets) > 1 or task.predicts == "labels":
        return None
    truth = _codes(task, frame)[:, 0].astype(int) if task.classes else frame[task.targets[0]]
    try:
        return metrics.score(
            task.metric, truth, predictions, classes=range(len(task.classes)) if task.classes else None
        )
    except KitError:
        return None


def _known(name: str) -> Any:
    try:
        return metrics.get(name)
    except KitError:
        return None


def _codes(task: TabularTask, frame: DataFrame) -> NDArray[float64]:
    return task.codes(frame)[:, None].astype(float)


def _values(task: TabularTask, frame: DataFrame) -> NDArray[float64]:
    """Return the numbers of all targets, or the marks of all labels (n, targets)."""
    import numpy as np

    if task.predicts == "class":
        return frame[list(task.targets)].to_numpy(np.float64)
    return task.matrix(frame)
