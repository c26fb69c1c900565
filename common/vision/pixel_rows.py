"""Pictures whose pixels stand in the columns of a table, or in one cell: they become files, and are pictures like any other."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING

from common.cache import cached, entry_name
from common.errors import DataError
from common.model import Context
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.data.frames import Frames

ARCHIVE = "pictures.zip"
VERSION = 1  # of how files are made; another one makes every entry anew


def as_files(frames: Frames, prefix: str, picture: str, max_bytes: int, context: Context) -> Frames:
    """Return the frames with a column of files instead of those of pixels.

    Args:
        frames: rows of pixels from 0 to 255, grey or red, green and blue of each, line by line: in the columns `prefix`0,
            `prefix`1, …, or with blanks between them in the column `prefix`.
        prefix: what their names begin with.
        picture: the name of the new column.
        max_bytes: of disk for the cache.
        context: gives the cache.

    Raises:
        DataError: if they are no square, or a row is too short or holds anything else.
    """
    tables = {"train": frames.train, "test": frames.test}
    tables = {
        name: frame if frame is None or prefix not in frame else _apart(frame, prefix, name)
        for name, frame in tables.items()
    }
    parts = {name: (frame, _columns(frame, prefix)) for name, frame in tables.items() if frame is not None}
    if frames.train is not None and parts["train"][1] != parts["test"][1]:
        counts = [plural(len(columns), "pixel") for _, columns in parts.values()]
        raise DataError(f"rows of the train table have {counts[0]}, those of the test table {counts[1]}")
    made = {
        name: _as_files(frame, columns, name, picture, max_bytes, context) for name, (frame, columns) in parts.items()
    }
    return replace(frames, train=made.get("train"), test=made["test"])


def _apart(frame: DataFrame, column: str, part: str) -> DataFrame:
    """Return rows with a column for each pixel in place of one that holds all.

    Raises:
        DataError: if a cell holds something else than numbers, or another count of them.
    """
    import numpy as np
    import pandas as pd

    cells = frame[column].tolist()
    width = len(cells[0].split())
    rows = np.empty((len(cells), width), np.float32)
    for row, cell in enumerate(cells):
        try:
            rows[row] = np.array(cell.split(), np.float32)
        except ValueError:
            raise DataError(
                f"row {row + 1:,} of the {part} table has no {plural(width, 'pixel')} in {column!r}: {cell[:40]!r}…"
            ) from None
    pixels = pd.DataFrame(rows, index=frame.index, columns=[f"{column}{place}" for place in range(width)])
    return pd.concat([frame.drop(columns=column), pixels], axis=1)


def _columns(frame: DataFrame, prefix: str) -> list[str]:
    """Return the columns of pixels in the order of their numbers."""
    matches = (re.fullmatch(rf"{re.escape(prefix)}(\d+)", str(name)) for name in frame.columns)
    return [name for _, name in sorted((int(match[1]), match[0]) for match in matches if match)]


def _as_files(
    frame: DataFrame, columns: list[str], part: str, picture: str, max_bytes: int, context: Context
) -> DataFrame:
    pixels = _pixels(frame, columns, part)
    name = entry_name("pixels", [VERSION, pixels.shape, hashlib.sha256(pixels.data).hexdigest()])
    folder = cached(
        context.cache, name, lambda made: _write(pixels, made / ARCHIVE), _opened, max_bytes=max_bytes,
        need=pixels.size,
    )  # fmt: skip
    paths = [f"{folder / ARCHIVE}/{row}.png" for row in range(len(frame))]
    return frame.drop(columns=columns).assign(**{picture: paths})


def _pixels(frame: DataFrame, columns: list[str], part: str) -> NDArray[np.uint8]:
    """Return the pixels of n rows (n, side, side), or (n, side, side, 3)."""
    import numpy as np
    from pandas.api.types import is_numeric_dtype

    shapes = [(isqrt(len(columns) // each), each) for each in (1, 3)]
    side, channels = next((each for each in shapes if each[0] ** 2 * each[1] == len(columns)), (0, 0))
    if not columns or not side:
        raise DataError(f"rows of the {part} table have {plural(len(columns), 'pixel')}, which make no square picture")
    if other := next((name for name in columns if not is_numeric_dtype(frame[name])), None):
        raise DataError(f"column {other!r} of the {part} table holds something else than numbers")
    values = frame[columns].to_numpy(np.float32)
    if (wrong := ~((values >= 0) & (values <= 255))).any():  # or NaN
        row = int(wrong.any(axis=1).argmax())
        raise DataError(
            f"row {row + 1:,} of the {part} table has {plural(int(wrong[row].sum()), 'pixel')} that are empty or not from 0 "
            f"to 255, the first {columns[wrong[row].argmax()]}"
        )
    return np.ascontiguousarray(values.round(), np.uint8).reshape(-1, side, side, *[channels] * (channels > 1))


def _write(pixels: NDArray[np.uint8], path: Path) -> None:
    from PIL import Image

    with zipfile.ZipFile(path, "w") as archive:
        for row, values in enumerate(pixels):
            Image.fromarray(values).save(buffer := io.BytesIO(), "PNG", compress_level=1)
            archive.writestr(zipfile.ZipInfo(f"{row}.png"), buffer.getvalue())


def _opened(folder: Path) -> Path:
    with zipfile.ZipFile(folder / ARCHIVE):
        return folder
