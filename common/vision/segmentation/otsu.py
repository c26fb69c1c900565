"""The baseline of objects that stand out: Otsu's threshold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.vision.pictures.foreground import standing_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from pandas import DataFrame


class OtsuModel:
    """What stands out in each picture, by itself."""

    def __init__(self) -> None:
        self.notes: dict[str, Any] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn nothing."""

    def layers(self, pictures: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the soft mask of each picture (1, rows, columns), of zeros and ones."""
        for pixels in pictures:
            yield standing_out(pixels)[None]

    def save(self, folder: Path) -> None:
        """Write nothing."""

    def read(self, folder: Path) -> None:
        """Read nothing."""
