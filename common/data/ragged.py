"""Rows of different lengths as one flat array, in memory or mapped from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import ArrayLike, NDArray

POOL = 50  # batches that are sorted by length together: enough to pad little, few enough to stay random
_FLAT, _OFFSETS = "flat.npy", "offsets.npy"


@dataclass(frozen=True)
class Ragged:
    """n rows, one after another in `flat`; row i is `flat[offsets[i]:offsets[i + 1]]`.

    >>> import numpy as np
    >>> rows = Ragged(np.array([1, 2, 3]), offsets_of([2, 0, 1]))
    >>> len(rows), rows[0].tolist(), rows.lengths.tolist()
    (3, [1, 2], [2, 0, 1])
    """

    flat: NDArray[Any]
    offsets: NDArray[int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> NDArray[Any]:
        return self.flat[self.offsets[row] : self.offsets[row + 1]]

    @cached_property
    def lengths(self) -> NDArray[int64]:
        """The length of each row (n,)."""
        import numpy as np

        return np.diff(self.offsets)

    def joined(self, rows: Sequence[int] | NDArray[Any]) -> NDArray[Any]:
        """Return some rows one after another, in the order of `rows`; a copy."""
        import numpy as np

        return np.concatenate([self[row] for row in rows]) if len(rows) else self.flat[:0].copy()


def offsets_of(lengths: ArrayLike) -> NDArray[int64]:
    """Return the offsets (n + 1,) of rows with these lengths (n,)."""
    import numpy as np

    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def save(rows: Ragged, folder: Path) -> None:
    """Write rows into an existing folder."""
    import numpy as np

    np.save(folder / _FLAT, rows.flat, allow_pickle=False)
    np.save(folder / _OFFSETS, rows.offsets, allow_pickle=False)


def load(folder: Path) -> tuple[NDArray[Any], NDArray[int64]]:
    """Return the flat array, mapped into memory, and the offsets that `save` wrote."""
    import numpy as np

    offsets = np.load(folder / _OFFSETS)
    # A memory map of nothing is an error, so that rows without any content are read as they are.
    return np.load(folder / _FLAT, mmap_mode="r" if offsets[-1] else None), offsets


def grouped(order: ArrayLike, lengths: ArrayLike, batch_size: int, *, pool: int | None = POOL) -> list[NDArray[int64]]:
    """Return the rows of `order` in batches of rows alike in length, the longest of each pool first.

    Args:
        order: numbers of rows (n,).
        lengths: of all rows, by their number.
        batch_size: rows in a batch; the last may have fewer.
        pool: batches that are sorted by length together; None: all.
    """
    import numpy as np

    order, lengths = np.asarray(order, np.int64), np.asarray(lengths, np.int64)
    at_once = batch_size * pool if pool else max(len(order), 1)
    pools = [order[start : start + at_once] for start in range(0, len(order), at_once)]
    rows = np.concatenate([rows[np.argsort(-lengths[rows], kind="stable")] for rows in pools] or [order])
    return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
