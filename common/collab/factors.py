"""Users and items as vectors whose product is what the biases leave unsaid, found by alternating least squares.

Source: Zhou, Wilkinson, Schreiber and Pan, "Large-scale Parallel Collaborative Filtering for the Netflix Prize" (2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.collab.ratings import Names, Ratings
from common.collab.settings import Factors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def factors(
    known: Ratings, unsaid: NDArray[np.float64], names: Names, settings: Factors, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the vectors of users (users + 1, size) and items (items + 1, size); the last is of unknown ones, 0.

    Args:
        known: n ratings.
        unsaid: what the product is to be for each (n,).
        names: of users and items.
        settings: how many numbers a vector has.
        seed: of the vectors to begin with.
    """
    import numpy as np

    rng, size = np.random.default_rng(seed), settings.size
    items = rng.normal(0, 0.1, (len(names.items) + 1, size))
    users = np.zeros((len(names.users) + 1, size))
    for _ in range(settings.rounds):
        users = _solved(known.user, items[known.item], unsaid, len(users), settings.penalty)
        items = _solved(known.item, users[known.user], unsaid, len(items), settings.penalty)
    return users, items


def _solved(
    of: NDArray[np.intp], others: NDArray[np.float64], unsaid: NDArray[np.float64], count: int, penalty: float
) -> NDArray[np.float64]:
    """Return the ridge regression of each one's rows: vectors (count, size), 0 where there are no rows."""
    import numpy as np

    order = np.argsort(of, kind="stable")
    of, others, unsaid = of[order], others[order], unsaid[order]
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    squares = np.add.reduceat(others[:, :, None] * others[:, None, :], starts, axis=0)
    products = np.add.reduceat(others * unsaid[:, None], starts, axis=0)
    vectors = np.zeros((count, others.shape[1]))
    vectors[of[starts]] = np.linalg.solve(squares + penalty * np.eye(others.shape[1]), products[:, :, None])[:, :, 0]
    return vectors
