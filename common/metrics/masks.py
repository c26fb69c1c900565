"""Metrics of masks, from their runs: for each row int64 (r, 2), where each run begins and where it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.errors import MetricError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Masks = Sequence[NDArray[Any]]


def dice(y_true: Masks, y_pred: Masks) -> float:
    """Mean over the rows of 2|A∩B| / (|A| + |B|), 1 where both are empty (Dice 1945)."""
    return fbeta_pixels(y_true, y_pred, beta=1.0)


def fbeta_pixels(y_true: Masks, y_pred: Masks, *, beta: float = 1.0) -> float:
    """Mean of the rows' F-beta of pixels, 1 where both are empty."""
    values: list[float] = [
        (1 + beta**2) * both / (beta**2 * true + predicted) if true or predicted else 1.0
        for both, true, predicted in _sizes(y_true, y_pred)
    ]
    return sum(values) / len(values)


def dice_global(y_true: Masks, y_pred: Masks) -> float:
    """2|A∩B| / (|A| + |B|) of the pixels of all rows together."""
    sizes = list(_sizes(y_true, y_pred))
    both, either = sum(shared for shared, _, _ in sizes), sum(true + predicted for _, true, predicted in sizes)
    if not either:
        raise MetricError("all masks are empty, on both sides")
    return 2 * both / either


def iou(y_true: Masks, y_pred: Masks) -> float:
    """Mean over the rows of |A∩B| / |A∪B|, 1 where both are empty (Jaccard 1912)."""
    values = [
        both / (true + predicted - both) if true or predicted else 1.0
        for both, true, predicted in _sizes(y_true, y_pred)
    ]
    return sum(values) / len(values)


def iou_precision(y_true: Masks, y_pred: Masks) -> float:
    """Mean over the rows of the share of the thresholds 0.50, 0.55 … 0.95 that the IoU exceeds; 1 where both are empty."""
    values = [
        # In whole numbers, lest an IoU of 0.6 exceed a threshold of 0.6.
        sum(100 * both > percent * (true + predicted - both) for percent in range(50, 100, 5)) / 10
        if true or predicted
        else 1.0
        for both, true, predicted in _sizes(y_true, y_pred)
    ]
    return sum(values) / len(values)


def _sizes(y_true: Masks, y_pred: Masks) -> Iterator[tuple[int, int, int]]:
    """Yield for each row the pixels of both masks together, of the true one and of the predicted one."""
    for true, predicted in zip(y_true, y_pred, strict=True):
        yield (
            _shared(true, predicted),
            int((true[:, 1] - true[:, 0]).sum()),
            int((predicted[:, 1] - predicted[:, 0]).sum()),
        )


def _shared(a: NDArray[Any], b: NDArray[Any]) -> int:
    """Return the pixels that two masks share: those of `a` up to the ends of b's runs less those up to the begins."""
    import numpy as np

    if not (len(a) and len(b)):
        return 0
    # Pixels of `a` before a position grow along its runs and stand still between them.
    lengths = np.cumsum(a[:, 1] - a[:, 0])
    before = np.column_stack((lengths - (a[:, 1] - a[:, 0]), lengths)).ravel()
    return int(np.diff(np.rint(np.interp(b, a.ravel(), before)), axis=1).sum())
