"""A model that gives every row a soft mask: pictures that cannot be read get one of a single empty pixel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from common.masks.soft import SoftMasks
from common.model import Context, Model
from common.vision.rows import ROW
from common.vision.segmentation.rows import cache_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


class PixelModel(Protocol):
    """A model of pictures that can be read."""

    notes: dict[str, Any]

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training rows; `valid` is for measuring only."""

    def layers(self, pictures: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the soft mask of each picture (rows, columns, 3), in order: (layers, rows, columns), of any size."""

    def save(self, folder: Path) -> None:
        """Write what `read` needs, in safe formats only."""

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""


class GuardedMasks(Model):
    """A model of masks in the pipeline."""

    def __init__(self, model: PixelModel, context: Context) -> None:
        self.model, self.context = model, context

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train the model."""
        self.model.fit(train, valid[valid[ROW] >= 0])
        self.notes = self.model.notes

    def predict(self, frame: DataFrame) -> SoftMasks:  # type: ignore[override]
        """Return the soft masks of all rows."""
        import numpy as np

        cache, rows = cache_of(frame), frame[ROW].tolist()
        pictures = [cache.picture(row) for row in rows if row >= 0]
        masks: list[NDArray[Any]] = []
        with self.context.progress.task(f"{self.context.title} · predict", len(pictures), "pictures") as task:
            for layers in self.model.layers(pictures):
                masks.append(layers if layers.dtype == np.uint8 else np.rint(layers * 255.0).astype(np.uint8))
                task.advance(1)
        found = iter(masks)
        empty = np.zeros((len(masks[0]) if masks else 1, 1, 1), np.uint8)
        return SoftMasks.of(next(found) if row >= 0 else empty for row in rows)

    def save(self, folder: Path) -> None:
        """Write the model."""
        self.model.save(folder)
