"""Metrics of several labels a row: lists of labels, whose order may count, and scores of every label."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Callable, Sequence
from itertools import starmap
from math import log2
from typing import TYPE_CHECKING, Any

from common.errors import MetricError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Labels = Sequence[tuple[str, ...]]


# The first k ---------------------------------------------------------------------------------------------------------


def average_precision_at_k(y_true: Labels, y_pred: Labels, *, k: int = 5) -> float:
    """Mean over the rows of Σ (precision at each hit among the first k) / min(number of true labels, k).

    A label counts at its first place; copies of it are misses that keep theirs. A row without true labels counts 0.
    """

    def row(true: set[str], predicted: list[str | None]) -> float:
        hits = total = 0.0
        for place, label in enumerate(predicted, 1):
            if label in true:
                hits += 1
                total += hits / place
        return total / min(len(true), k)

    return _first(row, y_true, y_pred, k)


def ndcg_at_k(y_true: Labels, y_pred: Labels, *, k: int = 5) -> float:
    """Mean over the rows of Σ 1/log2(1 + place of a hit among the first k), divided by the best that is possible.

    A label is relevant or not (Järvelin and Kekäläinen 2002 with gains of one). Copies and rows without true labels
    count as in map.
    """
    gain = [1 / log2(place + 1) for place in range(1, k + 1)]
    ideal = [sum(gain[:hits]) for hits in range(k + 1)]

    def row(true: set[str], predicted: list[str | None]) -> float:
        total = sum(at for at, label in zip(gain, predicted, strict=False) if label in true)
        return total / ideal[min(len(true), k)]

    return _first(row, y_true, y_pred, k)


def _first(row: Callable[[set[str], list[str | None]], float], y_true: Labels, y_pred: Labels, k: int) -> float:
    """Return the mean over the rows; of the first k labels predicted, copies of earlier ones are blank."""
    total = 0.0
    for true, predicted in zip(y_true, y_pred, strict=True):
        first: list[str | None] = list(predicted[:k])
        if len(set(first)) < len(first):
            first = [label if label not in first[:at] else None for at, label in enumerate(first)]
        if true:
            total += row(set(true), first)
    return total / len(y_true)


# Sets ----------------------------------------------------------------------------------------------------------------


def fbeta_micro(y_true: Labels, y_pred: Labels, *, beta: float = 1.0) -> float:
    """F-beta of all rows' labels counted together; a predicted label that the truth never has is a false positive."""
    both, true, predicted = (
        sum(count) for count in zip(*starmap(_sizes, zip(y_true, y_pred, strict=True)), strict=True)
    )
    if not (true or predicted):
        raise MetricError("no row has a label, true or predicted, so that precision and recall are 0/0")
    return _fbeta(both, true, predicted, beta)


def fbeta_samples(y_true: Labels, y_pred: Labels, *, beta: float = 1.0) -> float:
    """Mean of the rows' F-beta; 1 where a row has no label and none is predicted."""
    values = [_fbeta(*_sizes(true, predicted), beta) for true, predicted in zip(y_true, y_pred, strict=True)]
    return sum(values) / len(values)


def f1_micro(y_true: Labels, y_pred: Labels) -> float:
    """F1 of all rows' labels counted together; a predicted label that the truth never has is a false positive."""
    return fbeta_micro(y_true, y_pred)


def f1_samples(y_true: Labels, y_pred: Labels) -> float:
    """Mean of the rows' F1; 1 where a row has no label and none is predicted."""
    return fbeta_samples(y_true, y_pred)


def _sizes(true: tuple[str, ...], predicted: tuple[str, ...]) -> tuple[int, int, int]:
    a, b = set(true), set(predicted)
    return len(a & b), len(a), len(b)


def _fbeta(both: int, true: int, predicted: int, beta: float) -> float:
    return (1 + beta**2) * both / (beta**2 * true + predicted) if true or predicted else 1.0


# Orders --------------------------------------------------------------------------------------------------------------


def kendall_tau(y_true: Labels, y_pred: Labels) -> float:
    """1 - 4 Σ inversions / Σ n(n - 1) over all rows together; a row's lists hold the same n labels in two orders."""
    inversions = pairs = 0
    for row, (true, predicted) in enumerate(zip(y_true, y_pred, strict=True)):
        place = {label: number for number, label in enumerate(true)}
        if len(place) < len(true):
            raise MetricError(f"y_true holds a label twice in row {row}; an order has each once")
        if len(true) != len(predicted) or place.keys() != set(predicted):
            raise MetricError(
                f"y_pred must hold the labels of y_true, each once, in another order; not so in row {row}"
            )
        before: list[int] = []
        for number, label in enumerate(predicted):
            inversions += number - bisect(before, place[label])
            insort(before, place[label])
        pairs += len(true) * (len(true) - 1)
    if not pairs:
        raise MetricError("no row has two labels, so that there is no order")
    return 1 - 4 * inversions / pairs


# Scores of every label -----------------------------------------------------------------------------------------------


def lwlrap(y_true: Array, y_pred: Array) -> float:
    """Mean over all true labels of the share of true labels among those that the row scores at least as high.

    Label-weighted label-ranking average precision; a row without labels has no weight.
    """
    import numpy as np

    if not y_true.any():
        raise MetricError("no row of y_true has a label")
    order = np.argsort(-y_pred, axis=1)
    scores, true = (np.take_along_axis(side, order, axis=1) for side in (y_pred, y_true))
    places = np.arange(scores.shape[1])
    ends = np.append(scores[:, 1:] < scores[:, :-1], np.ones((len(scores), 1), bool), axis=1)  # of labels that are tied
    last = np.minimum.accumulate(np.where(ends, places, places[-1])[:, ::-1], axis=1)[:, ::-1]
    share = np.take_along_axis(np.cumsum(true, axis=1), last, axis=1) / (last + 1)
    return float((share * true).sum() / true.sum())


def roc_auc_micro(y_true: Array, y_pred: Array) -> float:
    """Area under the ROC curve of all cells taken together; the mean over the columns is roc_auc."""
    return _pooled("roc_auc_score", y_true, y_pred)


def average_precision_micro(y_true: Array, y_pred: Array) -> float:
    """Average precision of all cells taken together; the mean over the columns is average_precision."""
    return _pooled("average_precision_score", y_true, y_pred)


def _pooled(name: str, y_true: Array, y_pred: Array) -> float:
    from sklearn import metrics

    if not 0 < y_true.sum() < y_true.size:
        raise MetricError("y_true must have both zeros and ones")
    return float(getattr(metrics, name)(y_true.ravel(), y_pred.ravel()))
