"""What a user's other ratings say of an item: a Gaussian process for each user.

Two ratings of a user are alike if their items are (labels, year, the vectors that others' ratings give them) and if they
were given at the same time; how much each of that counts is a variance among the settings. Source: Rasmussen and Williams,
"Gaussian Processes for Machine Learning" (2006), chapter 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.collab.biases import Biases
from common.collab.ratings import Ratings
from common.collab.settings import Tastes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LATEST = 3000  # ratings of a user that count at most, the last ones: the work grows with their cube


def tastes(
    known: Ratings, asked: Ratings, biases: Biases, items: NDArray[np.float64], settings: Tastes
) -> NDArray[np.float64]:
    """Return what each asked row's user would add to the mean and the item's bias (n,); 0 for an unknown user.

    Args:
        known: ratings to learn from.
        asked: n rows.
        biases: of the known ratings.
        items: vectors of the items (items + 1, size), as `factors` gives them, scaled by the users' spread.
        settings: the variances.
    """
    import numpy as np

    unsaid = known.rating - biases.mean - biases.items[known.item]
    middle = np.nanmedian(known.year) if np.isfinite(known.year).any() else 0.0
    said = np.zeros(len(asked))
    of_known, of_asked = (_by_user(rows, len(biases.users) - 1) for rows in (known, asked))
    for mine, wanted in zip(of_known, of_asked, strict=True):
        if len(mine) and len(wanted):
            mine = mine[np.argsort(known.when[mine], kind="stable")][-LATEST:]
            here, there = (_described(rows, middle) for rows in (known[mine], asked[wanted]))
            alike = _alike(here, here, items, settings)
            alike[np.diag_indices(len(mine))] += settings.noise
            said[wanted] = _alike(there, here, items, settings) @ np.linalg.solve(alike, unsaid[mine])
    return said


Described = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.intp]"]


def _described(rows: Ratings, middle: float) -> Described:
    """Return labels of unit length, year, time and place of the item."""
    import numpy as np

    marks = rows.labels.astype(np.float64)
    lengths = np.sqrt(np.maximum(marks.sum(axis=1, keepdims=True), 1))
    return marks / lengths, np.where(np.isnan(rows.year), middle, rows.year), rows.when, rows.item


def _alike(one: Described, other: Described, items: NDArray[np.float64], settings: Tastes) -> NDArray[np.float64]:
    """Return the covariance of the rows of one and the other (n, m)."""
    import numpy as np

    (labels, year, when, item), (labels_, year_, when_, item_) = one, other
    days = np.abs(when[:, None] - when_[None])
    covariance: NDArray[np.float64] = settings.user + settings.labels * (labels @ labels_.T)
    covariance += settings.factors * (items[item] @ items[item_].T)
    covariance += settings.year * np.exp(-(((year[:, None] - year_[None]) / settings.years) ** 2) / 2)
    covariance += settings.session * np.exp(-days / settings.session_days)
    covariance += settings.drift * np.exp(-days / settings.drift_days)
    return covariance


def _by_user(rows: Ratings, users: int) -> list[NDArray[np.intp]]:
    """Return the numbers of each known user's rows."""
    import numpy as np

    order = np.argsort(rows.user, kind="stable")
    return np.split(order, np.searchsorted(rows.user[order], np.arange(users + 1)))[1:-1]
