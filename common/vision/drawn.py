"""Drawn cats, dogs and birds: sample pictures with a difference that can be learnt, the same bytes from the same seed.

A cat has pointed ears, slit pupils and whiskers; a dog hanging ears, a snout with a broad nose and, often, a tongue.
Coats come from a small palette, so that breeds can be drawn, too; place, size, tilt, light and background vary.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any, Literal

from common.files import atomic_write

Kind = Literal["cat", "dog"]
COATS = ((120, 118, 116), (196, 142, 84), (72, 58, 50), (226, 210, 182), (158, 96, 62), (238, 236, 232))
_PLUMAGE = ((60, 110, 190), (200, 60, 50), (70, 60, 60), (90, 160, 80), (220, 190, 70), (150, 120, 90))
_SIZE = (96, 80)
_LARGER = 2  # drawn so many times as large and reduced, which makes edges smooth
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive knows: the same bytes every day


def animal(rng: Random, kind: Kind, coat: tuple[int, int, int] | None = None) -> bytes:
    """Return a JPEG of one animal's head before a background."""
    return _before_a_background(
        rng, lambda draw, side: _head(draw, rng, kind, _shade(rng, coat or rng.choice(COATS), 14), side)
    )


def bird(rng: Random) -> bytes:
    """Return a JPEG of a bird from the side before a background."""
    return _before_a_background(rng, lambda draw, side: _bird(draw, rng, _shade(rng, rng.choice(_PLUMAGE), 20), side))


def _before_a_background(rng: Random, paint: Callable[[Any, int], None]) -> bytes:
    from PIL import Image, ImageDraw

    width, height = (side * _LARGER for side in _SIZE)
    picture = Image.new("RGB", (width, height), _shade(rng, (rng.randint(60, 200),) * 3, 50))
    _background(ImageDraw.Draw(picture), rng, width, height)
    side = rng.randint(104, 150)
    layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    paint(ImageDraw.Draw(layer), side)
    layer = layer.rotate(rng.uniform(-20, 20), Image.Resampling.BILINEAR)
    picture.paste(layer, (rng.randint(-10, width - side + 10), rng.randint(-8, max(height - side, 0) + 8)), layer)
    picture = picture.resize(_SIZE, Image.Resampling.BOX).point(_light(rng))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def pack(path: Path, members: Iterable[tuple[str, bytes]]) -> None:
    """Write a zip archive of pictures, as Kaggle serves them: whole or not at all, the same bytes every time."""
    with atomic_write(path) as handle, zipfile.ZipFile(handle, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)


def _background(draw: Any, rng: Random, width: int, height: int) -> None:
    for _ in range(rng.randint(3, 6)):
        x, y, size = rng.randint(-20, width), rng.randint(-20, height), rng.randint(30, 110)
        colour = _shade(rng, (rng.randint(50, 220), rng.randint(50, 220), rng.randint(50, 220)), 20)
        shape = rng.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + size, y + size * rng.uniform(0.4, 1.2)), fill=colour)


def _head(draw: Any, rng: Random, kind: Kind, coat: tuple[int, int, int], side: int) -> None:
    """Draw a head into a square of `side` pixels; the places below are shares of it."""

    def at(*places: float) -> tuple[float, ...]:
        return tuple(place * side for place in places)

    dark, light = (tuple(round(value * share) for value in coat) for share in (0.6, 0.85))
    wide, iris = rng.uniform(0.27, 0.33), rng.choice(((160, 190, 70), (90, 160, 190)))
    if kind == "cat":
        for sign in (-1, 1):
            tip = 0.5 + sign * rng.uniform(0.24, 0.30)
            draw.polygon(at(0.5 + sign * 0.30, 0.45, tip, 0.06, 0.5 + sign * 0.06, 0.30), fill=coat)
            draw.polygon(at(0.5 + sign * 0.26, 0.38, tip, 0.14, 0.5 + sign * 0.12, 0.30), fill=(214, 150, 150))
        draw.ellipse(at(0.5 - wide, 0.22, 0.5 + wide, 0.84), fill=coat)
    else:
        draw.ellipse(at(0.5 - wide, 0.14, 0.5 + wide, 0.86), fill=coat)
        for sign in (-1, 1):
            near, far = sorted((0.5 + sign * 0.22, 0.5 + sign * 0.44))
            draw.ellipse(at(near, 0.18, far, rng.uniform(0.62, 0.78)), fill=dark)
        draw.ellipse(at(0.33, 0.50, 0.67, 0.88), fill=light)
    for sign in (-1, 1):
        x, y = 0.5 + sign * 0.13, 0.44
        if kind == "cat":
            draw.ellipse(at(x - 0.07, y - 0.055, x + 0.07, y + 0.055), fill=iris)
            draw.ellipse(at(x - 0.015, y - 0.05, x + 0.015, y + 0.05), fill=(10, 10, 10))
        else:
            draw.ellipse(at(x - 0.05, y - 0.05, x + 0.05, y + 0.05), fill=(40, 26, 18))
            draw.ellipse(at(x, y - 0.03, x + 0.02, y - 0.01), fill=(240, 240, 240))
    if kind == "cat":
        draw.polygon(at(0.46, 0.58, 0.54, 0.58, 0.50, 0.63), fill=(205, 120, 125))
        for sign in (-1, 1):
            for slope in (-0.04, 0.02, 0.08):
                draw.line(at(0.5 + sign * 0.08, 0.64, 0.5 + sign * 0.42, 0.62 + slope), fill=(245, 245, 245), width=2)
    else:
        if rng.random() < 0.6:
            draw.ellipse(at(0.45, 0.74, 0.55, 0.94), fill=(222, 96, 110))
        draw.ellipse(at(0.41, 0.54, 0.59, 0.66), fill=(24, 20, 20))


def _bird(draw: Any, rng: Random, plumage: tuple[int, int, int], side: int) -> None:
    """Draw a bird that looks left or right into a square of `side` pixels."""
    right = rng.random() < 0.5
    dark = tuple(round(value * 0.6) for value in plumage)

    def at(*places: float) -> tuple[float, ...]:
        return tuple(side * (1 - place if right and not axis % 2 else place) for axis, place in enumerate(places))

    def oval(left: float, top: float, to: float, bottom: float, colour: Any) -> None:
        x, y, x_, y_ = at(left, top, to, bottom)
        draw.ellipse((min(x, x_), y, max(x, x_), y_), fill=colour)

    draw.polygon(at(0.70, 0.50, 0.98, rng.uniform(0.40, 0.70), 0.72, 0.66), fill=dark)
    oval(0.24, 0.36, 0.78, 0.76, plumage)
    oval(0.40, 0.42, 0.76, 0.64, dark)
    oval(0.12, 0.18, 0.42, 0.48, plumage)
    draw.polygon(at(0.15, 0.30, 0.00, 0.35, 0.15, 0.38), fill=(228, 160, 40))
    oval(0.20, 0.26, 0.26, 0.32, (20, 16, 16))
    for leg in (0.46, 0.56):
        draw.line(at(leg, 0.74, leg, 0.94), fill=(200, 140, 50), width=3)


def _shade(rng: Random, colour: tuple[int, int, int], spread: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, value + rng.randint(-spread, spread))) for value in colour)
    return red, green, blue


def _light(rng: Random) -> list[int]:
    """Return a table that makes a picture lighter or darker."""
    share = rng.uniform(0.75, 1.2)
    return [min(255, round(value * share)) for value in range(256)] * 3
