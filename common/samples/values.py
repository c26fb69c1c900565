"""Made-up cells that say a little about the answer: numbers, words, texts, dates, pictures."""

from __future__ import annotations

import io
from datetime import date, timedelta
from random import Random
from typing import Any

from common.competition import Column

TELLING = 0.55
"""Share of the words and categories that depend on the answer."""
_SYLLABLES = ("ba", "do", "fi", "gu", "ke", "la", "mo", "ni", "po", "ra", "su", "ta", "ve", "zo")
_COLOURS = ((208, 66, 58), (64, 120, 200), (80, 168, 92), (226, 178, 60), (150, 92, 184), (70, 178, 184))
_FIRST_DAY = date(2020, 1, 1)
_GAPS = 0.03  # of the cells of columns that may have some
_SIDE = 64  # pixels of a picture


def day(number: int) -> str:
    """Return the date of a day by its number."""
    return (_FIRST_DAY + timedelta(days=number)).isoformat()


class Cells:
    """Cells of one column for rows whose answers are at a level, 0 to `levels` - 1."""

    def __init__(self, column: Column, levels: int, rng: Random, words: list[str]) -> None:
        self.column, self.rng = column, rng
        self.means = [rng.gauss(0, 1.5) for _ in range(levels)]
        self.common = words
        self.own = [rng.sample(words, 4) for _ in range(levels)]

    def __call__(self, level: int, row: int, of: int) -> Any:
        """Return the cell of a row, the `row`-th of so many."""
        rng, column = self.rng, self.column
        if column.may_be_empty and column.kind != "text" and rng.random() < _GAPS:
            return ""
        match column.kind:
            case "number":
                low = 0.0 if column.low is None else column.low
                number = self.means[level] + rng.gauss(0, 1)
                return round(min(max(number, low), column.high), 3) if column.high is not None else round(number, 3)
            case "date":
                return day(700 * row // of)
            case "labels":
                return column.separator.join(dict.fromkeys(self.word(level) for _ in range(3)))
            case "text":
                return " ".join(self.word(level) for _ in range(rng.randint(6, 14)))
        return self.word(level, 0.7)

    def word(self, level: int, telling: float = TELLING) -> str:
        """Return a word, most often one of those of a level."""
        own = self.rng.random() < telling
        return self.rng.choice(self.own[level] if own else self.common)


def vocabulary(rng: Random, size: int = 60) -> list[str]:
    """Return made-up words."""
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 3)))] = None
    return list(words)


def picture(rng: Random, level: int, suffix: str) -> bytes:
    """Return a picture of a shape whose form and colour tell the level, before noise."""
    from PIL import Image, ImageDraw

    shade = rng.randint(40, 110)
    image = Image.new("RGB", (_SIDE, _SIDE), (shade, shade, shade))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        x, y = rng.randrange(_SIDE), rng.randrange(_SIDE)
        draw.rectangle((x, y, x + rng.randint(4, 16), y + rng.randint(4, 16)), fill=(shade + rng.randint(-30, 30),) * 3)
    size = rng.randint(22, 34)
    x, y = rng.randint(2, _SIDE - size - 2), rng.randint(2, _SIDE - size - 2)
    colour = tuple(min(255, max(0, part + rng.randint(-25, 25))) for part in _COLOURS[level % len(_COLOURS)])
    box = (x, y, x + size, y + size)
    match level % 3:
        case 0:
            draw.ellipse(box, fill=colour)
        case 1:
            draw.rectangle(box, fill=colour)
        case _:
            draw.polygon((x + size // 2, y, x + size, y + size, x, y + size), fill=colour)
    buffer = io.BytesIO()
    image.save(
        buffer, {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}.get(suffix, suffix[1:].upper())
    )
    return buffer.getvalue()
