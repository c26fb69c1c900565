"""Pictures whose pixels stand in a table: a column for each, or all in one cell."""

from __future__ import annotations

import re
from math import isqrt

from common.discovery.columns import numbers
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.wording import plural

_LEAST = 64  # pixels of a picture
_ROWS, _SOME = 50, 20  # rows, and of many columns those that are looked at
_CELLS = re.compile(r"\d{1,3}(\.0)?( \d{1,3}(\.0)?)*")


def find(train: Head, test: Head, notes: Notes) -> tuple[str, tuple[str, ...]]:
    """Return what the names of the pixels' columns begin with, and these columns; nothing if there are none."""
    shared = [name for name in train.columns if name in test]
    by_prefix: dict[str, list[str]] = {}
    for name in shared:
        by_prefix.setdefault(name.rstrip("0123456789"), []).append(name)
    for prefix, names in by_prefix.items():
        if not prefix:  # of columns that are only numbered nothing says that they are pixels
            continue
        width = len(names) if len(names) > 1 else _in_a_cell(train, names[0])
        side = next((isqrt(width // each) for each in (1, 3) if isqrt(width // each) ** 2 * each == width), 0)
        if width >= _LEAST and side and (len(names) == 1 or _are_pixels(train, names)):
            where = f"columns {prefix}…" if len(names) > 1 else f"each cell of {prefix!r}"
            why = f"{where}: {plural(width, 'number')} from 0 to 255"
            notes.add("pictures", f"{side} x {side} pixels", "likely", why, "model.py")
            return prefix, tuple(names)
    return "", ()


def _in_a_cell(train: Head, name: str) -> int:
    """Return how many pixels each cell of a column holds, 0 if it holds something else."""
    cells = train[name].head(_ROWS).tolist()
    if not cells or not all(len(cell) >= 2 * _LEAST - 1 and _CELLS.fullmatch(cell) for cell in cells):
        return 0
    widths = {cell.count(" ") + 1 for cell in cells}
    return widths.pop() if len(widths) == 1 and max(map(float, cells[0].split())) <= 255 else 0


def _are_pixels(train: Head, names: list[str]) -> bool:
    """Whether columns hold whole numbers from 0 to 255, and great ones among them."""
    values = [numbers(train[name].head(_ROWS)) for name in names[:: max(1, len(names) // _SOME)]]
    whole = all(bool((each.notna() & each.ge(0) & each.le(255) & each.mod(1).eq(0)).all()) for each in values)
    return whole and max(each.max() for each in values if len(each)) > 2 * 10
