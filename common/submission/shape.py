"""Submissions that are no table with a row for each id: a row for each object, ids in parts, an archive of PNG files.

In memory all have a row for each id: the objects of one picture are one cell, a mask of class numbers is an array.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.data.joining import divided, made_id
from common.data.zipped import members, read_bytes
from common.errors import DataError, MaskError, SubmissionError
from common.files import atomic_write
from common.masks import OBJECTS, files

if TYPE_CHECKING:
    from pandas import DataFrame

_PNG = ".png"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes every day


def apart(frame: DataFrame, format: SubmissionFormat) -> DataFrame:
    """Return a frame with a row for each object, where the file has one; other frames as they are."""
    if not format.objects:
        return frame
    target = format.targets[0]
    return frame.assign(**{target: frame[target].str.split(OBJECTS)}).explode(target, ignore_index=True)


def together(frame: DataFrame, format: SubmissionFormat) -> DataFrame:
    """Return a frame with a row for each id, in the order of their first rows: what `apart` was given."""
    if not format.objects:
        return frame
    target = format.targets[0]
    cells = frame[target].replace(format.cell.empty, "") if format.cell.empty else frame[target]
    joined = cells.groupby(frame[format.id], sort=False).agg(lambda each: OBJECTS.join(filter(None, each)))
    return joined.reset_index()[list(format.columns)]


def with_id(frame: DataFrame, format: SubmissionFormat) -> DataFrame:
    """Return a file's rows with the id, where the file has its parts instead."""
    if not format.parts or format.id in frame:
        return frame
    return frame.assign(**{format.id: made_id(frame, format.parts)})


def with_parts(frame: DataFrame, format: SubmissionFormat) -> DataFrame:
    """Return rows with the parts of their ids, where they lack them: only the first may hold the mark that joins them."""
    if {*format.parts} <= {*frame}:
        return frame
    return frame.assign(**divided(frame[format.id], format.parts))


def write_archive(frame: DataFrame, path: Path, format: SubmissionFormat) -> None:
    """Write a PNG file for each row into an archive: whole or not at all, the same bytes every time."""
    with atomic_write(path) as handle, zipfile.ZipFile(handle, "w") as archive:
        for name, mask in zip(frame[format.id], frame[format.targets[0]], strict=True):
            archive.writestr(zipfile.ZipInfo(f"{name}{format.cell.after_id}{_PNG}", _EPOCH), files.to_png(mask))


def masks_in(path: Path, format: SubmissionFormat) -> dict[str, str]:
    """Return the path of each mask in a folder or an archive by the id that it is of, or by its name if it has none.

    Raises:
        SubmissionError: if there is no such folder or archive.
    """
    try:
        names = [name for name in members(path) if name.lower().endswith(_PNG)] if path.exists() else []
    except DataError as error:
        raise SubmissionError(str(error)) from None
    if not names:
        raise SubmissionError(f"{path} is no folder and no zip archive of PNG files")
    found: dict[str, str] = {}
    for name in names:
        stem, after = PurePosixPath(name).stem, format.cell.after_id
        id = stem.removesuffix(after) if stem.endswith(after) else PurePosixPath(name).name
        if id in found:
            raise SubmissionError(f"{path} holds two masks of {id!r}: {found[id]} and {name}")
        found[id] = f"{path}/{name}"
    return found


def read(path: Path, format: SubmissionFormat) -> DataFrame:
    """Return a submission that is an archive or a folder, a row for each mask.

    Raises:
        SubmissionError: if a file is no mask of the labels.
    """
    import numpy as np
    import pandas as pd

    found = masks_in(path, format)
    masks: Any = np.empty(len(found), object)
    for row, file in enumerate(found.values()):
        try:
            masks[row] = files.checked(files.from_png(read_bytes(file)), format.cell.labels, None)
        except MaskError as error:
            raise SubmissionError(f"{file}: {error}") from None
    return pd.DataFrame({format.id: list(found), format.targets[0]: masks})
