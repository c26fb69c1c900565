"""The metrics in one table, and `score`.

`score` checks its inputs once and raises a `MetricError` that names the mistake; the functions in `METRICS` then compute on
clean inputs. A metric that is undefined for its input never returns NaN.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import MetricError, SettingError, UnknownName
from common.metrics import classes as of_classes
from common.metrics import masks, names, numbers, prepare, rankings, texts
from common.metrics.metric import Metric

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

_ALL = (
    Metric("pearson", numbers.pearson, True, "number"),
    Metric("spearman", numbers.spearman, True, "number"),
    Metric("mse", numbers.mse, False, "number"),
    Metric("rmse", numbers.rmse, False, "number"),
    Metric("rmsle", numbers.rmsle, False, "number"),
    Metric("mae", numbers.mae, False, "number"),
    Metric("weighted_mae", numbers.weighted_mae, False, "number", columns=("weight",)),
    Metric("weighted_rmse", numbers.weighted_rmse, False, "number", columns=("weight",)),
    Metric("log_mae_by_group", numbers.log_mae_by_group, False, "number", columns=("group",)),
    Metric("median_absolute_error", numbers.median_absolute_error, False, "number"),
    Metric("mape", numbers.mape, False, "number"),
    Metric("rmspe", numbers.rmspe, False, "number"),
    Metric("smape", numbers.smape, False, "number"),
    Metric("r2", numbers.r2, True, "number"),
    Metric("gini", numbers.gini, True, "number"),
    Metric("angular_error", numbers.angular_error, False, "number", jointly=True),
    Metric("haversine", numbers.haversine, False, "number", jointly=True),
    Metric("haversine_by_group", numbers.haversine_by_group, False, "number", columns=("group",), jointly=True),
    Metric("accuracy", of_classes.accuracy, True, "label"),
    Metric("error_rate", of_classes.error_rate, False, "label"),
    Metric("balanced_accuracy", of_classes.balanced_accuracy, True, "label"),
    Metric("f1", of_classes.f1, True, "label"),
    Metric("f1_macro", of_classes.f1_macro, True, "label"),
    Metric("f1_weighted", of_classes.f1_weighted, True, "label"),
    Metric("precision", of_classes.precision, True, "label"),
    Metric("recall", of_classes.recall, True, "label"),
    Metric("fbeta", of_classes.fbeta, True, "label", parameter="beta"),
    Metric("fbeta_macro", of_classes.fbeta_macro, True, "label", parameter="beta"),
    Metric("quadratic_weighted_kappa", of_classes.quadratic_weighted_kappa, True, "label", ordered=True),
    Metric("matthews", of_classes.matthews, True, "label"),
    Metric("log_loss", of_classes.log_loss, False, "probability"),
    Metric("weighted_log_loss", of_classes.weighted_log_loss, False, "probability", columns=("weight",)),
    Metric("balanced_log_loss", of_classes.balanced_log_loss, False, "probability"),
    Metric("brier", of_classes.brier, False, "probability"),
    Metric("perplexity", of_classes.perplexity, False, "probability"),
    Metric("roc_auc", of_classes.roc_auc, True, "probability", only_order=True),
    Metric("weighted_auc", of_classes.weighted_auc, True, "probability", only_order=True),
    Metric("average_precision", of_classes.average_precision, True, "probability", only_order=True),
    Metric("probabilistic_f1", of_classes.probabilistic_f1, True, "probability"),
    Metric("roc_auc_micro", rankings.roc_auc_micro, True, "scores", only_order=True),
    Metric("average_precision_micro", rankings.average_precision_micro, True, "scores", only_order=True),
    Metric("lwlrap", rankings.lwlrap, True, "scores", only_order=True),
    Metric("map", rankings.average_precision_at_k, True, "labels", parameter="k"),
    Metric("ndcg", rankings.ndcg_at_k, True, "labels", parameter="k"),
    Metric("f1_micro", rankings.f1_micro, True, "labels"),
    Metric("f1_samples", rankings.f1_samples, True, "labels"),
    Metric("fbeta_micro", rankings.fbeta_micro, True, "labels", parameter="beta"),
    Metric("fbeta_samples", rankings.fbeta_samples, True, "labels", parameter="beta"),
    Metric("kendall_tau", rankings.kendall_tau, True, "labels"),
    Metric("sequence_error_rate", texts.sequence_error_rate, False, "labels"),
    Metric("word_jaccard", texts.word_jaccard, True, "text"),
    Metric("levenshtein", texts.levenshtein, False, "text"),
    Metric("character_error_rate", texts.character_error_rate, False, "text"),
    Metric("kl_divergence", numbers.kl_divergence, False, "distribution"),
    Metric("dice", masks.dice, True, "mask"),
    Metric("dice_global", masks.dice_global, True, "mask"),
    Metric("fbeta_pixels", masks.fbeta_pixels, True, "mask", parameter="beta"),
    Metric("iou", masks.iou, True, "mask"),
    Metric("iou_precision", masks.iou_precision, True, "mask"),
    Metric("object_precision", masks.object_precision, True, "objects"),
    Metric("pixel_accuracy", masks.pixel_accuracy, True, "pixels"),
    Metric("pixel_iou", masks.pixel_iou, True, "pixels"),
)


def _used_by() -> dict[str, tuple[str, ...]]:
    """Return the slugs of the competitions that use each metric; a kernel, which carries sources only, has none."""
    file = Path(__file__).with_name("kaggle.txt")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    facts = (line.split(": ") for line in lines if not line.startswith("#"))
    return {name: tuple(slugs.split()) for name, slugs in facts}


_USED_BY = _used_by()
METRICS: dict[str, Metric] = {each.name: replace(each, used_by=_USED_BY.get(each.name, ())) for each in _ALL}


def register(metric: Metric) -> None:
    """Add a competition's own metric to the table; its `competition.py` calls this before it names the metric.

    Raises:
        SettingError: if another metric has its name.
    """
    known = METRICS.get(metric.name)
    # Read again, as by a test or a notebook, the same file brings the same function as another object.
    if known is not None and known.function.__module__ != metric.function.__module__:
        raise SettingError(f"the name {metric.name!r} belongs to a metric of the kit; give yours another")
    METRICS[metric.name] = metric


def named(text: str) -> str | None:
    """Return the name of the metric that a text means, as people and Kaggle write them, or None.

    >>> named("qwk"), named("MAP@3"), named("Mean Columnwise Root Mean Squared Error"), named("taste")
    ('quadratic_weighted_kappa', 'map@3', 'rmse', None)
    """
    return names.find(text, METRICS)


def get(name: str) -> Metric:
    """Return a metric by name, with what stands after "@" as its parameter: map@5.

    Raises:
        UnknownName: if there is no such metric.
        SettingError: if it takes no parameter, or not this one.
    """
    if (found := name if name in METRICS else named(name)) is None:
        raise UnknownName("metric", name, [*METRICS, *names.aliases()], shown_by="kit metrics")
    bare, _, value = found.partition("@")
    metric = METRICS[bare]
    if not value:
        return metric
    if not metric.parameter:
        raise SettingError(f"the metric {bare} takes no parameter, got {name!r}")
    number = float(value)
    if number <= 0 or (metric.parameter == "k" and not value.isdecimal()):
        raise SettingError(f"{metric.parameter} of {bare} must be a {_RULES[metric.parameter]}, got {name!r}")
    bound: Any = partial(metric.function, **{metric.parameter: int(value) if metric.parameter == "k" else number})
    return replace(metric, name=found, function=bound)


_RULES = {"k": "whole number >= 1", "beta": "number > 0"}


def score(
    name: str | Metric,
    y_true: ArrayLike | Sequence[Any],
    y_pred: ArrayLike | Sequence[Any],
    *,
    classes: Sequence[Any] | None = None,
    columns: Mapping[str, ArrayLike] | None = None,
) -> float:
    """Return a metric of predictions against the truth.

    Args:
        name: A metric, or what `get` knows it by.
        y_true: Numbers or labels (text or numbers), shape (n,), or (n, k) of several target columns; else what the
            metric's kind of prediction says (see `Metric`): lists of labels, texts, masks.
        y_pred: Shape (n,) or (n, 1): numbers, labels, or probabilities of the second class. Shape (n, k):
            probabilities of each class. Where a metric takes labels, probabilities become the likeliest class
            (of two classes the second from 0.5 on). Where `y_true` has several columns, one column for each of
            them: the score is the mean over the columns.
        classes: The known labels, in the order of the columns of probabilities. By default 0..k-1 if those are
            the labels, otherwise the sorted labels of `y_true`.
        columns: Further columns of the truth, shape (n,), among them those that the metric takes.

    Raises:
        UnknownName: if there is no such metric.
        MetricError: if the metric is undefined for these values; the message says why.

    >>> score("accuracy", ["cat", "dog", "dog"], ["cat", "dog", "cat"])
    0.6666666666666666
    >>> score("roc_auc", [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    >>> score("map@3", [["cat"], ["dog"]], [["cat", "dog"], ["cat", "dog"]])
    0.75
    """
    import numpy as np

    metric = get(name) if isinstance(name, str) else name
    try:
        # For doubtful input SciPy and scikit-learn warn and return a number; here it is an error. What they and others
        # warn of while they are imported, such as a machine without shared memory, says nothing of the input.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for category in (RuntimeWarning, UserWarning):
                warnings.filterwarnings(
                    "error", category=category, module=r"(sklearn\.metrics|scipy\.stats|common\.metrics)\b"
                )
            pairs = prepare.sides(metric, y_true, y_pred, classes)
            more = prepare.further(metric, columns or {}, len(pairs[0][0]))
            value = float(np.mean([_of_column(metric, number, pairs, more) for number in range(len(pairs))]))
    except MetricError as error:
        raise MetricError(f"{metric.name}: {error}") from None
    except (RuntimeWarning, UserWarning) as warning:
        raise MetricError(f"{metric.name} is undefined here: {' '.join(str(warning).split())}") from None
    if not np.isfinite(value):
        raise MetricError(f"{metric.name} is undefined here: the values are too large or too small for float64")
    return value


def _of_column(metric: Metric, number: int, pairs: Sequence[tuple[Any, Any]], more: Mapping[str, Any]) -> float:
    try:
        return metric.function(*pairs[number], **more)
    except MetricError as error:
        raise prepare.in_column(number, error) if len(pairs) > 1 else error from None
