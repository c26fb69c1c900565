"""A competition, with the settings that every run of it has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args

from annotated_types import Ge, Interval

from common.competition.files import Column, Files, Source
from common.competition.submission import SubmissionFormat
from common.errors import UnknownName
from common.settings import PositiveInt, Seed, Settings, plain, require

Predicts = Literal["number", "class", "labels", "span", "masks", "nothing"]
SplitKind = Literal["random", "stratified", "group", "stratified_group", "time", "folder", "column"]


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
    alike: tuple[str, ...] = ()
    """Columns instead of one of groups: rows that agree in all of them stay together in one fold."""
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
    seed: Seed = 42
    """Seed of the folds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        known = get_args(SplitKind)
        require(self.kind in known, f"unknown split kind {self.kind!r}; known: {', '.join(known)}")
        require(not (self.group and self.alike), "a split has split.group or split.alike, not both")
        fixed = self.kind in ("folder", "column") and self.holdout is not None
        require(not fixed, f"a {self.kind} split is given by its column; split.holdout has no meaning there")
        for needed, kinds in _NEEDS.items():
            if self.kind in kinds and not (needed == "group" and self.alike):
                require(getattr(self, needed) is not None, f"a {self.kind} split needs split.{needed}")


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
    seed: Seed = 42
    """Seed of everything random in training; the folds have their own, `split.seed`."""


def described_columns(source: Source) -> tuple[Column, ...]:
    """Return the columns of a source that are described, with those that its files and joined tables add."""
    more = (column for join in source.joined for column in described_columns(join.table))
    return (*source.columns, *(source.files.columns if source.files else ()), *more)


@dataclass(frozen=True, kw_only=True)
class Competition:
    """The whole description of a competition; `metric` and `also_report` are keys of the metric table.

    `target` is the column of the training table that is predicted, or several; `predicts` says what its models give:
    numbers, probabilities of the classes of one column, of labels of which a row has any number, where a piece of the
    text begins and ends, or masks of the row's picture; "nothing" is predicted where no model fits, and the cells of the
    sample submission are submitted. `positive` is the one of two classes whose probability is
    predicted, where that is not the second in order. `metric_columns` names the column of the training table for each
    that the metric takes. Two rows that agree in all `inputs` are duplicates of each other for the leakage check.
    `packages` are what its models need beyond Kaggle's image, for `kit dataset wheels`; what those need in turn and the
    image lacks is named too. A competition that is `submitted_as="local"` is graded on this machine only: it has no
    page on Kaggle.
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
        train, test = (
            {column.name for column in described_columns(source)} for source in (self.files.train, self.files.test)
        )
        for target in self.targets:
            require(target in train, f"{self.name}: the target {target!r} is no column of the training table")
        for column in self.inputs:
            require(column in train and column in test, f"{self.name}: input {column!r} is not in both tables")
        missing = [name for name in ("sample", "baseline") if name not in self.profiles]
        require(not missing, f"{self.name}: profiles missing: {', '.join(missing)}")

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns of the training table that are predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target

    def beside(self) -> tuple[str, ...]:
        """Return the described columns of numbers and categories that training and test rows both have."""
        shared = {column.name for column in described_columns(self.files.test)} - {*self.targets}
        kinds = ("number", "category")
        return tuple(
            column.name
            for column in described_columns(self.files.train)
            if column.kind in kinds and column.name in shared
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
