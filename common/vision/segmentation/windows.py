"""Batches of windows: the same place, turn and size of a picture and of what is known of its pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.masks import VOID
from common.vision.segmentation.cache import MaskCache
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray


class Windows:
    """Windows of side `side` from random places of pictures, mirrored at random.

    A picture that is smaller is continued by its own mirror image, of whose pixels nothing is known.
    """

    def __init__(
        self,
        cache: MaskCache,
        rows: Sequence[int],
        task: MaskTask,
        side: int,
        *,
        upside_down: bool,
        boundary: int,
        seed: int,
    ) -> None:
        self.cache, self.rows, self.side, self.upside_down, self.seed = cache, list(rows), side, upside_down, seed
        self.classes = {row: task.to_classes(cache.truth(row), boundary) for row in self.rows}

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, places: Sequence[int], epoch: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return windows of some pictures (n, side, side, 3) and the classes of their pixels (n, side, side).

        Args:
            places: of the pictures among the rows.
            epoch: with the seed and the place it decides each window to the last pixel.
        """
        import numpy as np

        pictures = np.empty((len(places), self.side, self.side, 3), np.uint8)
        classes = np.empty((len(places), self.side, self.side), np.uint8)
        for number, place in enumerate(places):
            rng = np.random.default_rng((self.seed, epoch, place))
            row = self.rows[place]
            pictures[number], classes[number] = self._window(self.cache.picture(row), self.classes[row], rng)
        return pictures, classes

    def _window(self, picture: NDArray[Any], classes: NDArray[Any], rng: np.random.Generator) -> tuple[Any, Any]:
        import numpy as np

        top, left = (int(rng.integers(0, max(side - self.side, 0) + 1)) for side in classes.shape)
        inside = (slice(top, top + self.side), slice(left, left + self.side))
        picture, classes = picture[inside], classes[inside]
        if missing := [(0, self.side - side) for side in classes.shape if side < self.side]:
            missing = [(0, self.side - side) for side in classes.shape]
            picture = np.pad(picture, (*missing, (0, 0)), mode="symmetric")
            classes = np.pad(classes, missing, constant_values=VOID)
        across = -1 if rng.random() < 0.5 else 1
        down = -1 if self.upside_down and rng.random() < 0.5 else 1
        return picture[::down, ::across], classes[::down, ::across]

    def order(self, epoch: int) -> Iterator[int]:
        """Yield the places of all pictures in the order of an epoch."""
        import numpy as np

        return iter(np.random.default_rng((self.seed, epoch)).permutation(len(self.rows)).tolist())
