"""Metrics of classes: codes 0..k-1 of shape (n,) against codes, or against probabilities of shape (n, k)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.metrics.inputs import weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


# Labels --------------------------------------------------------------------------------------------------------------


def accuracy(y_true: Array, y_pred: Array) -> float:
    """Share of the rows whose label is right; micro F1 of one label a row is the same."""
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(y_true, y_pred))


def error_rate(y_true: Array, y_pred: Array) -> float:
    """Share of the rows whose label is wrong."""
    return 1 - accuracy(y_true, y_pred)


def balanced_accuracy(y_true: Array, y_pred: Array) -> float:
    """Mean over the classes of the truth of the share that is found."""
    import numpy as np
    from sklearn.metrics import recall_score

    return float(recall_score(y_true, y_pred, labels=np.unique(y_true), average="macro"))


def fbeta(y_true: Array, y_pred: Array, *, beta: float = 1.0) -> float:
    """F-beta of the second of two classes; of more the mean over the classes in truth or prediction (macro).

    (1 + β²) precision · recall / (β² precision + recall): recall counts β times as much (van Rijsbergen 1979).
    """
    from sklearn.metrics import fbeta_score

    if max(y_true.max(), y_pred.max()) > 1:
        return fbeta_macro(y_true, y_pred, beta=beta)
    if not (y_true.any() or y_pred.any()):
        raise MetricError("the second class is neither in y_true nor predicted, so that precision and recall are 0/0")
    return float(fbeta_score(y_true, y_pred, beta=beta, zero_division=0))


def fbeta_macro(y_true: Array, y_pred: Array, *, beta: float = 1.0) -> float:
    """Mean of the F-beta of each class in truth or prediction, of two classes as well."""
    from sklearn.metrics import fbeta_score

    return float(fbeta_score(y_true, y_pred, beta=beta, average="macro", zero_division=0))


def f1(y_true: Array, y_pred: Array) -> float:
    """F1 of the second of two classes; of more the mean over the classes in truth or prediction (macro)."""
    return fbeta(y_true, y_pred)


def f1_macro(y_true: Array, y_pred: Array) -> float:
    """Mean of the F1 of each class in truth or prediction, of two classes as well."""
    return fbeta_macro(y_true, y_pred)


def f1_weighted(y_true: Array, y_pred: Array) -> float:
    """Mean of the F1 of each class, weighted by its rows in truth."""
    from sklearn.metrics import f1_score

    return float(f1_score(y_true, y_pred, average="weighted", zero_division=0))


def precision(y_true: Array, y_pred: Array) -> float:
    """Share of what is predicted to be of the second class that is; of more classes the mean over them; 0 where there is none."""
    from sklearn.metrics import precision_score

    return float(
        precision_score(
            y_true, y_pred, average="macro" if max(y_true.max(), y_pred.max()) > 1 else "binary", zero_division=0
        )
    )


def recall(y_true: Array, y_pred: Array) -> float:
    """Share of the second class that is found; of more classes the mean over those in truth."""
    if max(y_true.max(), y_pred.max()) > 1:
        return balanced_accuracy(y_true, y_pred)
    if not y_true.any():
        raise MetricError("the second class is not in y_true, so that recall is 0/0")
    return float(y_pred[y_true == 1].mean())


def quadratic_weighted_kappa(y_true: Array, y_pred: Array) -> float:
    """Agreement beyond chance, a disagreement weighing the square of its distance (Cohen 1968).

    Distances are those of all known labels: whole numbers by value, others by their place among `classes`.
    """
    import numpy as np
    from sklearn.metrics import cohen_kappa_score

    labels = np.arange(max(y_true.max(), y_pred.max()) + 1)  # absent classes beyond the last change nothing
    if (y_true == y_true[0]).all() and (y_pred == y_true[0]).all():
        raise MetricError("y_true and y_pred are one and the same label throughout; agreement by chance is certain")
    return float(cohen_kappa_score(y_true, y_pred, labels=labels, weights="quadratic"))


def matthews(y_true: Array, y_pred: Array) -> float:
    """Matthews' correlation of labels (Matthews 1975; of more than two classes Gorodkin 2004).

    0 where either side is constant, as scikit-learn and Kaggle have it.
    """
    from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(y_true, y_pred))


# Probabilities -------------------------------------------------------------------------------------------------------


def log_loss(y_true: Array, y_pred: Array) -> float:
    """Mean of -ln(probability of the true class)."""
    from sklearn.metrics import log_loss

    return float(log_loss(y_true, y_pred, labels=list(range(y_pred.shape[1]))))


def brier(y_true: Array, y_pred: Array) -> float:
    """Mean squared error of the second of two classes' probability; of more the sum over the classes (Brier 1950)."""
    import numpy as np

    squares = (y_pred - np.eye(y_pred.shape[1])[y_true]) ** 2
    return float(squares.sum(axis=1).mean() / (2 if y_pred.shape[1] == 2 else 1))


def perplexity(y_true: Array, y_pred: Array) -> float:
    """Exponential of the mean cross-entropy (Jelinek et al. 1977)."""
    from math import exp

    return exp(log_loss(y_true, y_pred))


def weighted_log_loss(y_true: Array, y_pred: Array, *, weight: Array) -> float:
    """Mean of -ln(probability of the true class) weighted by `weight`."""
    from sklearn.metrics import log_loss

    return float(log_loss(y_true, y_pred, labels=list(range(y_pred.shape[1])), sample_weight=weights(weight)))


def balanced_log_loss(y_true: Array, y_pred: Array) -> float:
    """Log loss in which every class counts as much as any other, however many rows it has."""
    return weighted_log_loss(y_true, y_pred, weight=1 / _rows(y_true, y_pred)[y_true])


def roc_auc(y_true: Array, y_pred: Array) -> float:
    """Area under the ROC curve of the second of two classes; of more the mean of each against the rest (macro).

    By ranks (Hanley and McNeil 1982), which takes one sort a class; ties count one half.
    """
    from scipy.stats import rankdata

    rows = _rows(y_true, y_pred)

    def area(label: int) -> float:
        inside = int(rows[label])
        ranks = rankdata(y_pred[:, label])[y_true == label].sum()
        return float((ranks - inside * (inside + 1) / 2) / (inside * (len(y_true) - inside)))

    return _against_the_rest(area, len(rows))


def average_precision(y_true: Array, y_pred: Array) -> float:
    """Σ (gain in recall) · precision, of the second of two classes; of more the mean of each against the rest (macro)."""
    from sklearn.metrics import average_precision_score

    rows = _rows(y_true, y_pred)
    return _against_the_rest(lambda label: float(average_precision_score(y_true == label, y_pred[:, label])), len(rows))


def weighted_auc(y_true: Array, y_pred: Array) -> float:
    """Area under the ROC curve whose part below a true positive rate of 0.4 counts twice, divided by 1.4."""
    import numpy as np
    from sklearn.metrics import auc, roc_curve

    _two_classes(y_pred)
    _rows(y_true, y_pred)
    false, true, _ = roc_curve(y_true, y_pred[:, 1])
    at = int(np.searchsorted(true, 0.4))  # the curve crosses 0.4 before this point, which is never the first
    crossing = np.interp(0.4, true[at - 1 : at + 1], false[at - 1 : at + 1])
    false, true = np.insert(false, at, crossing), np.insert(true, at, 0.4)
    return float((auc(false, true) + auc(false, np.minimum(true, 0.4))) / 1.4)


def probabilistic_f1(y_true: Array, y_pred: Array) -> float:
    """F1 whose true and false positives are sums of the second class's probability (Yacouby and Axman 2020).

    0 if no positive has any probability.
    """
    _two_classes(y_pred)
    positives = int(y_true.sum())
    if not positives:
        raise MetricError("the second class is not in y_true, so that recall is 0/0")
    found, claimed = float(y_pred[y_true == 1, 1].sum()), float(y_pred[:, 1].sum())
    return 2 * found / (claimed + positives)


def _rows(y_true: Array, y_pred: Array) -> Array:
    """Return the number of rows of each class (k,), none of them zero."""
    import numpy as np

    rows = np.bincount(y_true, minlength=y_pred.shape[1])
    if not rows.all():
        raise MetricError(f"y_true must have rows of all {len(rows)} classes, got {np.count_nonzero(rows)} of them")
    return rows


def _two_classes(y_pred: Array) -> None:
    if y_pred.shape[1] != 2:
        raise MetricError(f"defined for two classes, got {y_pred.shape[1]}")


def _against_the_rest(area: Callable[[int], float], classes: int) -> float:
    values = [area(label) for label in (range(classes) if classes > 2 else [1])]
    return sum(values) / len(values)
