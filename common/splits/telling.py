"""Columns that alone tell the answer, as only what was written after it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

AUC, R2 = 0.985, 0.985
"""From which on a single column explains too much: of two classes or more, and of a number."""
_ROWS = 20_000  # looked at: a column that tells all shows it in fewer
_LEAST = 50  # rows, of each class 5, below which chance tells much
_LEAST_OF_CLASS, _MOST_CLASSES = 5, 30
_BINS = 40


def telling(
    frame: pd.DataFrame, names: Sequence[str], target: pd.Series[Any], *, classes: bool
) -> list[tuple[str, str]]:
    """Return the columns that alone explain the target, each with how well: "AUC 0.99" or "R² 0.99".

    A column is cut into quantiles, or taken value by value; what the rows of one half have there on average is said of the
    other half's, so that nothing is told by rows themselves: an id of as many values as rows explains nothing.

    Args:
        frame: the training rows (n, columns).
        names: the columns that are tried.
        target: the answers (n,); rows without one do not count.
        classes: whether they are classes.
    """
    import numpy as np
    import pandas as pd

    known = np.flatnonzero((target.notna() & (target.astype(str).str.strip() != "")).to_numpy())
    rng = np.random.default_rng(0)
    known = rng.permutation(known)[:_ROWS]
    if len(known) < _LEAST:
        return []
    answers = target.iloc[known]
    if classes:
        codes, values = pd.factorize(answers.astype(str))
        counts = np.bincount(codes)
        if not 2 <= len(values) <= _MOST_CLASSES or counts.min() < _LEAST_OF_CLASS:
            return []
        wanted = np.eye(len(values))[codes][:, 1:] if len(values) == 2 else np.eye(len(values))[codes]
    else:
        wanted = pd.to_numeric(answers, errors="coerce").to_numpy(float)[:, None]
        if np.isnan(wanted).any() or wanted.std() == 0:
            return []
    found = []
    for name in names:
        said = _said(frame[name].iloc[known], wanted)
        score = _auc(wanted, said) if classes else 1 - float(((wanted - said) ** 2).mean() / wanted.var())
        if score >= (AUC if classes else R2):
            found.append((name, f"{'AUC' if classes else 'R²'} {int(score * 1000) / 1000:g}"))
    return found


def _said(column: pd.Series[Any], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean (n, k) that the other half's rows of the same bin or value have, or that of all where there are none."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().sum() >= 0.5 * len(column):
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)[1:-1]))
        bins = np.where(numbers.isna(), len(edges) + 1, np.searchsorted(edges, numbers, side="left"))
    else:
        bins = pd.factorize(column.astype(str))[0] + 1  # 0 is a missing value
    half = np.arange(len(bins)) % 2
    said = np.empty_like(wanted)
    for one in (0, 1):
        given, asked = half != one, half == one
        counts = np.bincount(bins[given], minlength=bins.max() + 1)
        usual = wanted[given].mean(axis=0)
        sums = np.stack([np.bincount(bins[given], values, len(counts)) for values in wanted[given].T], axis=1)
        said[asked] = ((sums + usual) / (counts[:, None] + 1))[bins[asked]]
    return said


def _auc(wanted: NDArray[np.float64], said: NDArray[np.float64]) -> float:
    """Return the mean over the classes of how often a row of the class is before one of another."""
    import numpy as np
    from scipy.stats import rankdata

    scores = []
    for marks, values in zip(wanted.T, said.T, strict=True):
        inside = marks > 0
        ranks = rankdata(values)
        n = int(inside.sum())
        scores.append((ranks[inside].sum() - n * (n + 1) / 2) / (n * (len(marks) - n)))
    return float(np.mean(scores))
