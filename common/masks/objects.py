"""Objects of a picture: cut out of soft masks, numbered from 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.masks import OBJECTS, rle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEED = 0.5  # how sure the inside of an object has to be, to be one of its own


def separated(soft: NDArray[np.uint8], threshold: float, smallest: int) -> NDArray[np.int32]:
    """Return the numbers of the objects (rows, columns), 0 outside of all.

    Of one layer, an object is what hangs together. Of two, inside and boundary, what is inside hangs together in seeds,
    which grow into what is either until they meet: a watershed (Falcão, Stolfi and Lotufo 2004).

    Args:
        soft: (1 or 2, rows, columns), 255 for certain.
        threshold: how sure one has to be of a pixel, 0 to 1.
        smallest: pixels of the smallest object that is kept.
    """
    import numpy as np
    from scipy import ndimage

    sure = soft.sum(axis=0, dtype=np.uint16).clip(max=255).astype(np.uint8)
    whole = _filled(sure >= threshold * 255)
    if len(soft) == 1:
        numbers = ndimage.label(whole)[0].astype(np.int32)
    else:
        seeds = _large(ndimage.label(soft[0] >= _SEED * 255)[0], max(smallest // 4, 1))
        seeds[~whole] = 0
        markers = np.where(whole, seeds, -1).astype(np.int32)
        # All of an object costs nothing to cross and its edge the most, so that seeds meet halfway.
        numbers = ndimage.watershed_ift(np.where(whole, 0, 255).astype(np.uint8), markers)
        numbers[(numbers < 0) | ~whole] = 0
        more = ndimage.label(whole & (numbers == 0))[0]  # without a seed of its own
        numbers = np.where(more > 0, more + numbers.max(), numbers)
    return _large(numbers, smallest)


def to_cell(numbers: NDArray[Any], along: rle.Along, first: int) -> str:
    """Return the run lengths of all objects of a picture as one cell."""
    return OBJECTS.join(rle.encode_objects(numbers, along, first))


def from_cell(cell: str, shape: tuple[int, int], along: rle.Along, first: int) -> NDArray[np.int32]:
    """Return the numbers of the objects that a cell lists (rows, columns); of two that overlap the later one counts.

    Raises:
        MaskError: for a mask that does not fit the picture.
    """
    import numpy as np

    size = shape[0] * shape[1]
    flat = np.zeros(size, np.int32)
    for number, text in enumerate(filter(None, cell.split(OBJECTS)), 1):
        for start, end in (found := rle.runs(text, first)).tolist():
            flat[start:end] = number
        if len(found) and found[-1, 1] > size:
            raise rle.past_end(int(found[-1, 1]), shape)
    return flat.reshape(shape) if along == "rows" else flat.reshape(shape[::-1]).T


def boundaries(numbers: NDArray[np.int32], width: int = 1) -> NDArray[np.bool_]:
    """Return which pixels of objects lie within `width` pixels of another object or of the outside."""
    from scipy import ndimage

    window = 2 * width + 1
    edge: NDArray[np.bool_] = ndimage.maximum_filter(numbers, window) != ndimage.minimum_filter(numbers, window)
    return edge & (numbers > 0)


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask with its holes, what hangs together with no edge of the picture, filled."""
    import numpy as np
    from scipy import ndimage

    outside, count = ndimage.label(~mask)
    reached = np.zeros(count + 1, bool)
    for edge in (outside[0], outside[-1], outside[:, 0], outside[:, -1]):
        reached[edge] = True
    reached[0] = False
    return ~reached[outside]


def _large(numbers: NDArray[Any], smallest: int) -> NDArray[np.int32]:
    """Return the objects of at least so many pixels, numbered anew."""
    import numpy as np

    keep = np.bincount(numbers.ravel()) >= smallest
    keep[0] = False
    found: NDArray[np.int32] = np.where(keep, np.cumsum(keep), 0).astype(np.int32)[numbers]
    return found
