"""The metric of what is submitted, as the leaderboard computes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from common import metrics
from common.competition import Competition
from common.decisions.classes import in_order, labels_of, spelled, split
from common.masks import files

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
    return scorer(competition, name, truth)(submitted)


def scorer(competition: Competition, name: str, truth: DataFrame) -> Callable[[NDArray[Any]], float]:
    """Return the function that gives a metric of what is submitted for the same rows again and again; see `score`."""
    import numpy as np

    format, metric = competition.submission, metrics.get(name)
    columns = {key: truth[column].to_numpy() for key, column in competition.metric_columns.items() if column in truth}
    classes: Any = None
    known: Any
    if format.packed:
        labels, void = format.cell.labels, format.cell.void
        known = [files.read(path, labels, void) for path in truth[competition.targets[0]]]
    elif (
        format.numeric and len(format.targets) > 1
        and (competition.predicts == "labels" or metric.prediction in ("distribution", "scores"))
    ):  # fmt: skip
        known = _marks(competition, truth)
    elif format.cell.kind == "labels" and not format.numeric:
        known = labels_of(competition, truth)
    elif format.classes is not None or (competition.predicts == "class" and format.cell.kind in ("number", "label")):
        known = [label for (label,) in labels_of(competition, truth)]
        classes = spelled(format.classes, known) if format.classes else in_order(competition, set(known))
    elif format.numeric:
        known = truth[list(competition.targets)].to_numpy()
        known = _squeezed(np.repeat(known, len(format.targets), axis=1) if known.shape[1] == 1 else known)
    else:
        known = truth[competition.targets[0]].tolist()

    def measured(submitted: NDArray[Any]) -> float:
        predicted: Any = _squeezed(submitted)
        if format.numeric:
            return metrics.score(name, known, predicted.astype(float), classes=classes, columns=columns or None)
        every = classes
        if format.cell.kind == "labels":
            predicted = [split(cell, format.cell.separator) for cell in predicted]
        elif format.cell.kind == "label":
            predicted = _as_spelled(predicted, classes)
            every = in_order(competition, {*classes, *predicted}) if metric.ordered else None
        else:
            predicted = predicted.tolist()
        return metrics.score(name, known, predicted, classes=every, columns=columns or None)

    return measured


def _as_spelled(labels: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return labels as the training rows spell them."""
    labels = list(labels)
    different = sorted(set(labels))
    spelling = dict(zip(different, spelled(different, known), strict=True))
    return [spelling[label] for label in labels]


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
