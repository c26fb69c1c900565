"""What Kaggle accepts as a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from common.settings import PositiveInt, require

CellKind = Literal["number", "label", "labels", "text", "mask", "boxes", "pixels"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a cell of a submission's target column is.

    number: `low` and `high` bound it, both ends included; with `clip` predictions outside are clipped when a submission is
        made; `integer` rounds them.
    label: one of `labels`, or any text if they are not listed.
    labels: up to `at_most` of them, with `separator` between them; one may stand twice only if they `repeat`.
    text: any, such as a piece of the column `source` of the row.
    mask: run lengths, "start length start length …", of pixels numbered from `first` down the columns, or along the rows;
        of `objects` each has a row of its own in the file, so that an id may stand there any number of times.
    pixels: the number of one of `labels`, from 0, for each pixel of the picture: the file is an archive of PNG files, each
        named by the row's id followed by `after_id`. Pixels labelled `void` in the truth count for nothing.
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
    objects: bool = False
    void: str = ""
    after_id: str = ""
    tokens: PositiveInt | None = None
    may_be_empty: bool = False
    empty: str = ""

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        require(
            self.kind in get_args(CellKind),
            f"unknown kind of cell {self.kind!r}; known: {', '.join(get_args(CellKind))}",
        )
        require(self.kind == "number" or not (bounds or self.integer), f"a cell of kind {self.kind!r} has no range")
        require(not self.clip or len(bounds) > 1, "clip needs both low and high")
        listing = ("label", "labels", "pixels")
        require(self.kind in listing or not self.labels, f"a cell of kind {self.kind!r} lists no labels")
        require(self.kind != "pixels" or len(self.labels) > 1, "a cell of pixels lists the labels of its numbers")
        require(not self.void or self.void in self.labels, f"void {self.void!r} is none of the labels")
        require(self.kind == "mask" or not self.objects, f"a cell of kind {self.kind!r} has no objects")
        require(self.kind != "boxes" or self.tokens is not None, "a cell of boxes needs tokens")


@dataclass(frozen=True, kw_only=True)
class SubmissionFormat:
    """What Kaggle accepts as a submission of this competition.

    `cell` says what a cell of each target is, `cells` of targets that differ. With `normalise` each row is divided by its
    sum. Columns `echoed` are copied from the sample submission, and so are `parts`, which stand in the file in the id's place
    and are joined by "_" in it. `header` is the order of all columns, where it is not the id, the targets and those.
    With `index` the id's column has no name in the file, as pandas writes an
    index. `order_matters` says that rows must stand in the sample submission's order. `quoting` is the style in which the
    file is written. Its `rows` are those of the sample submission, or of the test set, where the sample lists only examples.
    """

    id: str
    targets: tuple[str, ...]
    cell: Cell = Cell()
    cells: Mapping[str, Cell] = field(default_factory=dict)
    rows_sum_to: float | None = None
    normalise: bool = False
    echoed: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    index: bool = False
    rows: Literal["sample", "test"] = "sample"
    order_matters: bool = False
    file_name: str = "submission.csv"
    separator: str = ","
    quoting: Literal["minimal", "nonnumeric"] = "minimal"
    max_bytes: int = 100_000_000

    def __post_init__(self) -> None:
        require(bool(self.targets), "a submission needs at least one target column")
        require(self.id not in self.targets, f"{self.id!r} cannot be both id and target")
        require(not self.normalise or self.rows_sum_to is not None, "normalise needs rows_sum_to")
        every = (*(self.parts or (self.id,)), *self.targets, *self.echoed)
        require(
            sorted(self.header or every) == sorted(every), "header lists the id, the targets and the echoed columns"
        )
        require(set(self.cells) <= set(self.targets), f"cells are of targets only, got {', '.join(self.cells)}")
        if self.rows_sum_to is not None:
            require(self.numeric, "only numbers have a sum")

    def of(self, target: str) -> Cell:
        """Return what a cell of a target is."""
        return self.cells.get(target, self.cell)

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in their order."""
        return self.header or (*(self.parts or (self.id,)), *self.targets, *self.echoed)

    @property
    def copied(self) -> tuple[str, ...]:
        """The columns that the sample submission gives: parts of the id, and those that are echoed."""
        return (*self.parts, *self.echoed)

    @property
    def numeric(self) -> bool:
        """Whether all targets are numbers."""
        return all(self.of(target).kind == "number" for target in self.targets)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The labels that the targets stand for, where each row is the probabilities of all classes."""
        return self.targets if len(self.targets) > 1 and self.rows_sum_to is not None else None

    @property
    def objects(self) -> bool:
        """Whether each object has a row of its own, so that an id may stand in the file any number of times."""
        return self.cell.objects

    @property
    def packed(self) -> bool:
        """Whether the file is an archive of pictures, no table."""
        return self.cell.kind == "pixels"
