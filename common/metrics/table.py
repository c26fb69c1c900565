"""The metrics in one table.

`score` checks its inputs once and raises a `MetricError` that names the mistake; the functions in `METRICS` then compute on
clean inputs. A metric that is undefined for its input never returns NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from common.errors import MetricError, UnknownName
from common.metrics import inputs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

PredictionKind = Literal["number", "label", "probability"]


@dataclass(frozen=True)
class Metric:
    """One metric.

    `function` takes `(y_true, y_pred)` as `score` prepares them: float64 arrays of shape (n,) for numbers; class codes
    0..k-1 of shape (n,) for labels; class codes and probabilities of shape (n, k) for probabilities. `prediction` is what a
    model has to predict for it. `only_order` says that scores of the second class of two need not be probabilities: only
    their order counts. `ordered` says that classes are ordered, and near misses count for more than others.
    """

    name: str
    function: Callable[[Array, Array], float]
    greater_is_better: bool
    prediction: PredictionKind
    only_order: bool = False
    ordered: bool = False


def get(name: str) -> Metric:
    """Return a metric by name.

    Raises:
        UnknownName: if there is no such metric.
    """
    if name not in METRICS:
        raise UnknownName("metric", name, METRICS)
    return METRICS[name]


def score(
    name: str, y_true: ArrayLike, y_pred: ArrayLike, *, classes: Sequence[Any] | None = None, columns: Any = None
) -> float:
    """Return a metric of predictions against the truth.

    Args:
        name: A key of `METRICS`.
        y_true: Numbers or labels (text or numbers), shape (n,).
        y_pred: Shape (n,) or (n, 1): numbers, labels, or probabilities of the second class. Shape (n, k):
            probabilities of each class. Where a metric takes labels, probabilities become the likeliest class
            (of two classes the second from 0.5 on).
        classes: The known labels, in the order of the columns of probabilities. By default 0..k-1 if those are
            the labels, otherwise the sorted labels of `y_true`.

    Raises:
        UnknownName: if there is no such metric.
        MetricError: if the metric is undefined for these values; the message says why.

    >>> score("accuracy", ["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666
    >>> score("roc_auc", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    import numpy as np

    metric = get(name)
    try:
        truth, prediction = inputs.column(y_true, "y_true"), inputs.squeezed(y_pred, "y_pred")
        if len(truth) != len(prediction):
            raise MetricError(f"y_true has {len(truth)} rows but y_pred has {len(prediction)}")
        # For doubtful input SciPy and scikit-learn warn and return a number; here it is an error. What they and others
        # warn of while they are imported, such as a machine without shared memory, says nothing of the input.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for category in (RuntimeWarning, UserWarning):
                warnings.filterwarnings(
                    "error", category=category, module=r"(sklearn\.metrics|scipy\.stats|common\.metrics)\b"
                )
            value = metric.function(*_prepared(metric, truth, prediction, classes))
    except MetricError as error:
        raise MetricError(f"{name}: {error}") from None
    except (RuntimeWarning, UserWarning) as warning:
        raise MetricError(f"{name} is undefined here: {' '.join(str(warning).split())}") from None
    if not np.isfinite(value):
        raise MetricError(f"{name} is undefined here: the values are too large or too small for float64")
    return value


def _prepared(metric: Metric, truth: Array, prediction: Array, classes: Sequence[Any] | None) -> tuple[Array, Array]:
    if metric.prediction == "number":
        return inputs.as_float(truth, "y_true"), inputs.as_float(inputs.column(prediction, "y_pred"), "y_pred")
    if metric.prediction == "label":
        return inputs.labels(truth, prediction, classes)
    return inputs.probabilities(truth, prediction, classes, bounded=not metric.only_order or prediction.ndim == 2)


# Functions -----------------------------------------------------------------------------------------------------------


def _varied(y_true: Array, y_pred: Array) -> None:
    """Refuse constant input: a correlation divides by the spread of both sides."""
    for what, values in (("y_true", y_true), ("y_pred", y_pred)):
        if (values == values[0]).all():
            raise MetricError(f"{what} is constant ({values[0]:g}); a correlation is undefined")


def _pearson(y_true: Array, y_pred: Array) -> float:
    from scipy.stats import pearsonr

    _varied(y_true, y_pred)
    return float(pearsonr(y_true, y_pred).statistic)


def _spearman(y_true: Array, y_pred: Array) -> float:
    from scipy.stats import spearmanr

    _varied(y_true, y_pred)
    return float(spearmanr(y_true, y_pred).statistic)


def _mse(y_true: Array, y_pred: Array) -> float:
    from sklearn.metrics import mean_squared_error

    return float(mean_squared_error(y_true, y_pred))


def _rmse(y_true: Array, y_pred: Array) -> float:
    return float(_mse(y_true, y_pred) ** 0.5)


def _mae(y_true: Array, y_pred: Array) -> float:
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(y_true, y_pred))


def _accuracy(y_true: Array, y_pred: Array) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(y_true, y_pred))


def _error_rate(y_true: Array, y_pred: Array) -> float:
    return 1 - _accuracy(y_true, y_pred)


def _f1(y_true: Array, y_pred: Array) -> float:
    """Of two classes the F1 of the second; of more the mean over the classes in truth or prediction (macro)."""
    from sklearn.metrics import f1_score

    if max(y_true.max(), y_pred.max()) > 1:
        return float(f1_score(y_true, y_pred, average="macro"))
    if not (y_true.any() or y_pred.any()):
        raise MetricError("the second class is neither in y_true nor predicted, so that precision and recall are 0/0")
    return float(f1_score(y_true, y_pred))


def _log_loss(y_true: Array, y_pred: Array) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(y_true, y_pred, labels=list(range(y_pred.shape[1]))))


def _perplexity(y_true: Array, y_pred: Array) -> float:
    """Exponential of the mean cross-entropy (Jelinek et al. 1977)."""
    from math import exp

    return exp(_log_loss(y_true, y_pred))


def _roc_auc(y_true: Array, y_pred: Array) -> float:
    """Of two classes the area for the second; of more the mean of each class against the rest (macro).

    By ranks (Hanley and McNeil 1982), which takes one sort a class; ties count one half.
    """
    import numpy as np
    from scipy.stats import rankdata

    rows = np.bincount(y_true, minlength=y_pred.shape[1])
    if not rows.all():
        raise MetricError(f"y_true must have rows of all {len(rows)} classes, got {np.count_nonzero(rows)} of them")
    areas = []
    for label in range(len(rows)) if len(rows) > 2 else [1]:
        inside = int(rows[label])
        ranks = rankdata(y_pred[:, label])[y_true == label].sum()
        areas.append((ranks - inside * (inside + 1) / 2) / (inside * (len(y_true) - inside)))
    return float(np.mean(areas))


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("pearson", _pearson, True, "number"),
        Metric("spearman", _spearman, True, "number"),
        Metric("mse", _mse, False, "number"),
        Metric("rmse", _rmse, False, "number"),
        Metric("mae", _mae, False, "number"),
        Metric("accuracy", _accuracy, True, "label"),
        Metric("error_rate", _error_rate, False, "label"),
        Metric("f1", _f1, True, "label"),
        Metric("log_loss", _log_loss, False, "probability"),
        Metric("roc_auc", _roc_auc, True, "probability", only_order=True),
        Metric("perplexity", _perplexity, False, "probability"),
    )
}
