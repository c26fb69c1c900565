"""PNG files of class numbers, and the sizes of pictures, read from folders or archives."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from common.data.zipped import read_bytes
from common.errors import DataError, MaskError
from common.masks import COLUMNS, ROWS, VOID
from common.wording import first_line

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

_NUMBERS = ("L", "P", "1", "I", "I;16")  # Pillow's modes whose pixels are numbers: grey, or places in a palette
_SHADES = 128  # a mask whose brightest pixel is darker holds numbers, of classes or objects


def size_of(path: str) -> tuple[int, int]:
    """Return the rows and columns of a picture, by the beginning of its file.

    Raises:
        DataError: if it is no picture.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(read_bytes(path))) as image:
            return image.height, image.width
    except (OSError, ValueError) as error:
        raise DataError(f"{path} is no picture: {first_line(error)}") from None


def with_sizes(frame: DataFrame, paths: Iterable[str]) -> DataFrame:
    """Return the rows of pictures (n,) with the sizes of their files; those of no picture, which have no mask, are 1 × 1."""
    sizes = []
    for path in paths:
        try:
            sizes.append(size_of(path))
        except DataError:
            sizes.append((1, 1))
    return frame.assign(**{ROWS: [rows for rows, _ in sizes], COLUMNS: [columns for _, columns in sizes]})


def from_png(data: bytes) -> NDArray[Any]:
    """Return the numbers of a mask's pixels (rows, columns).

    Raises:
        MaskError: if it is no picture, or one in colours.
    """
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode not in _NUMBERS:
                raise MaskError(f"its pixels are colours ({image.mode}), not one number each")
            return np.asarray(image).astype(np.uint8 if image.mode == "1" else None, copy=False)
    except (OSError, ValueError) as error:
        raise MaskError(f"it is no picture: {first_line(error)}") from None


def binary(path: str) -> NDArray[np.bool_]:
    """Return which pixels (rows, columns) a picture of a mask marks, in whatever shades: those nearer to its brightest.

    Raises:
        MaskError: if it is no picture; names the file.
    """
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(read_bytes(path))) as image:
            values = np.asarray(image if image.mode in _NUMBERS else image.convert("L")).astype(np.int64)
    except (OSError, ValueError) as error:
        raise MaskError(f"{path} is no picture: {first_line(error)}") from None
    marked: NDArray[np.bool_] = values > (values.max() / 2 if values.max() >= _SHADES else 0)
    return marked


def to_png(mask: NDArray[np.uint8]) -> bytes:
    """Return a mask (rows, columns) as a PNG file of one byte a pixel."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG")
    return buffer.getvalue()


def checked(mask: NDArray[Any], labels: Sequence[str], size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Return a mask whose numbers are all places in `labels`, of a picture of this size (rows, columns).

    Raises:
        MaskError: if it is not.
    """
    import numpy as np

    if size is not None and mask.shape != size:
        raise MaskError(f"the mask has {_across(mask.shape)} pixels, its picture {_across(size)}")
    if mask.size and int(mask.max()) >= len(labels):
        raise MaskError(f"label {int(mask.max())} is none of 0 to {len(labels) - 1}")
    return mask.astype(np.uint8, copy=False)


def read(path: str, labels: Sequence[str], void: str = "", size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Return the class numbers of a mask's pixels (rows, columns), VOID where the truth is `void`.

    Raises:
        MaskError: if it is no mask, or none of such labels and of this size; names the file.
    """
    try:
        mask = checked(from_png(read_bytes(path)), labels, size)
    except MaskError as error:
        raise MaskError(f"{path}: {error}") from None
    if void:
        mask = mask.copy()
        mask[mask == labels.index(void)] = VOID
    return mask


def _across(shape: tuple[int, ...]) -> str:
    rows, columns = shape
    return f"{columns} × {rows}"
