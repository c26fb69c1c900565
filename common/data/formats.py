"""Tables in other formats than delimited text: JSON, Parquet, NumPy; cells become text, but for columns of numbers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from math import prod
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from common.errors import DataError
from common.wording import first_line

if TYPE_CHECKING:
    from pandas import DataFrame
PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
"""Endings of pictures as cameras make them."""


def known(name: str) -> bool:
    """Return whether a file's name ends as one of a table in such a format."""
    return PurePath(name).suffix.lower() in _READERS


def read(data: bytes, name: str) -> DataFrame:
    """Return the rows of a table.

    A JSON table is a list of records, a record in each line, or a mapping of columns to cells; a nested value becomes JSON
    text, a list of words its words with blanks between them. NumPy arrays have the columns 0 to k - 1, of square pictures
    pixel0 to pixelk, or in an .npz file their names.

    Raises:
        DataError: if it cannot be read as the format that its name ends with, or holds no rows.
    """
    import pandas as pd

    try:
        frame: DataFrame = _READERS[PurePath(name).suffix.lower()](data)
    except DataError:
        raise
    except Exception as error:  # of three libraries, each with its own
        raise DataError(f"{name} cannot be read: {first_line(error)}") from None
    if frame.empty:
        raise DataError(f"{name} holds no rows")
    frame.columns = list(map(str, frame.columns))
    for column in frame:
        values = frame[column]
        if pd.api.types.is_bool_dtype(values):
            frame[column] = values.map({True: "True", False: "False"}).astype(str)
        elif not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)):
            frame[column] = pd.Series([_text(value) for value in values], dtype=str, index=frame.index)
    return frame.reset_index(drop=True)


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool | int | float | str):
        return str(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    words = isinstance(value, list) and all(isinstance(each, str) and len(each.split()) == 1 for each in value)
    return " ".join(value) if words else json.dumps(value, ensure_ascii=False, default=str)


def _json(data: bytes) -> DataFrame:
    import pandas as pd

    text = data.decode("utf-8-sig")
    try:
        held = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        held = [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(held, dict) and isinstance(held.get("images"), list):
        return _coco(held)
    if isinstance(held, dict):
        lists = {key: value for key, value in held.items() if isinstance(value, list)}
        if lists and all(isinstance(value, list | dict) for value in held.values()):
            lengths = {len(value) for value in lists.values()}
            if len(lengths) > 1:
                raise DataError(
                    f"it holds several tables ({', '.join(held)}); write the one that is meant to a file of its own"
                )
        return pd.DataFrame(held, dtype=object)
    if not isinstance(held, list) or not all(isinstance(row, dict) for row in held):
        raise DataError("it is no list of records")
    names = list(dict.fromkeys(key for row in held for key in row))
    # Cells as they are written: a whole number stays one beside an empty cell.
    return pd.DataFrame({name: pd.Series([row.get(name) for row in held], dtype=object) for name in names})


def _coco(held: dict[str, Any]) -> DataFrame:
    """Return a row for each image of COCO's format, with the columns of its first annotation and of that one's category."""
    import pandas as pd

    frame = pd.DataFrame(held["images"], dtype=object)
    if isinstance(marks := held.get("annotations"), list) and marks and "image_id" in marks[0]:
        more = pd.DataFrame(marks, dtype=object).drop(columns="id", errors="ignore").drop_duplicates("image_id")
        more = more.rename(columns={"image_id": "id"})
        new = [name for name in more if name == "id" or name not in frame]
        frame = frame.merge(more[new], on="id", how="inner")
    return frame


def _parquet(data: bytes) -> DataFrame:
    import pandas as pd

    return pd.read_parquet(io.BytesIO(data)).reset_index(drop=False).drop(columns="index", errors="ignore")


def _numpy(data: bytes) -> DataFrame:
    import numpy as np
    import pandas as pd

    held = np.load(io.BytesIO(data), allow_pickle=False)
    arrays = {name: held[name] for name in held.files} if hasattr(held, "files") else {"": held}
    columns: dict[str, Any] = {}
    for name, array in arrays.items():
        flat = array.reshape(len(array), -1)
        for number, values in zip(numbered(array.shape), flat.T, strict=True):
            columns[name if name and flat.shape[1] == 1 else f"{name}{'_' if name else ''}{number}"] = values
    return pd.DataFrame(columns)


def numbered(shape: tuple[int, ...]) -> list[str]:
    """Return the names of an array's columns: numbers, of square pictures with a word before them."""
    width = prod(shape[1:])
    picture = len(shape) in (3, 4) and shape[1] == shape[2] and prod(shape[3:]) in (1, 3)
    return [f"{'pixel' if picture else ''}{place}" for place in range(width)]


_READERS: dict[str, Callable[[bytes], Any]] = {
    ".json": _json,
    ".jsonl": _json,
    ".ndjson": _json,
    ".parquet": _parquet,
    ".npy": _numpy,
    ".npz": _numpy,
}
