"""How well a model tells two sides of rows apart: adversarial validation, column by column, on features of any column."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.competition import Split
from common.data.zipped import size_of
from common.errors import DataError
from common.splits import groups_of

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

_CODES = 200  # values of a category; of more, how often each occurs


def features_of(values: Series[Any], every: Series[Any]) -> NDArray[float64]:
    """Return a column as numbers (n, features): itself, a code, how often it occurs, or what a text looks like.

    Args:
        values: of some rows.
        every: of all rows, which say how often a value occurs.
    """
    import numpy as np
    import pandas as pd
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(values):
        return pd.to_numeric(values).to_numpy(float)[:, None]
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        return values.to_numpy(float)[:, None]
    words = values.astype(str)
    # Sorted: in the order of rows, which is train before test, codes would tell the sides.
    codes, known = pd.factorize(words, sort=True)
    often = words.map(every.astype(str).value_counts()).to_numpy(float)
    if len(known) <= _CODES:
        return np.column_stack([codes.astype(float), often])
    lengths = words.str.len().to_numpy(float)
    looks: list[NDArray[Any]] = [lengths, words.str.count(" ").to_numpy(float), often]
    looks += [words.str.count(kind).to_numpy(float) / np.maximum(lengths, 1) for kind in (r"\d", r"[A-Z]", r"[^\w\s]")]
    for first_or_last in (r"(\d+)", r"(\d+)\D*$"):
        looks.append(pd.to_numeric(words.str.extract(first_or_last)[0], errors="coerce").to_numpy(float))
    return np.column_stack(looks)


def sizes_of(paths: Series[str]) -> NDArray[float64]:
    """Return the bytes of files (n, 1), all that is looked at of them; NaN where one is gone."""
    import numpy as np

    sizes = np.full((len(paths), 1), np.nan)
    for row, path in enumerate(paths):
        with suppress(DataError):
            sizes[row] = size_of(path)
    return sizes


def folds_of(split: Split, rows: DataFrame, side: NDArray[Any]) -> Any:
    """Return the folds in which a model tells the sides: groups that keep to one of them are no drift, and stay together."""
    import numpy as np
    from sklearn.model_selection import PredefinedSplit, StratifiedKFold

    if (groups := groups_of(rows, replace(split, without_group="alone"))) is None:
        return StratifiedKFold(3, shuffle=True, random_state=0)
    return PredefinedSplit(np.random.default_rng(0).integers(0, 3, groups.max() + 1)[groups])


def tells(values: NDArray[float64], side: NDArray[Any], folds: Any) -> float:
    """Return the AUC, out of fold, of a model that tells the sides by some features."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    values = varying(values)
    if min(side.sum(), len(side) - side.sum()) < 5 or not values.size:
        return 0.5
    said = cross_val_predict(trees(classes=True), values, side, cv=folds, method="predict_proba")
    return float(roc_auc_score(side, said[:, 1]))


def varying(values: NDArray[float64]) -> NDArray[float64]:
    """Return the features that have two values at least."""
    import numpy as np

    filled = np.isfinite(values)
    low, high = (np.where(filled, values, fill) for fill in (np.inf, -np.inf))
    return values[:, low.min(axis=0) < high.max(axis=0)]


def trees(*, classes: bool) -> Any:
    """Return few boosted trees, which take columns as they are."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    return kind(max_iter=40, max_leaf_nodes=15, min_samples_leaf=20, learning_rate=0.15, random_state=0)
