"""The baseline: a mean, how kind a user is and how well liked an item, each drawn towards nothing by few ratings.

Source: Koren, Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems" (2009), the biases of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from common.collab.ratings import Names, Ratings
from common.collab.settings import Baseline, Shrinkage
from common.collab.task import CollabTask
from common.model import Context, Model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "biases.npz"
ROUNDS = 15  # of users and items in turn; the next one changes no digit that counts


@dataclass(frozen=True)
class Biases:
    """The mean, and what each user (users + 1,) and item (items + 1,) adds; the last of both is of unknown ones, 0."""

    mean: float
    users: NDArray[np.float64]
    items: NDArray[np.float64]

    @classmethod
    def of(cls, known: Ratings, names: Names, settings: Shrinkage) -> Self:
        """Return the biases that minimise the squared error of known ratings, with so many zeros beside those of each."""
        import numpy as np

        n_users, n_items, mean = len(names.users) + 1, len(names.items) + 1, float(known.rating.mean())
        users, items = np.zeros(n_users), np.zeros(n_items)
        of_users = np.bincount(known.user, minlength=n_users) + settings.users
        of_items = np.bincount(known.item, minlength=n_items) + settings.items
        for _ in range(ROUNDS):
            items = np.bincount(known.item, known.rating - mean - users[known.user], n_items) / of_items
            users = np.bincount(known.user, known.rating - mean - items[known.item], n_users) / of_users
        return cls(mean, users, items)

    def __call__(self, rows: Ratings) -> NDArray[np.float64]:
        """Return what they say of each row (n,)."""
        said: NDArray[np.float64] = self.mean + self.users[rows.user] + self.items[rows.item]
        return said

    def save(self, folder: Path) -> None:
        """Write them in NumPy's own format."""
        import numpy as np

        np.savez(folder / FILE, mean=self.mean, users=self.users, items=self.items)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / FILE, allow_pickle=False) as saved:
            return cls(float(saved["mean"]), saved["users"], saved["items"])


class BiasesModel(Model):
    """The biases alone, within the scale."""

    def __init__(self, task: CollabTask, config: Baseline, context: Context) -> None:
        self.task, self.config = task, config
        self.names: Names
        self.biases: Biases

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training rows."""
        self.names = Names.of(train, self.task)
        self.biases = Biases.of(Ratings.of(train, self.names, self.task), self.names, self.config.biases)

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return a rating for each row (n,)."""
        return self.biases(Ratings.of(frame, self.names, self.task)).clip(self.task.low, self.task.high)

    def save(self, folder: Path) -> None:
        """Write names and biases."""
        self.names.save(folder)
        self.biases.save(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.names, self.biases = Names.load(folder), Biases.load(folder)
