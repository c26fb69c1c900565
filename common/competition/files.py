"""The files of a competition and the columns of its frames."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, get_args

from common.settings import require

ColumnKind = Literal["id", "text", "number", "category", "labels", "date", "file"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    `low` and `high` bound a number, both ends included. A cell of kind "labels" lists labels with `separator` between them.
    An id that stands in no column of its own is made of the columns `parts`, joined by "_", or is the row's number,
    `counted_from` the first; where the id is there and its parts are not, it is what they are taken from.
    """

    name: str
    kind: ColumnKind
    low: float | None = None
    high: float | None = None
    may_be_empty: bool = False
    separator: str = " "
    parts: tuple[str, ...] = ()
    counted_from: int | None = None

    def __post_init__(self) -> None:
        require(self.kind in get_args(ColumnKind), f"column {self.name!r}: unknown kind {self.kind!r}")
        bounded = self.low is not None or self.high is not None
        require(self.kind == "number" or not bounded, f"column {self.name!r}: only numbers have bounds")
        require(self.kind == "id" or not self.parts, f"column {self.name!r}: only an id has parts")


def columns(kind: ColumnKind, *names: str, may_be_empty: bool = True) -> tuple[Column, ...]:
    """Return columns of one kind by their names; they may have empty cells unless said otherwise."""
    return tuple(Column(name=name, kind=kind, may_be_empty=may_be_empty) for name in names)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where the rows of one frame come from."""

    columns: tuple[Column, ...]
    optional: bool = False

    @property
    def id(self) -> str | None:
        """Name of the id column, if there is one."""
        return self._named("id")

    def _named(self, kind: ColumnKind) -> str | None:
        return next((column.name for column in self.columns if column.kind == kind), None)


@dataclass(frozen=True, kw_only=True)
class Folder(_Source):
    r"""A folder, or a zip archive of one, that holds a file for every row.

    All of `folders` that are there, as `NAME/` or as `NAME.zip`, are read one after another. A column of kind "file"
    gets the path of a row's file, one of kind "text" its content, one of kind "id" its name without suffix, or with it if
    `keep_suffix` (and with its folders, where names alone are not unique). `labels` maps regular expressions to values of
    the column `label`: the first that matches the whole path below the folder, without suffix, gives the value, in which
    `\1` stands for a group; files that none matches are left out. Without `label` every file of a known suffix is a row,
    if its path from the folder's own name on, without suffix, matches `only`. `called` is such a rule for the id: a pattern of
    the path below the folder, without suffix, and what the id is of it.

    `files` adds the path of the file of another folder that has a row's id as its name, followed by its `after_id`; each
    row has one there and each file a row. `joined` adds the columns of tables.
    """

    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    label: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    keep_suffix: bool = False
    only: str = ".*"
    called: tuple[str, str] | None = None
    files: Folder | None = None
    after_id: str = ""
    joined: tuple[Join, ...] = ()

    def __post_init__(self) -> None:
        require(bool(self.folders) and bool(self.suffixes), "a Folder needs names of folders and suffixes of files")
        require(self.label is None or bool(self.labels), "a Folder with a label needs rules that give it")
        names = [column.name for column in self.columns]
        require(self.label is None or self.label in names, f"the label {self.label!r} is no column of the Folder")
        require(self.id is not None, "a Folder needs an id column")

    @property
    def file(self) -> str:
        """What to look for, in words."""
        return " or ".join(f"{name}.zip" for name in self.folders)

    def id_of(self, stem: str) -> str:
        """Return the id of a file by its path below the folder, without suffix: the path itself where no rule makes one."""
        return renamed(self.called, stem) or stem

    @property
    def path(self) -> str | None:
        """Name of the column with the files' paths, if there is one."""
        return self._named("file")


@dataclass(frozen=True, kw_only=True)
class Table(_Source):
    """A table in a file: delimited text, JSON (records or lines), Parquet or NumPy, told by its ending; packed or not.

    The rows go on in the files `continued`, which have the same columns. Columns that are not described are read with their
    natural type: number, date or text. In delimited text `quoting="none"` is pandas' quoting=3: quotes are ordinary
    characters, but around ids. Where the table is not there, `instead` is read.
    `files` adds the path of the file that has a row's id as its name, with or without ending; `joined` adds the columns of
    further tables. Only rows count in which the column `filled` has a cell, and `blank` has none, and with `once` only the
    first row of each id; `melted` makes rows of columns. The columns are called `names` instead of what the file calls them; a
    text without a `header` has col_0, col_1, … otherwise.
    """

    file: str
    separator: str = ","
    quoting: Literal["minimal", "none"] = "minimal"
    instead: Folder | None = None
    files: Folder | None = None
    joined: tuple[Join, ...] = ()
    encoding: str = "utf-8"
    filled: str | None = None
    blank: str | None = None
    once: bool = False
    header: bool = True
    names: tuple[str, ...] = ()
    continued: tuple[str, ...] = ()
    melted: Melt | None = None

    def __post_init__(self) -> None:
        if self.files is not None:
            require(self.id is not None, f"{self.file}: files are joined by the id, and no column is one")
            require(self.files.path is not None, f"{self.file}: the Folder of its files needs a column of kind 'file'")

    def portions(self, rows: int) -> dict[str, tuple[int, int]]:
        """Return where the rows of each file begin and end, if the files share them evenly."""
        files = (self.file, *self.continued)
        ends = [rows * place // len(files) for place in range(len(files) + 1)]
        return dict(zip(files, pairwise(ends), strict=True))


def renamed(rule: tuple[str, str] | None, path: str) -> str | None:
    """Return what a rule of `Folder.called` makes of a path without suffix, or None where there is none that fits."""
    match = re.fullmatch(rule[0], path) if rule is not None else None
    return match.expand(rule[1]) if match and rule is not None else None


@dataclass(frozen=True, kw_only=True)
class Melt:
    """A row for each filled cell of some columns: the column's name is in `kind`, the cell in `value`, beside those to `keep`."""

    columns: tuple[str, ...]
    kind: str
    value: str
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Join:
    """A further table whose columns are added to the rows of another that agree in all columns `on`.

    Of rows that agree in them the first counts, or with `rows="all"` what summarises them is added as well; of a `Folder` of
    tables, one for each id, what summarises each, of one of texts each text; or their cells, one after another with
    `gathered` between them, are one cell. A row without a partner has empty cells. `keys` are the names of the columns `on`
    in the further table, where it has others. Without `on` the rows of both belong together by their places.
    """

    table: Table | Folder
    on: tuple[str, ...]
    keys: tuple[str, ...] = ()
    rows: Literal["first", "all"] = "first"
    gathered: str = ""


Source = Table | Folder


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files that make a competition's frames; `extra` holds further ones by name."""

    train: Source
    test: Source
    sample_submission: Table
    extra: Mapping[str, Source] = field(default_factory=dict)
