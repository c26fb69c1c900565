"""The rows that a run is most wrong about, with what the model saw of them, and what such rows have in common."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.analysis.comparing import shown
from common.competition import Competition
from common.data.zipped import read_bytes
from common.errors import KitError
from common.runs.evaluation import Predicted

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

MOST_PICTURES = 200
_BYTES = 600_000  # of all pictures of a page, which has two million
LEAST = 20  # rows of a value whose mean error is told
_COLUMNS, _VALUES = 4, 10
_INPUTS = 12  # columns that are shown where a description names no inputs
_MANY = 0.2  # of the rows are values: such a column groups nothing
_SIDE = 144  # pixels of a thumbnail


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A row, its target and prediction, how wrong that is, and what the model saw: texts and numbers, or a picture."""

    id: str
    fold: int
    target: str
    prediction: str
    wrong: float
    inputs: dict[str, str]
    picture: str = ""
    reasons: tuple[tuple[str, float], ...] = ()


def worst(predicted: Predicted, rows: DataFrame | None, count: int) -> list[Wrong]:
    """Return the most wrong rows, the worst first.

    Args:
        predicted: the run's OOF.
        rows: the training rows in the same order, None where the data are gone.
        count: how many.
    """
    import numpy as np

    competition = predicted.competition
    wrong, labels, masks = predicted.wrong, predicted.likeliest, competition.predicts == "masks"
    order = np.argsort(-wrong, kind="stable")[:count]
    files = [column.name for column in competition.files.train.columns if column.kind == "file"]
    hidden = {*competition.targets, competition.files.train.id, *files}
    there = [] if rows is None else [str(name) for name in rows]
    inputs = [name for name in competition.inputs or there[:_INPUTS] if name in there and name not in hidden]
    picture = next((name for name in files if rows is not None and name in rows), None)
    made, size = [], 0
    for number, row in enumerate(order.tolist()):
        values = rows.iloc[row] if rows is not None else None
        target = "" if masks else shown(predicted.truth[list(competition.targets)].iloc[row].tolist(), 160)
        path = str(values[picture]) if values is not None and picture and number < MOST_PICTURES else ""
        small = (masked(predicted, row, path) if masks else thumbnail(path)) if path else ""
        if (size := size + len(small)) > _BYTES:
            break
        made.append(
            Wrong(
                id=str(predicted.ids[row]),
                fold=int(predicted.folds[row]),
                target=target,
                prediction=f"score {1 - wrong[row]:.4f}" if masks else shown([labels(row)], 160),
                wrong=float(wrong[row]),
                picture=small,
                inputs={name: _text(values[name]) for name in inputs} if values is not None else {},
            )
        )
    return made


def _text(value: Any) -> str:
    """Return what an input was, nothing where it is unknown."""
    import pandas as pd

    return "" if pd.isna(value) else f"{value:.12g}" if isinstance(value, float) else str(value)


def thumbnail(path: str) -> str:
    """Return a picture as a small JPEG in a data URI; nothing where it cannot be read."""
    from common.vision.pictures.decode import decode

    try:
        return data_uri(decode(read_bytes(path), _SIDE, "crop"))
    except (KitError, OSError):
        return ""


def masked(predicted: Predicted, row: int, path: str) -> str:
    """Return a picture twice in a data URI, with its true mask over it and with the one out of fold; nothing as above."""
    import numpy as np

    from common.masks import COLUMNS, ROWS
    from common.vision.pictures.decode import decode_whole
    from common.vision.segmentation.figures import over
    from common.vision.segmentation.task import MaskTask

    try:
        task, truth = MaskTask.of(predicted.competition), predicted.truth.iloc[row]
        pixels = decode_whole(read_bytes(path), 2 * _SIDE)
        size = int(truth[ROWS]), int(truth[COLUMNS])
        answer, cell = task.truth(truth[task.target], size), predicted.submitted[row, 0]
        given = cell if task.cell.kind == "pixels" else task.truth(cell, size)
        gap = np.full((len(pixels), 4, 3), 255, np.uint8)
        return data_uri(np.hstack((over(pixels, answer, task.first_layer), gap, over(pixels, given, task.first_layer))))
    except (KitError, OSError):
        return ""


def colours(competition: Competition) -> dict[str, str]:
    """Return the colours of `masked` by the names of the classes of pixels, nothing where those are not predicted."""
    if competition.predicts != "masks":
        return {}
    from common.vision.segmentation.figures import key
    from common.vision.segmentation.task import MaskTask

    return key(MaskTask.of(competition))


def data_uri(pixels: NDArray[Any], quality: int = 72) -> str:
    """Return pixels (rows, columns, 3) as a JPEG in a data URI."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def by_value(predicted: Predicted, rows: DataFrame, wrong: NDArray[float64]) -> list[dict[str, Any]]:
    """Return, for the columns whose values the error depends on most, the values with the largest mean error.

    Of a column of users or places these are the ones that the model knows least about.
    """
    import numpy as np
    import pandas as pd

    hidden = {*predicted.competition.targets, predicted.competition.files.train.id}
    files = {column.name for column in predicted.competition.files.train.columns if column.kind in ("file", "date")}
    found = []
    for name in [str(each) for each in rows if each not in hidden | files]:
        codes, values = pd.factorize(rows[name])
        if not 1 < len(values) <= max(_MANY * len(rows), 12) or (rows[name].dtype.kind == "f" and len(values) > 50):
            continue
        counts = np.bincount(codes[codes >= 0], minlength=len(values))
        means = np.bincount(codes[codes >= 0], wrong[codes >= 0], minlength=len(values)) / np.maximum(counts, 1)
        enough = counts >= LEAST
        if enough.sum() < 2:
            continue
        # What the values explain beyond chance, as in an analysis of variance.
        between = float((counts[enough] * (means[enough] - wrong.mean()) ** 2).sum() / (enough.sum() - 1))
        order = [number for number in np.argsort(-means, kind="stable") if enough[number]][:_VALUES]
        table = [(str(values[number]), int(counts[number]), float(means[number])) for number in order]
        found.append((between / max(float(wrong.var()), 1e-300), {"column": name, "rows": table}))
    found.sort(key=lambda each: -each[0])
    return [each for weight, each in found[:_COLUMNS] if weight > 2]
