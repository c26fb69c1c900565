"""Whether masks were written the other way round: they then fit what stands out in their pictures far better."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import submission
from common.competition import SubmissionFormat
from common.data.zipped import read_bytes
from common.errors import DataError
from common.masks import OBJECTS, rle
from common.submission import Problem
from common.submission.checks.problem import problem
from common.submission.shape import together
from common.vision.pictures.foreground import foreground

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOOKED_AT = 12  # pictures that tell how masks were written
_BETTER, _GOOD = 1.5, 0.3  # how much better, and how good, the other way has to fit


def looks_transposed(file: Path, format: SubmissionFormat, pictures: Mapping[str, str]) -> Problem | None:
    """Return the problem of a valid submission of run lengths that are to be read the other way, or None.

    Args:
        file: the submission.
        format: says which way its masks are read.
        pictures: their paths by id.
    """
    import numpy as np

    cell, target = format.cell, format.targets[0]
    other: rle.Along = "rows" if cell.along == "columns" else "columns"
    ways: tuple[rle.Along, rle.Along] = (cell.along, other)
    rows = together(submission.read_sample(file, format), format)
    some = rows[(rows[target] != cell.empty) & rows[format.id].isin(list(pictures))].head(_LOOKED_AT)
    fits = [_fits(runs, pictures[id], ways) for id, runs in _runs(some, format)]
    here, there = np.mean([each for each in fits if each], axis=0).tolist() if any(fits) else (0.0, 0.0)
    if there < max(_GOOD, _BETTER * here):
        return None
    what = (
        f"the masks look transposed: read {rle.WAYS[cell.along]} they overlap with what stands out in the pictures by "
        f"{here:.2f} (IoU), read {rle.WAYS[other]} by {there:.2f}"
    )
    return problem("transposed", what, f"Number the pixels {rle.WAYS[cell.along]}")


def _runs(rows: Any, format: SubmissionFormat) -> list[tuple[str, NDArray[Any]]]:
    """Return the runs of all objects of each picture, by id."""
    import numpy as np

    cells = zip(rows[format.id], rows[format.targets[0]], strict=True)
    return [
        (id, np.concatenate([rle.runs(text, format.cell.first) for text in cell.split(OBJECTS)])) for id, cell in cells
    ]


def _fits(runs: NDArray[Any], picture: str, ways: tuple[rle.Along, rle.Along]) -> tuple[float, ...]:
    """Return the IoU of a mask, read each way, with what stands out in its picture; nothing for one that cannot be read."""
    try:
        stands_out = foreground(read_bytes(picture))
    except DataError:
        return ()
    masks = [rle.paint(runs, stands_out.shape, along) for along in ways]
    return tuple(float((mask & stands_out).sum() / max((mask | stands_out).sum(), 1)) for mask in masks)
