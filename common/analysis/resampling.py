"""How far a score would differ on other rows of the same kind: the bootstrap, over groups where rows come in groups.

Source: Efron, "Bootstrap methods: another look at the jackknife" (1979); of many rows fewer than there are make a draw, and the
spread is scaled (Bickel, Götze and van Zwet, "Resampling fewer than n observations", 1997).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

DRAWS = 200  # a standard error is known to a twentieth by as many
ROWS = 10_000  # of a draw, at most


def errors(
    measure: Callable[[NDArray[Any]], tuple[float | None, ...]],
    n: int,
    groups: NDArray[Any] | None = None,
    seed: int = 0,
) -> NDArray[float64]:
    """Return the standard error of each of several figures of n rows, NaN where it is undefined in most draws.

    Args:
        measure: gives the figures for some rows, as positions that may repeat; None where one is undefined.
        n: the number of rows.
        groups: the group of each row (n,), or None if each row stands for itself.
        seed: of the draws.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(seed)
    codes = np.arange(n) if groups is None else pd.factorize(groups)[0]
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    ends = np.cumsum(sizes)
    units = len(sizes)
    drawn = max(2, min(units, int(units * ROWS / n)))
    found = []
    for _ in range(DRAWS):
        chosen = rng.integers(0, units, drawn)
        if groups is None:
            rows = chosen
        else:  # the rows of all chosen groups, one after another
            lengths = sizes[chosen]
            rows = order[np.repeat(ends[chosen] - lengths, lengths) + _within(lengths)]
        found.append([np.nan if value is None else value for value in measure(rows)])
    values = np.array(found, float)
    values[:, np.isfinite(values).sum(axis=0) <= DRAWS / 2] = np.nan
    with np.errstate(invalid="ignore"):
        known = np.ma.masked_invalid(values)
        spread = np.ma.filled(known.std(axis=0, ddof=1), np.nan)
    return np.asarray(spread * np.sqrt(drawn / units), float)


def _within(lengths: NDArray[Any]) -> NDArray[Any]:
    """Return 0, 1, … for each length, one after another."""
    import numpy as np

    return np.asarray(np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths))
