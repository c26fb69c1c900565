"""Drawn digits of 28 pixels, for sample data: thick strokes on black, nowhere twice the same."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 28
# The strokes of each digit, on a grid of 0 to 4 by 0 to 6.
_STROKES: dict[str, tuple[tuple[tuple[int, int], ...], ...]] = {
    "0": (((1, 0), (3, 0), (4, 2), (4, 4), (3, 6), (1, 6), (0, 4), (0, 2), (1, 0)),),
    "1": (((1, 1), (2, 0), (2, 6)),),
    "2": (((0, 1), (1, 0), (3, 0), (4, 1), (4, 2), (0, 6), (4, 6)),),
    "3": (((0, 0), (3, 0), (4, 1), (3, 3), (1, 3)), ((3, 3), (4, 4), (3, 6), (0, 6))),
    "4": (((3, 6), (3, 0), (0, 4), (4, 4)),),
    "5": (((4, 0), (0, 0), (0, 3), (3, 3), (4, 4), (3, 6), (0, 6)),),
    "6": (((3, 0), (1, 1), (0, 4), (1, 6), (3, 6), (4, 4), (3, 3), (0, 3)),),
    "7": (((0, 0), (4, 0), (1, 6)),),
    "8": (((1, 0), (3, 0), (4, 1), (0, 5), (1, 6), (3, 6), (4, 5), (0, 1), (1, 0)),),
    "9": (((4, 3), (1, 3), (0, 1), (1, 0), (3, 0), (4, 1), (3, 6)),),
}


def digit(rng: random.Random, label: str) -> Picture:
    """Return a drawn digit, grey."""
    from PIL import Image, ImageDraw

    image = Image.new("L", (SIDE * 2, SIDE * 2))
    draw = ImageDraw.Draw(image)
    left, top, width, height = rng.uniform(12, 18), rng.uniform(8, 12), rng.uniform(5, 7), rng.uniform(5, 6)
    for stroke in _STROKES[label]:
        points = [
            (left + x * width + rng.uniform(-1.5, 1.5), top + y * height + rng.uniform(-1.5, 1.5)) for x, y in stroke
        ]
        draw.line(points, fill=rng.randint(200, 255), width=rng.randint(4, 7), joint="curve")
    return image.rotate(rng.uniform(-10, 10)).resize((SIDE, SIDE))
