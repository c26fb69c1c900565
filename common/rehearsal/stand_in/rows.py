"""Rows of a competition's data, to the letter as its files spell them: read, and written as a set of their own.

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
from common.data.zipped import ARCHIVE, members, plain, read_bytes
from common.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ID, FILE = "id", "file"


def present(place: Path, source: Source) -> Source:
    """Return what holds the rows in a data folder: the source, or the folder that is read in a missing table's place.

    Raises:
        DataError: if neither is there.
    """
    if data.locate(place, source) is None:
        raise DataError(f"{source.file} is not in {place}")
    if isinstance(source, Table) and source.instead and not data.locate(place, replace(source, instead=None)):
        return source.instead
    return source


def read(place: Path, source: Source) -> DataFrame:
    """Return the rows of a source that is present.

    Raises:
        DataError: if it cannot be read.
    """
    if isinstance(source, Table):
        return _read_table(place, source)
    label = [] if source.label is None else [Column(name=source.label, kind="category")]
    columns = (Column(name=ID, kind="id"), Column(name=FILE, kind="file"), *label)
    return data.read_rows(place, replace(source, columns=columns))


def places(place: Path, source: Source) -> list[Path]:
    """Return the files and folders of a data folder that hold the rows of a source, in whichever form."""
    instead = source.instead if isinstance(source, Table) else None
    return [*data.paths(place, source), *(data.paths(place, instead) if instead else [])]


def ids(frame: DataFrame, source: Source) -> Series[str]:
    """Return the rows' ids as a submission spells them.

    Raises:
        DataError: for a table without an id column.
    """
    if isinstance(source, Folder):
        return frame[ID]
    if source.id is None:
        raise DataError(f"{source.file} has no id column, so its rows cannot be graded")
    # Read with quoting=3 the quotes stand in the id; a submission is ordinary CSV, where they do not.
    return frame[source.id].str.strip('"') if source.quoting == "none" else frame[source.id]


def write(frame: DataFrame, folder: Path, source: Source) -> None:
    """Write rows as the source's table, or as an archive with a file for each, named by its id."""
    if isinstance(source, Table):
        _write_table(frame, folder / source.file, source)
        return
    name, content = source.folders[0], []
    for row_id, file in zip(frame[ID], frame[FILE], strict=True):
        member = zipfile.ZipInfo(f"{name}/{row_id}{Path(file).suffix.lower()}")  # dated 1980: tells nothing
        member.compress_type = zipfile.ZIP_DEFLATED
        content.append((member, file))
    _pack(folder / f"{name}{ARCHIVE}", content)


def write_without(hidden: Collection[str], place: Path, folder: Path, source: Folder) -> None:
    """Write a folder source's files anew, as folders and archives as they are, but for those of hidden rows."""
    gone = set(hidden)
    for found in data.paths(place, source):
        kept = [name for name in members(found) if f"{found}/{name}" not in gone]
        if found.is_dir():
            for name in kept:
                link(found / name, folder / found.name / name)
            continue
        with zipfile.ZipFile(found) as old:
            infos = {plain(info.filename): info for info in old.infolist()}
        _pack(folder / found.name, [(infos[name], f"{found}/{name}") for name in kept])


def link(source: Path, target: Path) -> None:
    """Put a file into another folder, without a copy where the file system can."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _pack(archive: Path, content: Iterable[tuple[zipfile.ZipInfo, str]]) -> None:
    """Write an archive of members, each with the bytes of a file that may lie in an archive itself."""
    with zipfile.ZipFile(archive, "w") as opened:
        for member, file in content:
            opened.writestr(member, read_bytes(file))


def _read_table(place: Path, table: Table) -> DataFrame:
    import pandas as pd

    path = data.locate(place, table)
    if path is None:
        raise DataError(f"{table.file} is not in {place}")
    quoting: Literal[0, 3] = 3 if table.quoting == "none" else 0  # csv.QUOTE_NONE, QUOTE_MINIMAL
    try:
        frame: DataFrame = pd.read_csv(path, sep=table.separator, quoting=quoting, dtype=str, keep_default_na=False)
    except (ValueError, OSError, zipfile.BadZipFile) as error:  # pandas' own errors are ValueErrors
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}") from None
    return frame


def _write_table(frame: DataFrame, path: Path, table: Table) -> None:
    if table.quoting == "none":  # no quoting, no escaping: the lines as they were
        lines = [table.separator.join(row) for row in [list(frame.columns), *frame.to_numpy().tolist()]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        frame.to_csv(path, sep=table.separator, index=False, lineterminator="\n")
