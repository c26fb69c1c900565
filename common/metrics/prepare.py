"""What `score` hands to a metric's function: both sides as its kind of prediction wants them, and further columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.metrics import cells, inputs
from common.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]


def sides(metric: Metric, y_true: Any, y_pred: Any, classes: Sequence[Any] | None) -> list[tuple[Any, Any]]:
    """Return truth and prediction, checked: one pair, or one for each of several target columns."""
    kind = metric.prediction
    if kind in ("labels", "text", "mask", "objects", "pixels"):
        return [cells.pairs(kind, y_true, y_pred)]
    truth, prediction = inputs.squeezed(y_true, "y_true"), inputs.squeezed(y_pred, "y_pred")
    several = truth.ndim == prediction.ndim == 2
    whole = metric.jointly or kind in ("scores", "distribution")
    if not (whole or (several and (classes is None or kind == "label"))):
        truth, several = inputs.column(truth, "y_true"), False
    if len(truth) != len(prediction):
        raise MetricError(f"y_true has {len(truth)} rows but y_pred has {len(prediction)}")
    if (whole or several) and truth.shape != prediction.shape:
        raise MetricError(f"y_true has shape {truth.shape} but y_pred has {prediction.shape}")
    if kind == "scores":
        return [inputs.scores(truth, prediction)]
    if kind == "distribution":
        return [(inputs.distribution(truth, "y_true"), inputs.distribution(prediction, "y_pred"))]
    if metric.jointly:
        return [(inputs.as_float(truth, "y_true"), inputs.as_float(prediction, "y_pred"))]
    if not several:
        return [_one(metric, truth, prediction, classes)]
    pairs = []
    for number in range(truth.shape[1]):
        try:
            column = inputs.column(truth[:, number], "y_true")
            pairs.append(_one(metric, column, inputs.squeezed(prediction[:, number], "y_pred"), classes))
        except MetricError as error:
            raise in_column(number, error) from None
    return pairs


def in_column(number: int, error: MetricError) -> MetricError:
    """Return a mistake in one of several target columns."""
    return MetricError(f"in target column {number}: {error}")


def _one(metric: Metric, truth: Array, prediction: Array, classes: Sequence[Any] | None) -> tuple[Array, Array]:
    if metric.prediction == "number":
        return inputs.as_float(truth, "y_true"), inputs.as_float(inputs.column(prediction, "y_pred"), "y_pred")
    if metric.prediction == "label":
        return (inputs.ordered if metric.ordered else inputs.labels)(truth, prediction, classes)
    return inputs.probabilities(truth, prediction, classes, bounded=not metric.only_order or prediction.ndim == 2)


def further(metric: Metric, columns: Mapping[str, ArrayLike], rows: int) -> dict[str, Array]:
    """Return the further columns of the truth that a metric takes, (n,) each."""
    found = {}
    for name in metric.columns:
        if name not in columns:
            raise MetricError(f"needs the column {name!r} of the truth; got {', '.join(columns) or 'none'}")
        found[name] = inputs.column(columns[name], name)
        if len(found[name]) != rows:
            raise MetricError(f"y_true has {rows} rows but {name} has {len(found[name])}")
    return found
