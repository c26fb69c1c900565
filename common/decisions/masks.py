"""From soft masks to what is submitted: class numbers at the picture's own size, one mask, or objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common.competition import Cell
from common.masks import COLUMNS, ROWS, objects, rle
from common.masks.soft import SoftMasks
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame


def cells(masks: SoftMasks, rows: DataFrame, cell: Cell, threshold: float, smallest: int) -> NDArray[Any]:
    """Return a cell for each picture (n, 1): an array of class numbers, or the run lengths of its mask or objects.

    Args:
        masks: of n pictures, at any sizes.
        rows: with the pictures' own sizes.
        cell: what a cell is.
        threshold: how sure one has to be of a pixel of a mask or an object.
        smallest: pixels of the smallest object.
    """
    import numpy as np

    decide: Callable[[NDArray[np.uint8]], Any]
    if cell.kind == "pixels":
        decide = likeliest
    elif cell.objects:
        decide = lambda soft: objects.to_cell(objects.separated(soft, threshold, smallest), cell.along, cell.first)  # noqa: E731
    else:
        decide = lambda soft: rle.encode(soft[-1] >= threshold * 255, cell.along, cell.first)  # noqa: E731
    made = np.empty((len(rows), 1), object)
    sizes = rows[[ROWS, COLUMNS]].to_numpy(int).tolist()
    if len(masks) != len(sizes):
        raise ValueError(f"{plural(len(masks), 'mask')} for {plural(len(sizes), 'row')}")
    for row, (soft, size) in enumerate(zip(masks, sizes, strict=True)):
        made[row, 0] = decide(resized(soft, (size[0], size[1])))
        made[row, 0] = cell.empty if isinstance(made[row, 0], str) and not made[row, 0] else made[row, 0]
    return made


def likeliest(soft: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the class numbers of the pixels (rows, columns) of a soft mask with a layer for each class."""
    import numpy as np

    numbers: NDArray[np.uint8] = soft.argmax(axis=0).astype(np.uint8)
    return numbers


def resized(soft: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a soft mask at another size (rows, columns), linear between its pixels."""
    import numpy as np
    from PIL import Image

    if soft.shape[1:] == size:
        return soft
    layers = [Image.fromarray(layer).resize(size[::-1], Image.Resampling.BILINEAR) for layer in soft]
    return np.stack([np.asarray(layer) for layer in layers])
