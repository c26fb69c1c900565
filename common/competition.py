"""What a competition is: typed, frozen descriptions without any I/O.

A competition's folder declares one `Competition` in `competition.py`; everything else in the kit
reads it from there. Standard library only, because the command line imports this on every start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from annotated_types import Ge, Interval

from common.errors import SettingError, UnknownName
from common.settings import NonNegativeInt, PositiveInt, Settings, plain

ColumnKind = Literal["id", "text", "number", "category", "labels", "date", "file"]
CellKind = Literal["number", "label", "labels", "text", "mask", "boxes"]
Predicts = Literal["number", "class", "labels", "span"]
SplitKind = Literal["random", "stratified", "group", "stratified_group", "time", "folder", "column"]


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise SettingError(message)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    `low` and `high` bound a number, both ends included. A cell of kind "labels" lists labels with `separator` between them.
    An id that stands in no column of its own is made of the columns `parts`, joined by "_", or is the row's number,
    `counted_from` 0 or 1.
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
        _require(self.kind in get_args(ColumnKind), f"column {self.name!r}: unknown kind {self.kind!r}")
        bounded = self.low is not None or self.high is not None
        _require(self.kind == "number" or not bounded, f"column {self.name!r}: only numbers have bounds")
        _require(self.kind == "id" or not self.parts, f"column {self.name!r}: only an id has parts")


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
    `\1` stands for a group; files that none matches are left out. Without `label` every file of a known suffix is a row. Where
    one archive holds more than one set of rows, only files below a folder named `within` count.
    """

    folders: tuple[str, ...]
    suffixes: tuple[str, ...]
    label: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    keep_suffix: bool = False
    within: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.folders) and bool(self.suffixes), "a Folder needs names of folders and suffixes of files")
        _require(self.label is None or bool(self.labels), "a Folder with a label needs rules that give it")
        names = [column.name for column in self.columns]
        _require(self.label is None or self.label in names, f"the label {self.label!r} is no column of the Folder")
        _require(self.id is not None, "a Folder needs an id column")

    @property
    def file(self) -> str:
        """What to look for, in words."""
        return " or ".join(f"{name}.zip" for name in self.folders)

    @property
    def path(self) -> str | None:
        """Name of the column with the files' paths, if there is one."""
        return self._named("file")


@dataclass(frozen=True, kw_only=True)
class Table(_Source):
    """A table in a file: delimited text, JSON (records or lines), Parquet or NumPy, told by its ending; packed or not.

    Columns that are not described are read with their natural type: number, date or text. In delimited text
    `quoting="none"` is pandas' quoting=3: quotes are ordinary characters, but around ids. Where the table is not there,
    `instead` is read. `files` adds the path of the file that has a row's id as its name, with or without ending; `joined`
    adds the columns of further tables.
    """

    file: str
    separator: str = ","
    quoting: Literal["minimal", "none"] = "minimal"
    instead: Folder | None = None
    files: Folder | None = None
    joined: tuple[Join, ...] = ()

    def __post_init__(self) -> None:
        if self.files is not None:
            _require(self.id is not None, f"{self.file}: files are joined by the id, and no column is one")
            _require(self.files.path is not None, f"{self.file}: the Folder of its files needs a column of kind 'file'")


@dataclass(frozen=True, kw_only=True)
class Join:
    """A further table whose columns are added to the rows of another that agree in all columns `on`.

    Of rows that agree in them the first counts; a row without a partner has empty cells.
    """

    table: Table
    on: tuple[str, ...]


Source = Table | Folder


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files that make a competition's frames; `extra` holds further ones by name."""

    train: Source
    test: Source
    sample_submission: Table
    extra: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell of a submission's target column is.

    number: `low` and `high` bound it, both ends included; with `clip` predictions outside are clipped when a submission is
        made; `integer` rounds them.
    label: one of `labels`, or any text if they are not listed.
    labels: up to `at_most` of them, with `separator` between them; one may stand twice only if they `repeat`.
    text: any, such as a piece of the column `source` of the row.
    mask: run lengths, "start length start length …", of pixels numbered from `first` down the columns, or along the rows.
    boxes: `tokens` fields for each box, with blanks between all of them.

    Where nothing is predicted, `empty` is written; it may be no text at all if the cell `may_be_empty`.
    """

    kind: CellKind = "number"
    low: float | None = None
    high: float | None = None
    clip: bool = False
    integer: bool = False
    labels: tuple[str, ...] = ()
    at_most: PositiveInt | None = None
    repeat: bool = False
    separator: str = " "
    source: str | None = None
    along: Literal["columns", "rows"] = "columns"
    first: Literal[0, 1] = 1
    tokens: PositiveInt | None = None
    may_be_empty: bool = False
    empty: str = ""

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        _require(
            self.kind in get_args(CellKind),
            f"unknown kind of cell {self.kind!r}; known: {', '.join(get_args(CellKind))}",
        )
        _require(self.kind == "number" or not (bounds or self.integer), f"a cell of kind {self.kind!r} has no range")
        _require(not self.clip or len(bounds) > 1, "clip needs both low and high")
        _require(self.kind in ("label", "labels") or not self.labels, f"a cell of kind {self.kind!r} lists no labels")
        _require(self.kind != "boxes" or self.tokens is not None, "a cell of boxes needs tokens")


@dataclass(frozen=True, kw_only=True)
class SubmissionFormat:
    """What Kaggle accepts as a submission of this competition.

    `cell` says what a cell of each target is, `cells` of targets that differ. With `normalise` each row is divided by its
    sum. Columns `echoed` are copied from the sample submission. `header` is the order of all columns, where it is not the
    id, the targets and those. `order_matters` says that rows must stand in the sample submission's order. `quoting` is the
    style in which the file is written.
    """

    id: str
    targets: tuple[str, ...]
    cell: Cell = Cell()
    cells: Mapping[str, Cell] = field(default_factory=dict)
    rows_sum_to: float | None = None
    normalise: bool = False
    echoed: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    order_matters: bool = False
    file_name: str = "submission.csv"
    separator: str = ","
    quoting: Literal["minimal", "nonnumeric"] = "minimal"
    max_bytes: int = 100_000_000

    def __post_init__(self) -> None:
        _require(bool(self.targets), "a submission needs at least one target column")
        _require(self.id not in self.targets, f"{self.id!r} cannot be both id and target")
        _require(not self.normalise or self.rows_sum_to is not None, "normalise needs rows_sum_to")
        every = (self.id, *self.targets, *self.echoed)
        _require(
            sorted(self.header or every) == sorted(every), "header lists the id, the targets and the echoed columns"
        )
        _require(set(self.cells) <= set(self.targets), f"cells are of targets only, got {', '.join(self.cells)}")
        if self.rows_sum_to is not None:
            _require(self.numeric, "only numbers have a sum")

    def of(self, target: str) -> Cell:
        """Return what a cell of a target is."""
        return self.cells.get(target, self.cell)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in their order."""
        return self.header or (self.id, *self.targets, *self.echoed)

    @property
    def numeric(self) -> bool:
        """Whether all targets are numbers."""
        return all(self.of(target).kind == "number" for target in self.targets)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The labels that the targets stand for, where each row is the probabilities of all classes."""
        return self.targets if len(self.targets) > 1 and self.rows_sum_to is not None else None


@dataclass(frozen=True, kw_only=True)
class Split(Settings):
    """How rows are divided into folds."""

    kind: SplitKind
    """What a row's fold depends on; `stratified` keeps distributions, `group` keeps rows together, `folder` and `column`
    read the folds from the data.
    """
    n_splits: Annotated[int, Ge(2)] = 5
    """Number of folds."""
    holdout: Annotated[float, Interval(gt=0, lt=1)] | None = None
    """Fraction of the rows in a single fold 0, instead of `n_splits` folds; the others are always in training."""
    group: str | None = None
    """Column whose values stay together in one fold."""
    group_before: str | None = None
    """A mark: rows that agree in what stands before it in the column of groups are a group; none: in all of it."""
    without_group: Literal["refused", "alone"] = "refused"
    """What becomes of rows whose group is missing: an error, or each stands alone."""
    stratify: str | None = None
    """Column whose distribution every fold keeps."""
    bins: PositiveInt = 10
    """Quantiles into which a numeric column with more distinct values is cut to stratify by it."""
    order: str | None = None
    """Column of time, by which rows are ordered."""
    column: str | None = None
    """Column of fold numbers, or of the path that names a row's folder."""
    valid_names: tuple[str, ...] = ("valid", "validation", "val", "dev", "test")
    """Names of the folders whose rows validate."""
    seed: NonNegativeInt = 42
    """Seed of the folds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = get_args(SplitKind)
        _require(self.kind in known, f"unknown split kind {self.kind!r}; known: {', '.join(known)}")
        fixed = self.kind in ("folder", "column") and self.holdout is not None
        _require(not fixed, f"a {self.kind} split is given by its column; split.holdout has no meaning there")
        for needed, kinds in _NEEDS.items():
            if self.kind in kinds:
                _require(getattr(self, needed) is not None, f"a {self.kind} split needs split.{needed}")


_NEEDS: dict[str, tuple[str, ...]] = {
    "group": ("group", "stratified_group"),
    "stratify": ("stratified", "stratified_group"),
    "order": ("time",),
    "column": ("folder", "column"),
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What the competition's rules allow: session length, internet, submissions a day (None: unknown)."""

    session_hours: float
    internet: bool
    daily_submissions: int | None = None


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Settings that every profile has; a competition's profiles are subclasses that add theirs.

    `stages` are parts of a run that `--stage` runs alone, in their order: all but the last one are done by `prepare`,
    the last one trains the folds.
    """

    stages: ClassVar[tuple[str, ...]] = ()

    split: Split | None = None
    """How rows are divided into folds; none: as the competition says."""
    folds: tuple[int, ...] | None = None
    """Folds that are trained; none: all."""
    seed: NonNegativeInt = 42
    """Seed of everything random in training; the folds have their own, `split.seed`."""


def _described(source: Source) -> tuple[Column, ...]:
    """Return the columns of a source that are described, with those that its files and joined tables add."""
    if isinstance(source, Folder):
        return source.columns
    more = (column for join in source.joined for column in _described(join.table))
    return (*source.columns, *(source.files.columns if source.files else ()), *more)


@dataclass(frozen=True, kw_only=True)
class Competition:
    """The whole description of a competition; `metric` and `also_report` are keys of the metric table.

    `target` is the column of the training table that is predicted, or several; `predicts` says what its models give:
    numbers, probabilities of the classes of one column, of labels of which a row has any number, or where a piece of the
    text begins and ends. `positive` is the one of two classes whose probability is predicted, where that is not the
    second in order. `metric_columns` names the column of the training table for each that the metric takes. Two rows
    that agree in all `inputs` are duplicates of each other for the leakage check. `packages` are what its models need
    beyond Kaggle's image, for `kit dataset wheels`; what those need in turn and the image lacks is named too. A
    competition that is `submitted_as="local"` is graded on this machine only: it has no page on Kaggle.
    """

    name: str
    slug: str
    title: str
    summary: str
    metric: str
    files: Files
    submission: SubmissionFormat
    split: Split
    submitted_as: Literal["csv", "kernel", "local"]
    limits: Limits
    target: str | tuple[str, ...]
    inputs: tuple[str, ...]
    profiles: Mapping[str, Config]
    predicts: Predicts = "number"
    positive: str = ""
    metric_columns: Mapping[str, str] = field(default_factory=dict)
    also_report: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        train, test = ({column.name for column in _described(source)} for source in (self.files.train, self.files.test))
        for target in self.targets:
            _require(target in train, f"{self.name}: the target {target!r} is no column of the training table")
        for column in self.inputs:
            _require(column in train and column in test, f"{self.name}: input {column!r} is not in both tables")
        missing = [name for name in ("sample", "baseline") if name not in self.profiles]
        _require(not missing, f"{self.name}: profiles missing: {', '.join(missing)}")

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of the training table that are predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target

    def beside(self) -> tuple[str, ...]:
        """Return the described columns of numbers and categories that training and test rows both have."""
        shared = {column.name for column in _described(self.files.test)} - {*self.targets}
        kinds = ("number", "category")
        return tuple(
            column.name for column in _described(self.files.train) if column.kind in kinds and column.name in shared
        )

    @property
    def separator(self) -> str:
        """What stands between the labels of a target that lists them."""
        return next((each.separator for each in self.files.train.columns if each.name == self.targets[0]), " ")

    @property
    def url(self) -> str:
        """The competition's page on Kaggle."""
        return f"https://www.kaggle.com/competitions/{self.slug}"

    @property
    def local(self) -> bool:
        """Whether it is graded on this machine only, because Kaggle has no page for it."""
        return self.submitted_as == "local"

    def profile(self, name: str) -> Config:
        """Return a profile by name.

        Raises:
            UnknownName: if there is no such profile.
        """
        if name not in self.profiles:
            raise UnknownName("profile", name, self.profiles)
        return self.profiles[name]

    def as_dict(self) -> dict[str, Any]:
        """Return the description as plain values, for `--json` and run records."""
        return {"url": self.url, **plain(self)}
