"""What somebody predicts who looks at nothing but the targets: the least that a model has to be better than."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.competition import Competition
from common.decisions.classes import labels_of

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


def constant(competition: Competition, rows: DataFrame, classes: tuple[str, ...]) -> NDArray[float64]:
    """Return the same prediction for all rows (n, k): the mean of the targets, or the shares of the classes.

    The other folds' mean instead would be a little lower where a fold's is higher, and no longer a constant.

    Args:
        competition: says what is predicted: numbers, classes or labels.
        rows: n training rows, with their targets.
        classes: those of the target in the order of predictions; none: those that the submission has columns for.
    """
    import numpy as np

    shares = _shares(competition, rows, classes)
    return np.tile(shares.mean(axis=0), (len(rows), 1))


def _shares(competition: Competition, rows: DataFrame, classes: tuple[str, ...]) -> NDArray[float64]:
    """Return each row's target as numbers (n, k): itself, or 1 for its labels."""
    import numpy as np

    classes = classes or competition.submission.classes or ()
    if not classes or len(competition.targets) > 1:
        return rows[list(competition.targets)].to_numpy(float)
    place = {label: position for position, label in enumerate(classes)}
    marks = np.zeros((len(rows), len(classes)))
    for row, labels in enumerate(labels_of(competition, rows)):
        marks[row, [place[label] for label in labels if label in place]] = 1
    return marks
