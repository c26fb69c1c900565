"""All that is known of a rating before it is given, from other ratings alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.collab.biases import Biases
from common.collab.factors import factors
from common.collab.ratings import Names, Ratings
from common.collab.settings import Best
from common.collab.tastes import tastes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TASTE = 4  # the column of what biases and tastes say
SITTING = 0.25  # days between two ratings of one sitting at most
PRIOR = 5.0  # ratings of no deviation that are added to those of each mean


def described(known: Ratings, asked: Ratings, names: Names, settings: Best) -> NDArray[np.float64]:
    """Return the features of n asked rows (n, features), NaN where nothing is known.

    Args:
        known: ratings to learn from.
        asked: rows of which no rating is among the known ones.
        names: of users, items and labels.
        settings: how biases, factors and tastes are found.
    """
    import numpy as np

    biases = Biases.of(known, names, settings.biases)
    base = biases(asked)
    unsaid = known.rating - biases(known)
    users, items = factors(known, unsaid, names, settings.factors, settings.seed)
    spread = np.linalg.cholesky(users[:-1].T @ users[:-1] / max(1, len(users) - 1) + 1e-9 * np.eye(items.shape[1]))
    taste = biases.mean + biases.items[asked.item] + tastes(known, asked, biases, items @ spread, settings.tastes)
    product = (users[asked.user] * items[asked.item]).sum(axis=1)
    columns = [
        base, biases.users[asked.user], biases.items[asked.item], product, taste, taste - base,
        *_counts(known.user, asked.user, unsaid, len(users)),
        *_counts(known.item, asked.item, unsaid, len(items)),
        asked.year, asked.when - known.when.min(), asked.when / 365.25 + 1970 - asked.year,
        *_neighbours(known, asked, unsaid),
        _by_labels(known, asked, unsaid, len(users)),
    ]  # fmt: skip
    return np.column_stack([*columns, asked.labels])


def _counts(
    of: NDArray[np.intp], wanted: NDArray[np.intp], unsaid: NDArray[np.float64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many known ratings each row's user (or item) has, and how widely they spread."""
    import numpy as np

    ratings = np.bincount(of, minlength=count).astype(float)
    squares = np.bincount(of, unsaid**2, count)
    spread = np.sqrt((squares + PRIOR * (unsaid**2).mean()) / (ratings + PRIOR))
    ratings[-1] = 0  # of unknown ones
    return ratings[wanted], spread[wanted]


def _neighbours(known: Ratings, asked: Ratings, unsaid: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return what the user's ratings just before and after left unsaid, how long ago, and that of the whole sitting."""
    import numpy as np

    order = np.lexsort((known.when, known.user))
    user, when, left = known.user[order], known.when[order], unsaid[order]
    before = _place(user, when, asked.user, asked.when)
    columns = []
    for steps in (-1, -2, 0, 1):
        at = before + steps
        inside = np.clip(at, 0, len(order) - 1)
        there = (at == inside) & (user[inside] == asked.user)
        columns.append(np.where(there, left[inside], np.nan))
        if steps in (-1, 0):
            columns.append(np.where(there, np.abs(when[inside] - asked.when), np.nan))
    first, last = (_place(user, when, asked.user, asked.when + days) for days in (-SITTING, SITTING))
    total = np.concatenate(([0.0], np.cumsum(left)))
    return [*columns, last - first, (total[last] - total[first]) / (last - first + PRIOR)]


def _place(
    user: NDArray[np.intp], when: NDArray[np.float64], of: NDArray[np.intp], at: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return where rows would stand among others that are in order of users, then of time (n,)."""
    import numpy as np

    all_users, all_times = np.concatenate((user, of)), np.concatenate((when, at))
    new = np.repeat((1, 0), (len(user), len(of)))  # of equal times the asked row stands first
    order = np.lexsort((new, all_times, all_users))
    known_before = np.cumsum(order < len(user))
    places = np.empty(len(order), np.intp)
    places[order] = known_before
    return places[len(user) :]


def _by_labels(known: Ratings, asked: Ratings, unsaid: NDArray[np.float64], users: int) -> NDArray[np.float64]:
    """Return the mean over an item's labels of what the user's ratings of such items left unsaid."""
    import numpy as np

    if not known.labels.shape[1]:
        return np.full(len(asked), np.nan)
    marks = known.labels.astype(float)
    counts, sums = np.zeros((users, marks.shape[1])), np.zeros((users, marks.shape[1]))
    np.add.at(counts, known.user, marks)
    np.add.at(sums, known.user, marks * unsaid[:, None])
    means = (sums / (counts + PRIOR))[asked.user]
    liked: NDArray[np.float64] = (means * asked.labels).sum(axis=1) / np.maximum(asked.labels.sum(axis=1), 1)
    return liked
