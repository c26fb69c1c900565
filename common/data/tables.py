"""Delimited text to the letter, as it is packed and saved elsewhere: what is wrong with it is said by its line."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from common.data.archives import BROKEN, remedy
from common.data.zipped import listing
from common.errors import DataError
from common.wording import first_line, listed

if TYPE_CHECKING:
    from pandas import DataFrame

Tolerate = Callable[[str], None]
"""Is told of a fault that would be an error otherwise."""

_ZIP, _GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"
_KINDS = {
    b"PK\x03\x04": "a zip archive or a workbook",
    _GZIP: "a gzip archive",
    b"PAR1": "a Parquet file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"version https://git-lfs": "a Git LFS pointer (git lfs pull gets the file)",
    b"<!doctype html": "a web page, perhaps one to log in (kit download gets the file)",
    b"<html": "a web page, perhaps one to log in (kit download gets the file)",
}
_END = "\0end of the file\0"


def kind_of(data: bytes) -> str | None:
    """Return what a file is that is no table at all, by its first bytes."""
    start = data[:200].lstrip()[:30]
    return next(
        (kind for mark, kind in _KINDS.items() if start.startswith(mark) or start.lower().startswith(mark)), None
    )


def content(path: Path) -> bytes:
    """Return a table's bytes; a zip archive of one file and a gzip archive are unpacked, whatever their names end with.

    Raises:
        DataError: if it cannot be read or is no text.
    """
    try:
        data = path.read_bytes()
        if data.startswith(_ZIP):
            with zipfile.ZipFile(path) as archive:
                files = listing(archive)
                tables = [name for name in files if name.rpartition("/")[2] == path.name.removesuffix(".zip")] or [
                    *files
                ]
                if len(tables) != 1:
                    raise DataError(
                        f"{path} is a zip archive of {listed(files) or 'nothing'}, not of one table; unpack it"
                    )
                data = archive.read(files[tables[0]])
        elif data.startswith(_GZIP):
            data = gzip.decompress(data)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; download it again") from None
    except BROKEN as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}; {remedy(error)}") from None
    if (kind := kind_of(data)) is not None:
        raise DataError(f"{path} is {kind}, not a table")
    return data


def to_text(data: bytes, path: Path | str, tolerate: Tolerate | None = None) -> str:
    """Return a file's UTF-8 text, without a byte order mark.

    Raises:
        DataError: with the position of the first byte that is no UTF-8, unless that is tolerated.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start + len(data) - len(error.object)  # which is without the mark
        line = data.count(b"\n", 0, at) + 1
        problem = f"{path} is not UTF-8 text (byte {at}, in line {line}, is {data[at]:#04x}); save it as UTF-8"
        if tolerate is None:
            raise DataError(problem) from None
        tolerate(problem)
        return data.decode("utf-8-sig", errors="replace")


def read(
    path: Path, separator: str = ",", quoting: Literal["minimal", "none"] = "minimal", tolerate: Tolerate | None = None
) -> tuple[DataFrame, list[int]]:
    """Read a table, every cell as the text in the file; columns without a name are left out.

    Returns:
        The rows, and the line of the file on which each begins.

    Raises:
        DataError: if it cannot be read, holds no rows, or a line has more or fewer fields than the header; where that is
            tolerated, such a line is cut or filled with empty cells.
    """
    import pandas as pd

    text = to_text(content(path), path, tolerate)
    if "\n" not in text:  # as old Macs end lines
        text = text.replace("\r", "\n")
    lines, records = _records(text, path, separator, csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL)
    if not records:
        raise DataError(f"{path} is empty")
    lines, header, records = lines[1:], records[0], records[1:]
    if twice := [name for name, count in Counter(header).items() if name and count > 1]:
        raise DataError(f"{path} has more than one column {listed(map(repr, twice))}; rename or remove one")
    if not records:
        raise DataError(f"{path} has a header but no rows")
    if wrong := [row for row, record in enumerate(records) if len(record) != len(header)]:
        where = listed(f"line {lines[row]} has {len(records[row])}" for row in wrong)
        problem = f"{path} has lines without exactly {len(header)} fields, as the header has: {where}"
        if tolerate is None:
            raise DataError(problem)
        tolerate(problem)
        for row in wrong:
            records[row] = [*records[row], *[""] * len(header)][: len(header)]
    columns = zip(header, zip(*records, strict=True), strict=True)
    return pd.DataFrame({name: list(cells) for name, cells in columns if name}, dtype=str), lines


def _records(text: str, path: Path, separator: str, quoting: int) -> tuple[list[int], list[list[str]]]:
    """Return the records but blank ones, and the line on which each begins, as an editor counts them."""
    limit = csv.field_size_limit(len(text) + len(_END))
    reader = csv.reader(chain(io.StringIO(text, newline="\n"), [_END]), delimiter=separator, quoting=quoting)  # type: ignore[arg-type]
    lines, records, line = [], [], 1
    try:
        for record in reader:
            if len(record) > 1 or any(map(str.strip, record)):
                lines.append(line)
                records.append(record)
            line = reader.line_num + 1
    except csv.Error:
        raise DataError(
            f"{path}: line {reader.line_num} holds a carriage return that ends no line; remove it or quote the cell"
        ) from None
    finally:
        csv.field_size_limit(limit)
    if records.pop() != [_END]:
        raise DataError(f"{path}: the quote that opens in line {lines[-1]} is never closed")
    return lines[:-1], records
