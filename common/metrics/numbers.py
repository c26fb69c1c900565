"""Metrics of numbers: float64 of shape (n,) on both sides, or (n, 2) for places and directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.metrics.inputs import refuse, weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

EARTH = 6_371_000.0  # metres: the mean radius


def _varied(y_true: Array, y_pred: Array) -> None:
    """Refuse constant input: a correlation divides by the spread of both sides."""
    for what, values in (("y_true", y_true), ("y_pred", y_pred)):
        if (values == values[0]).all():
            raise MetricError(f"{what} is constant ({values[0]:g}); a correlation is undefined")


def pearson(y_true: Array, y_pred: Array) -> float:
    """Pearson's correlation: covariance over the product of the standard deviations."""
    from scipy.stats import pearsonr

    _varied(y_true, y_pred)
    return float(pearsonr(y_true, y_pred).statistic)


def spearman(y_true: Array, y_pred: Array) -> float:
    """Spearman's correlation: Pearson's of the ranks; ties share their mean rank."""
    from scipy.stats import spearmanr

    _varied(y_true, y_pred)
    return float(spearmanr(y_true, y_pred).statistic)


def mse(y_true: Array, y_pred: Array) -> float:
    """Mean of the squared errors."""
    from sklearn.metrics import mean_squared_error

    return float(mean_squared_error(y_true, y_pred))


def rmse(y_true: Array, y_pred: Array) -> float:
    """Square root of the mean squared error."""
    return float(mse(y_true, y_pred) ** 0.5)


def rmsle(y_true: Array, y_pred: Array) -> float:
    """Root mean squared error of ln(1 + value); both sides must be above -1."""
    import numpy as np

    for what, values in (("y_true", y_true), ("y_pred", y_pred)):
        refuse(values <= -1, values, what, "must be above -1: the metric takes ln(1 + value)")
    return rmse(np.log1p(y_true), np.log1p(y_pred))


def mae(y_true: Array, y_pred: Array) -> float:
    """Mean of the absolute errors."""
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(y_true, y_pred))


def weighted_mae(y_true: Array, y_pred: Array, *, weight: Array) -> float:
    """Mean of the absolute errors weighted by `weight`; weights of 0 and 1 leave rows out."""
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(y_true, y_pred, sample_weight=weights(weight)))


def weighted_rmse(y_true: Array, y_pred: Array, *, weight: Array) -> float:
    """Square root of the mean of the squared errors weighted by `weight`."""
    from sklearn.metrics import mean_squared_error

    return float(mean_squared_error(y_true, y_pred, sample_weight=weights(weight)) ** 0.5)


def median_absolute_error(y_true: Array, y_pred: Array) -> float:
    """Median of the absolute errors."""
    import numpy as np

    return float(np.median(np.abs(y_true - y_pred)))


def mape(y_true: Array, y_pred: Array) -> float:
    """Mean of |error| / |truth|, a fraction, not per cent; a truth of zero has none."""
    from sklearn.metrics import mean_absolute_percentage_error

    refuse(y_true == 0, y_true, "y_true", "must not be zero: the metric divides by it")
    return float(mean_absolute_percentage_error(y_true, y_pred))


def rmspe(y_true: Array, y_pred: Array) -> float:
    """Root of the mean of (error / truth)², over the rows whose truth is not zero."""
    import numpy as np

    rows = y_true != 0
    if not rows.any():
        raise MetricError("y_true is zero everywhere: the metric divides by it")
    return float(np.sqrt(np.mean(((y_true[rows] - y_pred[rows]) / y_true[rows]) ** 2)))


def smape(y_true: Array, y_pred: Array) -> float:
    """Mean of 200 |error| / (|truth| + |prediction|), 0 to 200 per cent; 0 where both are zero."""
    import numpy as np

    error, size = np.abs(y_true - y_pred), np.abs(y_true) + np.abs(y_pred)
    return float(200 * np.mean(np.divide(error, size, out=np.zeros_like(error), where=size > 0)))


def r2(y_true: Array, y_pred: Array) -> float:
    """Coefficient of determination: 1 - squared errors / squared distances of the truth from its mean."""
    from sklearn.metrics import r2_score

    if (y_true == y_true[0]).all():
        raise MetricError(f"y_true is constant ({y_true[0]:g}); there is no spread to explain")
    return float(r2_score(y_true, y_pred))


def gini(y_true: Array, y_pred: Array) -> float:
    """Normalised Gini coefficient: that of the predictions' order over that of the truth's own.

    As covariances of the truth with ranks (Lerman and Yitzhaki 1984), so that tied predictions share their rank: the
    order of the rows does not matter. For a truth of zeros and ones it is 2 AUC - 1.
    """
    from scipy.stats import rankdata

    _varied(y_true, y_true)
    centred = y_true - y_true.mean()
    return float(centred @ rankdata(y_pred) / (centred @ rankdata(y_true)))


def log_mae_by_group(y_true: Array, y_pred: Array, *, group: Array) -> float:
    """Mean over the groups of ln(mean absolute error); an error below 1e-9 counts as 1e-9."""
    import numpy as np

    return float(np.log(_by_group(np.abs(y_true - y_pred), group).mean().clip(lower=1e-9)).mean())


def _by_group(errors: Array, group: Array) -> Any:
    import pandas as pd

    return pd.Series(errors).groupby(group, sort=False)


def angular_error(y_true: Array, y_pred: Array) -> float:
    """Mean angle between directions, in radians; the two columns are azimuth and zenith, in radians."""
    import numpy as np

    _two(y_true, "azimuth, zenith")
    return float(_angles(*(np.column_stack((np.pi / 2 - side[:, 1], side[:, 0])) for side in (y_true, y_pred))).mean())


def haversine(y_true: Array, y_pred: Array) -> float:
    """Mean great-circle distance in metres; the two columns are latitude and longitude, in degrees."""
    return float(_distances(y_true, y_pred).mean())


def haversine_by_group(y_true: Array, y_pred: Array, *, group: Array) -> float:
    """Mean over the groups of (median + 95 % quantile) / 2 of the great-circle distance in metres (see haversine)."""
    quantiles = _by_group(_distances(y_true, y_pred), group).quantile([0.5, 0.95])
    return float(quantiles.mean())  # two of each group


def _distances(y_true: Array, y_pred: Array) -> Array:
    import numpy as np

    _two(y_true, "latitude, longitude")
    for what, degrees in (("y_true", y_true), ("y_pred", y_pred)):
        refuse(np.abs(degrees[:, 0]) > 90, degrees[:, 0], what, "must be latitudes from -90 to 90 in its first column")
    return EARTH * _angles(np.radians(y_true), np.radians(y_pred))


def _angles(a: Array, b: Array) -> Array:
    """Return the angles (n,) between places on a sphere (n, 2), latitude and longitude; all in radians.

    By the haversine, which is exact for small angles too.
    """
    import numpy as np

    half = np.sin((a - b) / 2) ** 2
    angles: Array = 2 * np.arcsin(np.sqrt(np.minimum(half[:, 0] + np.cos(a[:, 0]) * np.cos(b[:, 0]) * half[:, 1], 1)))
    return angles


def _two(values: Array, names: str) -> None:
    if values.ndim != 2 or values.shape[1] != 2:
        raise MetricError(f"y_true has shape {values.shape}, expected two columns: {names}")


def kl_divergence(y_true: Array, y_pred: Array) -> float:
    """Mean over the rows of Σ p ln(p/q), 0 where p is 0 (Kullback and Leibler 1951); q is at least 1e-15."""
    import numpy as np
    from scipy.special import rel_entr

    return float(rel_entr(y_true, np.clip(y_pred, 1e-15, 1)).sum(axis=1).mean())
