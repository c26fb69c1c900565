"""What stands out in a picture, without anything learnt: Otsu's threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.vision.pictures.decode import decode_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def foreground(data: bytes) -> NDArray[np.bool_]:
    """Return which pixels of a picture stand out (rows, columns).

    Raises:
        Unreadable: if it is no picture.
    """
    return standing_out(decode_whole(data))


def standing_out(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which pixels (rows, columns) of a picture (rows, columns, 3) lie on the smaller side of Otsu's threshold."""
    grey = pixels.mean(axis=2)
    bright: NDArray[np.bool_] = grey > otsu(grey)
    return ~bright if bright.mean() > 0.5 else bright


def otsu(values: NDArray[Any]) -> float:
    """Return the threshold that separates values from 0 to 255 into two parts of least variance (Otsu 1979)."""
    import numpy as np

    counts = np.bincount(values.astype(np.uint8).ravel(), minlength=256).astype(np.float64)
    levels = np.arange(256)
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below = np.cumsum(counts * levels) / np.maximum(below, 1)
    mean_above = (np.cumsum((counts * levels)[::-1]) / np.maximum(np.cumsum(counts[::-1]), 1))[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return float(between.argmax())
