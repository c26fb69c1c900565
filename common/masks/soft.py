"""Soft masks: how sure a model is of each class at each pixel, of n pictures that may all have different sizes.

A byte a value, 255 for certain, all in one flat array: 100 pictures of 240 × 180 in 11 classes are 48 MB, an eighth of
float64, and what rounding to 1/255 changes is far below what another fold's model says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SUFFIX = ".npz"


class SoftMasks:
    """Masks of n pictures: `values`, uint8, flat, and `shapes` (n, 3): layers, rows and columns of each.

    Layers are classes, or what else a decision is made of. A picture that nothing is known of has no rows.
    """

    def __init__(self, values: NDArray[np.uint8], shapes: NDArray[np.int64]) -> None:
        import numpy as np

        self.values, self.shapes = values, shapes
        self._starts = np.concatenate(([0], np.cumsum(shapes.prod(axis=1))))

    @classmethod
    def of(cls, masks: Iterable[NDArray[Any]]) -> SoftMasks:
        """Return masks of (layers, rows, columns) each: uint8 as they are, others as shares of one."""
        import numpy as np

        parts = [mask if mask.dtype == np.uint8 else np.rint(mask * 255).astype(np.uint8) for mask in masks]
        shapes = np.array([part.shape for part in parts], np.int64).reshape(-1, 3)
        return cls(np.concatenate([np.empty(0, np.uint8), *(part.ravel() for part in parts)]), shapes)

    @classmethod
    def placed(cls, parts: Sequence[SoftMasks], places: Sequence[NDArray[np.intp]], count: int) -> SoftMasks:
        """Return masks of `count` pictures: those of each part at its places; the others have no rows."""
        import numpy as np

        masks = [np.empty((0, 0, 0), np.uint8)] * count
        for part, rows in zip(parts, places, strict=True):
            for row, mask in zip(rows, part, strict=True):
                masks[row] = mask
        return cls.of(masks)

    def __len__(self) -> int:
        return len(self.shapes)

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (self.picture(row) for row in range(len(self)))

    def __getitem__(self, rows: Any) -> SoftMasks:
        """Return the masks of some pictures: indices, or a mask of all."""
        import numpy as np

        return SoftMasks.of(self.picture(row) for row in np.arange(len(self))[rows])

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Return the mask of one picture (layers, rows, columns), without a copy."""
        return self.values[self._starts[row] : self._starts[row + 1]].reshape(self.shapes[row])

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which pictures have a mask (n,)."""
        known: NDArray[np.bool_] = self.shapes[:, 1] > 0
        return known

    def save(self, path: Path) -> None:
        """Write them as an archive of arrays."""
        import numpy as np

        np.savez_compressed(path, values=self.values, shapes=self.shapes)

    @classmethod
    def load(cls, path: Path) -> SoftMasks:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["values"], arrays["shapes"])


def mean(parts: Iterable[SoftMasks]) -> SoftMasks:
    """Return the mean over several predictions of the same pictures, of which one at a time need be in memory."""
    import numpy as np

    every = iter(parts)
    first = next(every)
    total, count = first.values.astype(np.uint16), 1
    for part in every:
        total += part.values
        count += 1
    return SoftMasks(((total + count // 2) // count).astype(np.uint8), first.shapes)
