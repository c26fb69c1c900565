"""A metric's inputs that are no numbers: for each row a list of labels, a text or a mask, checked.

Every function raises a `MetricError` that says what is wrong and in which row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from numbers import Integral
from typing import TYPE_CHECKING, Any

from common.errors import MaskError, MetricError
from common.masks import OBJECTS, VOID, rle

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def rows(values: Any, what: str) -> list[Any]:
    """Return the rows of a list, a series or an array."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise MetricError(f"{what} is {values!r}, expected one value per row")
    found = list(values)
    if not found:
        raise MetricError(f"{what} is empty; at least one row is needed")
    return found


def texts(values: Any, what: str) -> list[str]:
    """Return a text for each row."""
    found = rows(values, what)
    for row, text in enumerate(found):
        if not isinstance(text, str):
            raise MetricError(f"{what} must be texts, got {text!r} in row {row}")
    return found


def labels(values: Any, what: str) -> list[tuple[str, ...]]:
    """Return for each row its labels as texts; a text is one label, and whole numbers are labels too."""
    cells = rows(values, what)
    try:
        found = [(cell,) if isinstance(cell, str) else tuple(cell) for cell in cells]
    except TypeError:
        row, cell = next((row, cell) for row, cell in enumerate(cells) if not isinstance(cell, Iterable))
        raise MetricError(f"{what} must be lists of labels, got {cell!r} in row {row}") from None
    if set(map(type, chain.from_iterable(found))) <= {str}:
        return found
    for row, labels in enumerate(found):
        for label in labels:
            if not isinstance(label, (str, Integral)):
                raise MetricError(f"{what} must be lists of texts or whole numbers, got {label!r} in row {row}")
    return [tuple(map(str, labels)) for labels in found]


def masks(truth: Any, prediction: Any) -> tuple[list[Array], list[Array]]:
    """Return the runs of each row's masks, int64 (r, 2): where each begins and where it has ended.

    A mask is a run-length text (begin, length, begin, length …; empty, "-" or missing for nothing) or an array of
    zeros and ones of any shape, on both sides the same.
    """
    sides: tuple[list[Array], list[Array]] = ([], [])
    cells = [list(side) for side in (truth, prediction)]
    for row, pair in enumerate(zip(*cells, strict=True)):
        shapes = {getattr(cell, "shape", None) or None for cell in pair}
        if len(shapes) > 1:
            raise MetricError(
                f"the masks of row {row} have the shapes {' and '.join(map(str, shapes))} (None is a run-length text); "
                "both sides must have the same"
            )
        for side, cell, what in zip(sides, pair, ("y_true", "y_pred"), strict=True):
            try:
                side.append(_from_text(cell) if None in shapes else _from_pixels(cell))
            except (ValueError, MaskError) as error:
                raise MetricError(f"{what} is no mask in row {row}: {error}") from None
    return sides


def objects(truth: Any, prediction: Any) -> tuple[list[list[Array]], list[list[Array]]]:
    """Return the runs of each object of each row, int64 (r, 2); a cell holds their run lengths with ";" between them."""
    sides: list[list[list[Array]]] = []
    for cells, what in ((truth, "y_true"), (prediction, "y_pred")):
        side = []
        for row, cell in enumerate(cells):
            try:
                side.append([runs for each in str(cell or "").split(OBJECTS) if len(runs := _from_text(each.strip()))])
            except MaskError as error:
                raise MetricError(f"{what} is no list of objects in row {row}: {error}") from None
        sides.append(side)
    return sides[0], sides[1]


def pixels(truth: Any, prediction: Any) -> tuple[list[Array], list[Array]]:
    """Return class numbers of all rows' pixels, arrays of the same shape on both sides; 255 in the truth is void."""
    import numpy as np

    pairs = [(np.asarray(true), np.asarray(predicted)) for true, predicted in zip(truth, prediction, strict=True)]
    for row, pair in enumerate(pairs):
        for pixels, what in zip(pair, ("y_true", "y_pred"), strict=True):
            if pixels.dtype.kind not in "iu" or (pixels.size and not 0 <= pixels.min() <= pixels.max() <= VOID):
                raise MetricError(f"{what} must be class numbers from 0 to {VOID}, got {pixels.dtype} in row {row}")
        if pair[0].shape != pair[1].shape:
            raise MetricError(f"row {row} has {pair[0].shape} pixels in y_true and {pair[1].shape} in y_pred")
    return [true for true, _ in pairs], [predicted for _, predicted in pairs]


def _from_text(cell: Any) -> Array:
    import numpy as np

    if cell is None or cell != cell or cell in ("", "-"):  # NaN is what an empty cell of a table becomes
        return np.empty((0, 2), np.int64)
    if not isinstance(cell, str):
        raise ValueError(f"expected a run-length text or an array, got {cell!r}")
    return rle.runs(cell)


def _from_pixels(cell: Array) -> Array:
    import numpy as np

    pixels = np.asarray(cell)
    if not np.isin(pixels, (0, 1)).all():
        raise ValueError("pixels must be 0 or 1")
    edges = np.diff(pixels.ravel().astype(np.int8), prepend=0, append=0)
    return np.column_stack((np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)))


_MASKS: dict[str, Callable[[Any, Any], tuple[Sequence[Any], Sequence[Any]]]] = {
    "mask": masks, "objects": objects, "pixels": pixels,
}  # fmt: skip


def pairs(kind: str, y_true: Any, y_pred: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return both sides of a metric of texts, lists of labels or masks, checked."""
    truth, prediction = rows(y_true, "y_true"), rows(y_pred, "y_pred")
    if len(truth) != len(prediction):
        raise MetricError(f"y_true has {len(truth)} rows but y_pred has {len(prediction)}")
    if kind in _MASKS:
        return _MASKS[kind](truth, prediction)
    read = texts if kind == "text" else labels
    return read(truth, "y_true"), read(prediction, "y_pred")
