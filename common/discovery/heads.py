"""The first rows of a table, whatever it is packed in: enough to see what its columns are, in a moment."""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Literal

from common.competition import Melt
from common.data import formats, types, unpacked
from common.data.archives import BROKEN
from common.data.tables import INDEX, UNNAMED
from common.discovery.columns import is_finite, is_number, plain
from common.discovery.packed import START, opened, require_utf8
from common.errors import DataError
from common.wording import first_line

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ROWS, _CELLS = 20_000, 1_000_000
"""Rows that are looked at, and cells, where there are many columns."""
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".npy", ".npz")
"""Of files that are tables."""
LISTS = (".txt", ".dat", ".data")
"""Of texts that may be tables."""
PACKED = (*unpacked.ENDINGS, ".zip", ".gz")
_MOST_BYTES = 100_000_000  # of JSON lines that are read
_OTHER = "cp1252"  # of the text of a table that is no UTF-8, most often
_LOOKED_AT, _MOST = 1_000, 0.5  # rows, and the share of names that are like their cells, where there is no header


@dataclass(frozen=True, kw_only=True)
class Head:
    """A table's first rows: text in every cell, "" in those without a value.

    `file` is what a `Table` calls it, `rows` how many there are in all (an estimate unless `whole`). Where it is a part of a
    file, `filled` is the column that has a cell in all of its rows, `blank` the one that has none. With
    `once` it holds the first row of each id. A file without a `header` may have other `names` than col_0, col_1, …, and so may
    an array. Its rows go on in the files `continued`, or are `melted` columns. `answers` are a table whose columns belong to the
    rows by their places.
    """

    path: Path
    file: str
    frame: DataFrame
    rows: int
    whole: bool
    separator: str = ","
    quoting: Literal["minimal", "none"] = "minimal"
    encoding: str = "utf-8"
    filled: str | None = None
    blank: str | None = None
    once: bool = False
    header: bool = True
    names: tuple[str, ...] = ()
    continued: tuple[str, ...] = ()
    answers: Head | None = None
    melted: Melt | None = None

    @property
    def exact(self) -> bool:
        """Whether it is known how many rows there are, not only estimated."""
        return self.whole or self.file.lower().endswith((".npy", ".parquet"))

    def spelt_as(self, other: Head, keep: Collection[str] = ()) -> Head:
        """Return the table with the other's names for the columns that only marks or upper case tell from its own."""
        theirs = {plain(name): name for name in other.columns if name not in self}
        renamed = {
            name: theirs[plain(name)]
            for name in self.columns
            if name not in other and name not in keep and plain(name) in theirs
        }
        if not renamed or len({*renamed.values()}) < len(renamed):
            return self
        frame = self.frame.rename(columns=renamed)
        return replace(self, frame=frame, names=tuple(frame.columns))

    @property
    def has_index(self) -> bool:
        """Whether the first column has no name in the file."""
        with opened(self.path, self.file) as (stream, _, _):
            return stream.read(8).decode("utf-8-sig", "replace").startswith((self.separator, f'""{self.separator}'))

    @cached_property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.frame.columns)

    @cached_property
    def stem(self) -> str:
        """The name without folders and endings, in lower case; of parts that are called otherwise that of their folder."""
        path = PurePosixPath(self.file)
        named = not self.continued or re.search("(?i)train|test", path.name)
        return bare(path.name if named else path.parent.name).lower()

    def __getitem__(self, column: str) -> Series[str]:
        """Return one column."""
        return self.frame[column]

    def __contains__(self, column: str) -> bool:
        return column in self.frame

    def without(self, *columns: str) -> list[str]:
        """Return the names of the other columns."""
        return [name for name in self.columns if name not in columns]


def bare(name: str) -> str:
    """Return a file's name without the endings of tables and archives.

    >>> bare("train.csv.zip"), bare("labels.tsv"), bare("train.v2.csv")
    ('train', 'labels', 'train.v2')
    """
    for endings in (PACKED, (*ENDINGS, *LISTS)):
        name = next((name[: -len(each)] for each in endings if name.lower().endswith(each)), name)
    return name


def read(path: Path, file: str) -> Head:
    """Read the first rows of a table.

    Args:
        path: the file, packed or not, or the archive that holds it among others.
        file: its name below the folder of all files, where such an archive counts as a folder.

    Raises:
        DataError: if it cannot be read, or is no table.
    """
    try:
        with opened(path, file) as (stream, name, size):
            called = _called(file, PurePosixPath(name).name)
            if name.lower().endswith(".parquet"):
                return _parquet(stream, path, called)
            if formats.known(name):
                return _formatted(stream, path, called, name, size)
            encoding = "utf-8"
            try:
                head = _text(stream, path, called, size)
            except UnicodeDecodeError:
                encoding = _OTHER
                with opened(path, file) as (again, _, _):
                    head = _text(again, path, called, size, encoding)
            if _lacks_header(head):
                with opened(path, file) as (again, _, _):
                    head = _text(again, path, called, size, encoding, header=False)
            return head
    except (OSError, ValueError, *BROKEN) as error:
        raise DataError(f"{path} cannot be read: {first_line(error)}") from None


def _called(file: str, member: str) -> str:
    """Return what a `Table` calls a file: without its packing, if it is found by that name."""
    folder, _, name = file.rpartition("/")
    if not name.lower().endswith(PACKED):
        return file
    plain = name[: -next(len(each) for each in PACKED if name.lower().endswith(each))]
    called = plain if plain.lower().endswith(ENDINGS) else member if PurePosixPath(member).stem == plain else name
    return f"{folder}/{called}".removeprefix("/")


def _text(stream: BinaryIO, path: Path, file: str, size: int, encoding: str = "utf-8", *, header: bool = True) -> Head:
    """Return the head of delimited text.

    Raises:
        UnicodeDecodeError: if it is of another encoding.
    """
    import pandas as pd

    first = stream.peek(START)[:START]  # type: ignore[attr-defined]
    start = first.decode("utf-8-sig", errors="replace")
    if not start.strip():
        raise DataError(f"{path} is empty")
    separator = separator_of(start.splitlines()[0])
    most = rows_of(start.splitlines()[0].count(separator) + 1)
    quoting: Literal["minimal", "none"] = "none" if '\\"' in start and separator == "\t" else "minimal"
    try:
        frame = pd.read_csv(
            stream, sep=separator, dtype=object, keep_default_na=False, na_filter=False, nrows=most, index_col=False,
            quoting=3 if quoting == "none" else 0, on_bad_lines="skip", low_memory=False,
            encoding=encoding.replace("utf-8", "utf-8-sig"), encoding_errors="strict" if encoding == "utf-8" else "replace",
            header=0 if header else None,
        )  # fmt: skip
        if encoding == "utf-8" and path.suffix.lower() not in PACKED:
            require_utf8(path)  # what is of another encoding most often shows it late
    except UnicodeDecodeError:
        raise
    except (ValueError, pd.errors.ParserError) as error:
        raise DataError(f"{path} is no table: {first_line(error)}") from None
    if quoting == "none":
        frame = frame.apply(lambda column: column.str.strip('"'))
    if not header:
        frame.columns = [f"{UNNAMED}{place}" for place in range(frame.shape[1])]
    frame = frame[[name for name in frame if name == INDEX or not re.fullmatch(r"Unnamed: \d+", str(name))]]
    whole = len(frame) < most
    rows = len(frame)
    if not whole:
        length = sum(frame[name].str.len().sum() + rows for name in frame) / rows
        rows = max(rows, round(size / length))
    return Head(path=path, file=file, frame=frame, rows=rows, whole=whole, separator=separator, quoting=quoting,
                encoding=encoding, header=header)  # fmt: skip


def _lacks_header(head: Head) -> bool:
    """Whether the names of a table's columns are cells like those below: numbers over numbers, a word that comes again."""
    names = [re.sub(r"(\.\d+)\.\d+$", r"\1", name) for name in head.columns]  # of two alike pandas marks the second
    rows = head.frame.head(_LOOKED_AT)
    if len(rows) < 2:
        return False
    alike = []
    for place, name in enumerate(names):
        if name == INDEX:
            continue
        values = rows.iloc[:, place]
        number = is_number(values)
        if number and not is_finite(name):
            return False
        alike.append(number or name in {*values})
    counts = [int(name) for name in names if name.isdecimal()]
    steps = {later - earlier for earlier, later in pairwise(counts)}  # one, of years or of the numbers of columns
    counted = len(steps) == 1 and (1 in steps or (len(counts) > 2 and max(steps) > 0))
    return sum(alike) > _MOST * len(names) and not counted


def rows_of(columns: int) -> int:
    """Return how many rows of a table of so many columns are looked at."""
    return min(ROWS, _CELLS // columns)


def separator_of(header: str) -> str:
    r"""Return what stands between the names of a header.

    >>> separator_of("id;name;age"), separator_of("id"), separator_of("a\tb, c")
    (';', ',', '\t')
    """
    header = re.sub(r'"[^"]*"', "", header)
    return max("\t;|", key=header.count) if any(map(header.count, "\t;|")) and "," not in header else (
        "\t" if "\t" in header else ","
    )  # fmt: skip


def _formatted(stream: BinaryIO, path: Path, file: str, name: str, size: int) -> Head:
    """Return the head of a table in another format than text; of long JSON lines only the first are read."""
    import numpy as np
    import pandas as pd

    if name.lower().endswith(".npy") and path.suffix.lower() == ".npy":
        array = np.load(path, mmap_mode="r", allow_pickle=False)
        frame = pd.DataFrame(array[:ROWS].reshape(min(len(array), ROWS), -1), columns=formats.numbered(array.shape))
        return Head(path=path, file=file, frame=as_text(frame), rows=len(array), whole=len(array) <= ROWS)
    data = stream.read(_MOST_BYTES)
    rest = len(data) == _MOST_BYTES
    if rest and data.count(b"\n{"):
        data = data[: data.rindex(b"\n{")]
    elif rest:
        data += stream.read()
    frame = formats.read(data, name)
    whole, rows = len(frame) <= ROWS, len(frame)
    if rest and size > len(data):
        whole, rows = False, round(len(frame) * size / len(data))
    return Head(path=path, file=file, frame=as_text(frame.head(ROWS)), rows=rows, whole=whole)


def _parquet(stream: BinaryIO, path: Path, file: str) -> Head:
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(io.BytesIO(stream.read()) if path.suffix.lower() in PACKED else path)
    batch = next(opened.iter_batches(ROWS), None)
    rows = opened.metadata.num_rows
    frame = batch.to_pandas() if batch is not None else opened.schema_arrow.empty_table().to_pandas()
    return Head(path=path, file=file, frame=as_text(frame), rows=rows, whole=rows <= len(frame))


def as_text(frame: DataFrame) -> DataFrame:
    """Return natural values as the text of a table."""
    return frame.rename(columns=str).apply(types.as_text)
