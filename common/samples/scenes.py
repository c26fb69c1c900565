"""Drawn pictures with masks: shapes before noise, each of whose pixels is known."""

from __future__ import annotations

import io
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from common.competition import Cell
from common.masks import files, objects, rle

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIZE = (64, 48)  # columns and rows: not the same, so that what is transposed shows
_COLOURS = ((70, 110, 190), (190, 90, 60), (90, 160, 80), (210, 180, 80), (150, 90, 170), (90, 170, 170))
_MOST = 6  # classes that are drawn, and objects in a picture


class Scene(NamedTuple):
    """A picture (rows, columns, 3), and the number of the class or the object at each pixel (rows, columns)."""

    pixels: NDArray[np.uint8]
    numbers: NDArray[np.uint8]

    def picture(self, suffix: str) -> bytes:
        """Return the picture as a file."""
        from PIL import Image

        buffer = io.BytesIO()
        format = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}.get(suffix, suffix[1:].upper())
        Image.fromarray(self.pixels).save(buffer, format)
        return buffer.getvalue()

    def mask(self) -> bytes:
        """Return the class numbers as a PNG file."""
        return files.to_png(self.numbers)

    def cell(self, cell: Cell) -> str:
        """Return the run lengths of what is no background, as a cell of a frame holds them."""
        if cell.objects:
            return objects.to_cell(self.numbers, cell.along, cell.first)
        return rle.encode(self.numbers, cell.along, cell.first)


def draw(rng: Random, cell: Cell) -> Scene:
    """Return a picture of ellipses, of a class each, or all of one colour where a cell knows no classes.

    A corner is void where the cell has that.
    """
    import numpy as np
    from PIL import Image, ImageDraw

    width, height = _SIZE
    classes = min(len(cell.labels) - bool(cell.void), _MOST) if cell.labels else 0
    picture, numbers = Image.new("RGB", _SIZE, (40, 44, 48)), Image.new("L", _SIZE, 0)
    on_picture, on_numbers = ImageDraw.Draw(picture), ImageDraw.Draw(numbers)
    for number in range(1, _MOST):
        side = rng.randint(9, 17)
        x, y = rng.randrange(width - side), rng.randrange(height - side)
        label = rng.randrange(1, classes) if classes else number
        colour: Any = tuple(part + rng.randint(-12, 12) for part in _COLOURS[label if classes else 3])
        for drawing, fill in ((on_picture, colour), (on_numbers, label)):
            drawing.ellipse((x, y, x + side, y + side), fill=fill)
    known = np.asarray(numbers).copy()
    if cell.void:
        known[:4, :8] = cell.labels.index(cell.void)
    noise = np.random.default_rng(rng.getrandbits(32)).normal(0, 6, (height, width, 3))
    return Scene((np.asarray(picture) + noise).clip(0, 255).astype(np.uint8), known)
