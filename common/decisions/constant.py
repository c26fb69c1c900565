"""What somebody predicts who looks at nothing but the targets: the least that a model has to be better than."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.competition import Competition
from common.decisions.classes import labels_of

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


def constant(
    competition: Competition, rows: DataFrame, folds: NDArray[Any], classes: tuple[str, ...]
) -> NDArray[float64]:
    """Return predictions (n, k) of training rows: for each fold the mean of the other rows' targets, or the shares of classes.

    Args:
        competition: says what is predicted: numbers, classes or labels.
        rows: n training rows, with their targets.
        folds: the fold of each row (n,).
        classes: those of the target in the order of predictions.
    """
    import numpy as np

    shares = _shares(competition, rows, classes)
    predictions = np.empty_like(shares)
    for fold in np.unique(folds):
        others = folds != fold
        predictions[~others] = shares[others if others.any() else ~others].mean(axis=0)
    return predictions


def _shares(competition: Competition, rows: DataFrame, classes: tuple[str, ...]) -> NDArray[float64]:
    """Return each row's target as numbers (n, k): itself, or 1 for its labels."""
    import numpy as np

    if competition.predicts == "number" or len(competition.targets) > 1:
        return rows[list(competition.targets)].to_numpy(float)
    place = {label: position for position, label in enumerate(classes)}
    marks = np.zeros((len(rows), len(classes)))
    for row, labels in enumerate(labels_of(competition, rows)):
        marks[row, [place[label] for label in labels if label in place]] = 1
    return marks
