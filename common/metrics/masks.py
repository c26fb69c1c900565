"""Metrics of masks, from their runs: for each row int64 (r, 2), where each run begins and where it has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.masks import VOID

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


def object_precision(y_true: Sequence[Masks], y_pred: Sequence[Masks]) -> float:
    """Mean over the rows of the mean over the thresholds 0.50, 0.55 … 0.95 of TP / (TP + FP + FN); 1 without objects.

    A predicted object is found (TP) if its IoU with a true one exceeds the threshold. Source: Data Science Bowl 2018.
    """
    values = []
    for true, predicted in zip(y_true, y_pred, strict=True):
        if not (len(true) and len(predicted)):
            values.append(float(len(true) == len(predicted)))
            continue
        both, sizes, found = _overlaps(true, predicted)
        either = sizes[:, None] + found[None] - both
        hits = [(100 * both > percent * either).any(axis=1).sum() for percent in range(50, 100, 5)]
        values.append(sum(hit / (len(true) + len(predicted) - hit) for hit in hits) / len(hits))
    return float(sum(values) / len(values))


def pixel_accuracy(y_true: Masks, y_pred: Masks) -> float:
    """Share of the pixels of all rows together, but for void ones, whose class is right."""
    table = _confusion(y_true, y_pred)
    return float(table.trace() / table.sum())


def pixel_iou(y_true: Masks, y_pred: Masks) -> float:
    """Mean over the classes in truth or prediction of the IoU of all rows' pixels together, but for void ones."""
    table = _confusion(y_true, y_pred)
    both, either = table.diagonal(), table.sum(axis=0) + table.sum(axis=1) - table.diagonal()
    return float((both[either > 0] / either[either > 0]).mean())


def _overlaps(true: Masks, predicted: Masks) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return the pixels that each true object shares with each predicted one (t, p), and the sizes of all (t,), (p,)."""
    import numpy as np
    from scipy.sparse import csr_array

    end = max(int(runs[-1, 1]) for runs in (*true, *predicted))

    def indicator(objects: Masks) -> Any:
        starts, stops = np.concatenate(list(objects)).T
        lengths = stops - starts
        columns = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        bounds = np.cumsum([0, *((runs[:, 1] - runs[:, 0]).sum() for runs in objects)])
        return csr_array((np.ones(len(columns), np.int64), columns, bounds), shape=(len(objects), end))

    rows, columns = indicator(true), indicator(predicted)
    return (rows @ columns.T).toarray(), rows.sum(axis=1), columns.sum(axis=1)


def _confusion(y_true: Masks, y_pred: Masks) -> NDArray[Any]:
    """Return how many pixels of each class (down) were predicted as each (across), void ones left out."""
    import numpy as np

    table = np.zeros((VOID + 1, VOID + 1), np.int64)
    for true, predicted in zip(y_true, y_pred, strict=True):
        known = true != VOID
        pairs = true[known].astype(np.int64) * (VOID + 1) + predicted[known]
        table += np.bincount(pairs, minlength=table.size).reshape(table.shape)
    if not table.any():
        raise MetricError("all pixels are void")
    return table


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
