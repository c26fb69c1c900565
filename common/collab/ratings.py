"""Ratings as numbers: users and items by their places among those that are known, and what an item is."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from common.collab.task import CollabTask
from common.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

NAMES, RATINGS = "names.npz", "ratings.npz"


@dataclass(frozen=True)
class Names:
    """The users, the items and the labels of items that training rows have, each in order."""

    users: NDArray[np.str_]
    items: NDArray[np.str_]
    labels: NDArray[np.str_]

    @classmethod
    def of(cls, frame: DataFrame, task: CollabTask) -> Self:
        """Return those of some rows."""
        import numpy as np

        listed = frame[task.labels].unique().tolist() if task.labels else []
        labels = sorted({label for cell in listed for label in cell.split(task.label_separator) if label})
        users, items = (np.unique(frame[name].to_numpy(str)) for name in (task.user, task.item))
        return cls(users, items, np.array(labels, dtype=str))

    def save(self, folder: Path) -> None:
        """Write them in NumPy's own format."""
        import numpy as np

        np.savez_compressed(folder / NAMES, users=self.users, items=self.items, labels=self.labels)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / NAMES, allow_pickle=False) as saved:
            return cls(saved["users"], saved["items"], saved["labels"])


@dataclass(frozen=True)
class Ratings:
    """n rows: `user` and `item` are places among the names, -1 for one that is unknown.

    `when` is in days, 0 where no column says it; `labels` (n, labels) marks what the item is, `year` is NaN where its title
    names none. `rating` is 0 where it is not known.
    """

    user: NDArray[np.intp]
    item: NDArray[np.intp]
    when: NDArray[np.float64]
    labels: NDArray[np.uint8]
    year: NDArray[np.float64]
    rating: NDArray[np.float64]

    @classmethod
    def of(cls, frame: DataFrame, names: Names, task: CollabTask) -> Self:
        """Return the rows of a frame, with ratings where it has them."""
        import numpy as np
        import pandas as pd

        n = len(frame)
        marks = np.zeros((n, len(names.labels)), np.uint8)
        if task.labels:
            place, cells = pd.factorize(frame[task.labels].astype(str))
            of_cell = [np.isin(names.labels, cell.split(task.label_separator)) for cell in cells]
            marks = np.array(of_cell, np.uint8).reshape(len(cells), -1)[place]
        year = np.full(n, np.nan)
        if task.title:
            place, titles = pd.factorize(frame[task.title], use_na_sentinel=False)
            year = titles.to_series().str.extract(r"\((\d{4})\)\s*$")[0].astype(float).to_numpy(float)[place]
        when = frame[task.when].to_numpy(np.float64) / 86_400 if task.when else np.zeros(n)
        target = task.targets[0]
        rating = frame[target].to_numpy(np.float64) if target in frame else np.zeros(n)
        return cls(
            _places(frame[task.user], names.users), _places(frame[task.item], names.items), when, marks, year, rating
        )

    def __len__(self) -> int:
        return len(self.user)

    def __getitem__(self, rows: Any) -> Self:
        """Return some of the rows, chosen by a mask or by their numbers."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def save(self, folder: Path) -> None:
        """Write them in NumPy's own format."""
        import numpy as np

        arrays: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(folder / RATINGS, **arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / RATINGS, allow_pickle=False) as saved:
            return cls(*(saved[field.name] for field in fields(cls)))


def require_twice(frame: DataFrame, task: CollabTask) -> None:
    """Check that users and items come more than once: of a table in which none does, nothing is learnt from others.

    Raises:
        DataError: if all users, or all items, are rated once.
    """
    for name in (task.user, task.item):
        if len(frame) > 1 and not frame[name].duplicated().any():
            raise DataError(
                f"no two of {len(frame):,} training rows have the same {name!r}; ratings need some that have"
            )


def _places(values: Any, names: NDArray[np.str_]) -> NDArray[np.intp]:
    import pandas as pd

    places: NDArray[np.intp] = pd.Index(names, dtype=object).get_indexer(pd.Index(values.to_numpy(str), dtype=object))
    return places
