"""What models predict: numbers (n,) or (n, k), or soft masks of n pictures; kept in files, averaged, put in order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.masks import soft
from common.masks.soft import SoftMasks

if TYPE_CHECKING:
    from numpy import bool_, float64
    from numpy.typing import NDArray

Predictions = Any
"""float64 (n,) or (n, k), or SoftMasks."""


def mean(parts: Iterable[Predictions]) -> Predictions:
    """Return the mean of several predictions of the same rows."""
    every = iter(parts)
    first = next(every)
    if isinstance(first, SoftMasks):
        return soft.mean(chain([first], every))
    rest = list(every)
    return sum(rest, start=first) / (len(rest) + 1)


def placed(parts: Iterable[tuple[NDArray[Any], Predictions]], count: int) -> Predictions:
    """Return predictions (n, k) of `count` rows from parts and their rows; NaN, or no mask, where no part has any."""
    import numpy as np

    rows, values = zip(*parts, strict=True)
    if isinstance(values[0], SoftMasks):
        return SoftMasks.placed(values, rows, count)
    every = np.full((count, *values[0].shape[1:]), np.nan)
    for some, predicted in zip(rows, values, strict=True):
        every[some] = predicted
    return every.reshape(count, -1)


def known(predictions: Predictions) -> NDArray[bool_]:
    """Return which rows were predicted (n,)."""
    import numpy as np

    return predictions.known if isinstance(predictions, SoftMasks) else ~np.isnan(predictions).any(axis=1)


def not_finite(predictions: Predictions) -> int:
    """Return how many predictions are NaN or infinite; a byte of a mask is neither."""
    import numpy as np

    return 0 if isinstance(predictions, SoftMasks) else int((~np.isfinite(predictions)).sum())


def save(predictions: Predictions, folder: Path, name: str) -> None:
    """Write predictions into a folder, under a name without ending."""
    import numpy as np

    if isinstance(predictions, SoftMasks):
        predictions.save(folder / f"{name}{soft.SUFFIX}")
    else:
        np.save(folder / f"{name}.npy", predictions, allow_pickle=False)


def load(folder: Path, name: str) -> Predictions:
    """Read what `save` wrote."""
    import numpy as np

    if (packed := folder / f"{name}{soft.SUFFIX}").is_file():
        return SoftMasks.load(packed)
    values: NDArray[float64] = np.load(folder / f"{name}.npy", allow_pickle=False)
    return values
