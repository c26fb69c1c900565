"""Many rows as one: what summarises the rows of an item, or of a file of its own; and a picture as a few numbers."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.cache import cached, entry_name
from common.competition import Folder
from common.data import folders, formats
from common.data.types import as_text, natural
from common.data.zipped import members, read_bytes, stamp
from common.environment import detect
from common.errors import DataError
from common.wording import first_line

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

ROWS = "rows"
_PER_FILE = ("mean", "std", "min", "5%", "50%", "95%", "max", "first", "last", "step", "missing")
_CHARACTERS = 400  # of the words that an item's rows hold together
_TABLE = "summaries.parquet"
_PARTS, _SIDE = 4, 32  # in which a picture is divided along a side, and pixels of a side that are looked at


def summarised(frame: DataFrame, on: Sequence[str]) -> DataFrame:
    """Return one row for each item, as the columns `on` tell them apart.

    Columns keep their names with the cell of the item's first row. Beside them stand how many rows it has, of numbers the mean,
    the standard deviation, the least, the greatest, the last and the mean step from row to row, of anything else how many
    different cells there are and all of them, one after another.
    """
    import pandas as pd

    frame = frame.reset_index(drop=True)
    natural([frame], on)
    keys = list(on)
    groups: Any = frame.groupby(keys, sort=False, dropna=False)
    numeric = [name for name in frame if name not in on and pd.api.types.is_numeric_dtype(frame[name])]
    varying = [name for name in numeric if (groups[name].nunique() > 1).any()]
    made: list[Any] = [groups.head(1).set_index(keys), groups.size().rename(ROWS).astype("float64")]
    if varying:
        values: Any = groups[varying]
        for how in ("mean", "std", "min", "max", "last"):
            made.append(getattr(values, how)().add_suffix(f"_{how}"))
        steps: Any = pd.concat([frame[keys], values.diff().abs()], axis=1).groupby(keys, sort=False, dropna=False)
        made.append(steps[varying].mean().add_suffix("_step"))
    for name in frame:
        if name in on or name in numeric or pd.api.types.is_datetime64_any_dtype(frame[name]) or frame[name].is_unique:
            continue
        different: Any = frame[[*keys, name]].drop_duplicates()
        cells = different.groupby(keys, sort=False, dropna=False)[name]
        made += [
            cells.size().astype("float64").rename(f"{name}_different"),
            cells.agg(_one_after_another).rename(f"{name}_all"),
        ]
    result: DataFrame = pd.concat(made, axis=1).copy().reset_index()
    return result


def _one_after_another(cells: Series[Any]) -> str:
    return " ".join(as_text(cells))[:_CHARACTERS]


def of_files(folder: Path, source: Folder) -> DataFrame:
    """Return one row for each file: its id, and what summarises it, of a table each of its columns of numbers.

    Of a picture that are its size, the mean of each colour in each of 4 x 4 parts, and how much each varies.

    They are made once, and kept in the cache.

    Raises:
        DataError: if a file cannot be read.
    """
    import pandas as pd

    paths = {
        _id_of(source, PurePosixPath(name)): f"{container}/{name}"
        for container in folders.containers(folder, source)
        for name in members(container)
        if PurePosixPath(name).suffix.lower() in source.suffixes
    }
    if not paths:
        raise DataError(f"no {'/'.join(source.suffixes)} files of {source.file} in {folder}")

    def make(entry: Path) -> None:
        rows = [
            _of_picture(path) if path.lower().endswith(formats.PICTURES) else _of_file(path) for path in paths.values()
        ]
        pd.DataFrame(rows, index=pd.Index([*paths], name=source.id)).reset_index().to_parquet(entry / _TABLE)

    about = [source.id, source.keep_suffix, source.called, _PARTS, _SIDE, *_PER_FILE]
    name = entry_name("summaries", about, (f"{path} {stamp(path)}" for path in paths.values()))
    made: DataFrame = cached(detect().cache, name, make, lambda entry: pd.read_parquet(entry / _TABLE))
    return made


def _id_of(source: Folder, path: PurePosixPath) -> str:
    return path.name if source.keep_suffix else source.id_of(str(path.with_suffix(""))).rpartition("/")[2]


def _of_file(path: str) -> dict[str, float]:
    columns, values = _numbers_of(path)
    made = {ROWS: float(len(values))}
    for name, cells in zip(columns, values.T, strict=True):
        made |= {f"{name}_{how}": number for how, number in zip(_PER_FILE, _statistics(cells), strict=True)}
    return made


def _of_picture(path: str) -> dict[str, float]:
    import numpy as np
    from PIL import Image

    data = read_bytes(path)
    try:
        with Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            image.draft("RGB", (_SIDE, _SIDE))
            pixels = np.asarray(image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float64)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}") from None
    step = _SIDE // _PARTS
    means = pixels.reshape(_PARTS, step, _PARTS, step, 3).mean(axis=(1, 3))
    made = {"width": float(width), "height": float(height), "bytes": float(len(data))}
    for place, colour in enumerate(("red", "green", "blue")):
        made[f"{colour}_varies"] = float(pixels[..., place].std())
        made[f"{colour}_edges"] = float(np.abs(np.diff(pixels[..., place], axis=0)).mean())
        made |= {
            f"{colour}_{row}_{column}": float(means[row, column, place])
            for row in range(_PARTS)
            for column in range(_PARTS)
        }
    return made


def _numbers_of(path: str) -> tuple[list[str], NDArray[float64]]:
    """Return the names and the values (rows, columns) of a file's columns of numbers."""
    import numpy as np
    import pandas as pd

    data = read_bytes(path)
    try:
        if formats.known(path):
            frame = formats.read(data, path)
        else:
            separator = "\t" if b"\t" in data[:2000] and b"," not in data[:2000] else ","
            frame = pd.read_csv(io.BytesIO(data), sep=separator)
    except ValueError as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}") from None
    frame = frame.select_dtypes("number")
    return list(map(str, frame)), frame.to_numpy(np.float64)


def _statistics(cells: NDArray[float64]) -> Sequence[float]:
    import numpy as np

    filled = cells[np.isfinite(cells)]
    if not len(filled):
        return (*[float("nan")] * (len(_PER_FILE) - 1), 1.0)
    low, *middle, high = np.quantile(filled, (0, 0.05, 0.5, 0.95, 1))
    step = np.abs(np.diff(filled)).mean() if len(filled) > 1 else 0.0
    return [
        filled.mean(), filled.std(), low, *middle, high, filled[0], filled[-1], step, 1 - len(filled) / len(cells)
    ]  # fmt: skip
