"""What a metric is: a function, its direction, and what a model has to submit for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PredictionKind = Literal[
    "number", "label", "probability", "scores", "labels", "text", "distribution", "mask", "objects", "pixels"
]


@dataclass(frozen=True)
class Metric:
    """One metric.

    `function` takes `(y_true, y_pred)` as `score` prepares them, by the kind of `prediction`:

    - number: float64 (n,) each.
    - label: class codes 0..k-1 (n,) each.
    - probability: class codes (n,), and probabilities (n, k) that sum to one.
    - scores: an indicator matrix (n, k) of zeros and ones, and scores (n, k).
    - labels: for each row a tuple of texts.
    - text: a list of texts each.
    - distribution: float64 (n, k) each, whose rows sum to one.
    - mask: for each row its runs, int64 (r, 2): where each begins and where it has ended.
    - objects: for each row the runs of each of its objects.
    - pixels: for each row class numbers of any shape, 255 in the truth where a pixel does not count.

    Of numbers, labels and probabilities of several target columns, (n, k) on both sides, the score is the mean over the
    columns.

    Args:
        name: what `get` knows it by.
        function: computes it; raises a `MetricError` where it is undefined.
        greater_is_better: its direction.
        prediction: what a model has to submit for it.
        only_order: scores of the second class of two need not be probabilities: only their order counts.
        columns: further columns of the truth, (n,) each, that the function takes as arguments of these names.
        parameter: the argument of the function that may follow "@" in the name: k of map@5.
        used_by: slugs of Kaggle's competitions that use it.
        jointly: the target columns are one thing, such as latitude and longitude: the function takes (n, k).
        ordered: the labels have an order and distances: text needs `classes` that name all in that order.
    """

    name: str
    function: Callable[..., float]
    greater_is_better: bool
    prediction: PredictionKind
    only_order: bool = False
    columns: tuple[str, ...] = ()
    parameter: str = ""
    used_by: tuple[str, ...] = ()
    jointly: bool = False
    ordered: bool = False
