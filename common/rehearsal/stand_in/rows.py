"""Rows of a competition's data as text, exactly as its files have them: read, and written as another set.

A frame of rows has the columns of the file as text. Rows of a `Folder` are files: their frame has the columns ID and
FILE, and the label's.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from common import data
from common.competition import Column, Folder, Source, Table
from common.data.zipped import ARCHIVE, listing, members, read_bytes
from common.errors import DataError
from common.wording import first_line

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ID, FILE = "id", "file"


def present(folder: Path, source: Source) -> Source:
    """Return what holds the rows in a data folder: the source, or the folder that replaces a missing table.

    Raises:
        DataError: if neither is there.
    """
    if data.locate(folder, source) is None:
        raise DataError(f"file not found: {folder / source.file}")
    if isinstance(source, Table) and source.instead and not data.locate(folder, replace(source, instead=None)):
        return source.instead
    return source


def read(folder: Path, source: Source) -> DataFrame:
    """Return the rows of a source that is present.

    Raises:
        DataError: if it cannot be read.
    """
    if isinstance(source, Table):
        return _read_table(folder, source)
    label = [] if source.label is None else [Column(name=source.label, kind="category")]
    columns = (Column(name=ID, kind="id"), Column(name=FILE, kind="file"), *label)
    return data.read_rows(folder, replace(source, columns=columns))


def paths(folder: Path, source: Source) -> list[Path]:
    """Return the files and folders of a data folder that hold the rows of a source, in any format."""
    instead = source.instead if isinstance(source, Table) else None
    return [*data.paths(folder, source), *(data.paths(folder, instead) if instead else [])]


def ids(frame: DataFrame, source: Source) -> Series[str]:
    """Return the rows' ids as a submission spells them.

    Raises:
        DataError: for a table without an id column.
    """
    if isinstance(source, Folder):
        return frame[ID]
    if source.id is None:
        raise DataError(f"{source.file} has no id column, so its rows cannot be graded")
    if source.id not in frame:  # the number of the row is the id
        first = next(column.counted_from for column in source.columns if column.name == source.id) or 0
        return numbers(frame, first)
    # Read with quoting=3 the quotes are part of the id; a submission is ordinary CSV, where they are not.
    return frame[source.id].str.strip('"') if source.quoting == "none" else frame[source.id]


def numbers(frame: DataFrame, first: int) -> Series[str]:
    """Return the rows' numbers, counted from `first`, as text."""
    import pandas as pd

    return pd.Series(range(first, first + len(frame)), index=frame.index).astype(str)


def write(frame: DataFrame, folder: Path, source: Source) -> None:
    """Write rows as the source's table, or as an archive with a file for each, named by its id."""
    if isinstance(source, Table):
        for file, (first, last) in source.portions(len(frame)).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            _write_table(frame.iloc[first:last], folder / file, source)
        return
    name, content = source.folders[0], []
    for row_id, file in zip(frame[ID], frame[FILE], strict=True):
        member = zipfile.ZipInfo(f"{name}/{row_id}{Path(file).suffix.lower()}")  # dated 1980: reveals nothing
        member.compress_type = zipfile.ZIP_DEFLATED
        content.append((member, file))
    _pack(folder / f"{name}{ARCHIVE}", content)


def write_without(hidden: Collection[str], data_folder: Path, folder: Path, source: Folder) -> None:
    """Write a folder source's files, as folders and archives as they are, without those of hidden rows."""
    excluded = set(hidden)
    for path in data.paths(data_folder, source):
        names = [name for name in members(path) if f"{path}/{name}" not in excluded]
        if path.is_dir():
            for name in names:
                link(path / name, folder / path.name / name)
            continue
        with zipfile.ZipFile(path) as old:
            infos = listing(old)
        _pack(folder / path.name, [(infos[name], f"{path}/{name}") for name in names])


def link(source: Path, target: Path) -> None:
    """Put a file into another folder, without a copy where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _pack(archive: Path, content: Iterable[tuple[zipfile.ZipInfo, str]]) -> None:
    """Write an archive of members, each with the bytes of a file, which may be a member of another archive."""
    with zipfile.ZipFile(archive, "w") as opened:
        for member, file in content:
            opened.writestr(member, read_bytes(file))


def _read_table(folder: Path, table: Table) -> DataFrame:
    import pandas as pd

    paths = data.paths(folder, replace(table, instead=None))
    if not paths:
        raise DataError(f"file not found: {folder / table.file}")
    quoting: Literal[0, 3] = 3 if table.quoting == "none" else 0  # csv.QUOTE_NONE, QUOTE_MINIMAL
    frames = []
    try:
        for path in paths:
            frames.append(pd.read_csv(path, sep=table.separator, quoting=quoting, dtype=str, keep_default_na=False))
    except (ValueError, OSError, zipfile.BadZipFile) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"{path} cannot be read: {first_line(error)}") from None
    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _write_table(frame: DataFrame, path: Path, table: Table) -> None:
    if table.quoting == "none":  # no quoting, no escaping: the lines as they were
        lines = [table.separator.join(row) for row in [list(frame.columns), *frame.to_numpy().tolist()]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        frame.to_csv(path, sep=table.separator, index=False, lineterminator="\n")
