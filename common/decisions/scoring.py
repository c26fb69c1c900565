"""The metric of what is submitted, as the leaderboard computes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common import metrics
from common.competition import Competition
from common.decisions.classes import labels_of, ordered, spelled, split

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


def score(competition: Competition, name: str, submitted: NDArray[Any], truth: DataFrame) -> float:
    """Return a metric of what is submitted.

    Args:
        competition: says what the columns are.
        name: the metric.
        submitted: the target columns as they are written (n, targets): numbers or text.
        truth: n training rows, with the targets and the columns that the metric takes.

    Raises:
        MetricError: where it is undefined.
    """
    format, metric = competition.submission, metrics.get(name)
    classes: Any = format.classes
    known: Any
    predicted: Any
    if format.numeric:
        predicted = _squeezed(submitted.astype(float))
        if metric.prediction in ("distribution", "scores") and predicted.ndim == 2:
            classes, known = None, _marks(competition, truth)
        elif classes is not None:
            known = [label for (label,) in labels_of(competition, truth)]
            classes = spelled(classes, known)
        elif competition.predicts == "class":
            known = [label for (label,) in labels_of(competition, truth)]
            classes = ordered(set(known))
        else:
            known = _squeezed(truth[list(competition.targets)].to_numpy())
    elif format.cell.kind == "labels":
        known = labels_of(competition, truth)
        predicted = [split(cell, format.cell.separator) for cell in submitted[:, 0]]
    elif format.cell.kind == "label":
        known = [label for (label,) in labels_of(competition, truth)]
        predicted = submitted[:, 0]
        classes = ordered({*known, *predicted}) if metric.ordered else None
    else:
        known, predicted = truth[competition.targets[0]].tolist(), submitted[:, 0].tolist()
    columns = {key: truth[column].to_numpy() for key, column in competition.metric_columns.items() if column in truth}
    return metrics.score(name, known, predicted, classes=classes, columns=columns or None)


def _marks(competition: Competition, truth: DataFrame) -> NDArray[Any]:
    """Return what each target column is in truth (n, targets): as the training table has it, or 1 for the row's labels."""
    import numpy as np

    if len(competition.targets) > 1:
        return truth[list(competition.targets)].to_numpy(float)
    known = labels_of(competition, truth)
    names = spelled(competition.submission.targets, {label for labels in known for label in labels})
    return np.array([[float(name in labels) for name in names] for labels in known])


def _squeezed(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
