"""Delimited text to the letter, as it is packed and saved elsewhere: what is wrong with it is said by its line."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from common.data import formats, unpacked
from common.data.archives import BROKEN, remedy
from common.data.records import divided
from common.data.zipped import listing, members
from common.errors import ArchiveError, DataError
from common.wording import first_line, listed, plural

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
MANY = 100  # columns whose names differ by a number only
LARGE = 4_000_000  # bytes: what is smaller is read with care at once
INDEX = "Unnamed: 0"  # what pandas calls a first column that has no name, as it writes an index
UNNAMED = "col_"  # and the place of a column that has no name


def kind_of(data: bytes) -> str | None:
    """Return what a file is that is no table at all, by its first bytes."""
    start = data[:200].lstrip()[:30]
    return next(
        (kind for mark, kind in _KINDS.items() if start.startswith(mark) or start.lower().startswith(mark)), None
    )


def content(path: Path, name: str | None = None) -> bytes:
    """Return a table's bytes; an archive of one file, or that holds the file `name`, is unpacked, whatever its name ends with.

    Raises:
        DataError: if it cannot be read, or is no table.
    """
    name = name or path.name.removesuffix(".zip")
    try:
        if unpacked.stem(path.name) is not None:
            path = _only(path, unpacked.unpacked(path), name)
        with path.open("rb") as file:
            packed = file.read(4).startswith(_ZIP) and not path.name.endswith(".npz")
        data = _unzipped(path, path, name) if packed else path.read_bytes()
        while packed and data.startswith(_ZIP):  # an archive may lie in another
            data = _unzipped(io.BytesIO(data), path, name)
        if data.startswith(_GZIP):
            data = gzip.decompress(data)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; download it again") from None
    except BROKEN as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}; {remedy(error)}") from None
    if not formats.known(name) and (kind := kind_of(data)) is not None:
        raise DataError(f"{path} is {kind}, not a table")
    return data


def _unzipped(file: Path | BinaryIO, path: Path, name: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        files = listing(archive)
        return archive.read(files[_named(path, [*files], name)])


def located(folder: Path, file: str) -> list[Path]:
    """Return the file of a table in a folder, packed or not, as a list of one or none.

    It may be packed by itself, as `train.csv.zip`, or lie in an archive of its name, as in `train.zip`, or of the name of its
    folder.
    """
    at = folder / file
    alone = (at.with_name(at.name + ending) for ending in ("", ".zip", ".gz", *unpacked.ENDINGS))
    tops = [at.with_name(at.stem), *at.parents[: len(at.parents) - len(folder.parents) - 1]]
    within = (top.with_name(top.name + ending) for top in tops for ending in (".zip", *unpacked.ENDINGS))
    found = chain(
        (path for path in alone if path.is_file()),
        (path for path in within if path.is_file() and holds(path, at.name)),
    )
    return [path for path in [next(found, None)] if path is not None]


def holds(archive: Path, name: str) -> bool:
    """Return whether an archive has a file of that name, in whatever folder."""
    try:
        names = members(archive if archive.suffix == ".zip" else unpacked.unpacked(archive))
    except (DataError, ArchiveError):  # it is said when it is read
        return False
    return any(each.rpartition("/")[2] in (name, f"{name}.zip", f"{name}.gz") for each in names)


def _only(archive: Path, folder: Path, name: str) -> Path:
    return folder / _named(archive, members(folder), name)


def _named(archive: Path, files: list[str], name: str) -> str:
    tables = [file for file in files if file.rpartition("/")[2] == name] or files
    if len(tables) != 1:
        raise DataError(f"{archive} is an archive of {listed(files) or 'nothing'}, not of one table; unpack it")
    return tables[0]


def to_text(data: bytes, path: Path | str, tolerate: Tolerate | None = None, encoding: str = "utf-8") -> str:
    """Return a file's text, without a byte order mark.

    Raises:
        DataError: with the position of the first byte that is no UTF-8, unless that is tolerated.
    """
    if encoding != "utf-8":
        return data.decode(encoding, errors="replace")
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
    path: Path,
    separator: str = ",",
    quoting: Literal["minimal", "none"] = "minimal",
    tolerate: Tolerate | None = None,
    name: str | None = None,
    encoding: str = "utf-8",
    *,
    header: bool = True,
    names: Sequence[str] = (),
    index: str | None = None,
) -> tuple[DataFrame, Sequence[int]]:
    """Read a table, every cell of delimited text as it stands in the file; columns without a name are left out, but for `index`.

    Args:
        path: the file or archive.
        separator: what stands between fields.
        quoting: whether quotes are read as such.
        tolerate: see below.
        name: the table's name, where the file is an archive that holds it.
        encoding: of the text.
        header: whether the first line of a text names the columns.
        names: of all columns, instead of those; without both they are called col_0, col_1, …
        index: what a first column without a name is called, if no other is called so.

    Returns:
        The rows, and the line of the file on which each begins (of other formats the number of the row).

    Raises:
        DataError: if it cannot be read, holds no rows, or a line has more or fewer fields than the header; where that is
            tolerated, such a line is cut or filled with empty cells.
    """
    import pandas as pd

    data = content(path, name)
    if formats.known(name or path.name):
        frame = formats.read(data, name or path.name)
        return _called(frame, path, names), range(1, len(frame) + 1)
    if not header:
        data = _named_columns(data, separator)
    if (
        len(data) > LARGE
        and quoting == "minimal"
        and encoding == "utf-8"
        and (fast := _fast(data, separator)) is not None
    ):
        return _called(fast, path, names), _Lines(path, name, separator, header=header)
    text = to_text(data, path, tolerate, encoding)
    if "\n" not in text:  # as old Macs end lines
        text = text.replace("\r", "\n")
    lines, records = divided(text, path, separator, csv.QUOTE_NONE if quoting == "none" else csv.QUOTE_MINIMAL)
    if not records:
        raise DataError(f"{path} is empty")
    first = 0 if header else 1  # the header that was put before them is no line of theirs
    lines, named, records = [line - first for line in lines[1:]], records[0], records[1:]
    if twice := [name for name, count in Counter(named).items() if name and count > 1]:
        raise DataError(f"{path} has more than one column {listed(map(repr, twice))}; rename or remove one")
    named[:1] = [index] if index and not named[0] and index not in named else named[:1]
    if not records:
        raise DataError(f"{path} has a header but no rows")
    if wrong := [row for row, record in enumerate(records) if len(record) != len(named)]:
        where = listed(f"line {lines[row]} has {len(records[row])}" for row in wrong)
        problem = f"{path} has lines without exactly {len(named)} fields, as the header has: {where}"
        if tolerate is None:
            raise DataError(problem)
        tolerate(problem)
        for row in wrong:
            records[row] = [*records[row], *[""] * len(named)][: len(named)]
    columns = zip(named, zip(*records, strict=True), strict=True)
    frame = pd.DataFrame({name: list(cells) for name, cells in columns if name}, dtype=str)
    return _called(frame, path, names), lines


def _named_columns(data: bytes, separator: str) -> bytes:
    """Return a text without a header with one."""
    data = data.removeprefix(codecs.BOM_UTF8)
    first = data.partition(b"\n")[0].decode(errors="replace")
    names = [f"{UNNAMED}{place}" for place in range(len(next(csv.reader([first], delimiter=separator), [])))]
    return f"{separator.join(names)}\n".encode() + data


def _called(frame: DataFrame, path: Path, names: Sequence[str]) -> DataFrame:
    """Return a table whose columns have other names than in the file."""
    if not names:
        return frame
    if len(names) != frame.shape[1]:
        raise DataError(f"{path} has {plural(frame.shape[1], 'column')}, and {len(names):,} are named")
    return frame.set_axis(list(names), axis=1)


def _fast(data: bytes, separator: str) -> DataFrame | None:
    """Return the rows of a large file without faults, or None where anything is doubtful: it is read again with care."""
    import warnings

    import pandas as pd

    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return None
    options: dict[str, Any] = {
        "sep": separator,
        "keep_default_na": False,
        "na_values": [],
        "index_col": False,
    }
    try:
        header = next(csv.reader([data[: data.index(b"\n")].decode("utf-8-sig")], delimiter=separator))
        if len(set(header)) < len(header) or "" in header or len(header) < 2:
            return None
        options["dtype"] = dict.fromkeys({*header} - _numbered(header), str)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a line with more fields than the header is cut with a warning
            try:
                frame = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig", **options)  # part by part
            except pd.errors.DtypeWarning:  # a number here, a word there
                frame = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig", low_memory=False, **options)
    except (ValueError, StopIteration, Warning):
        return None
    return None if frame.empty or list(frame) != header or frame.isna().any(axis=None) else frame.copy()


def _numbered(header: list[str]) -> set[str]:
    """Return the columns that are many of a kind, as pixels are: measurements, which may be read as numbers at once."""
    words = Counter(name.rstrip("0123456789") for name in header)
    return {name for name in header if words[name.rstrip("0123456789")] >= MANY}


class _Lines(Sequence[int]):
    """The line of a file on which each row begins, found when it is asked for: only errors need it."""

    def __init__(self, path: Path, name: str | None, separator: str, *, header: bool) -> None:
        self._path, self._name, self._separator, self._first = path, name, separator, int(header)

    @cached_property
    def _lines(self) -> list[int]:
        text = to_text(content(self._path, self._name), self._path)
        return divided(text, self._path, self._separator, csv.QUOTE_MINIMAL)[0][self._first :]

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, row: Any) -> Any:
        return self._lines[row]
