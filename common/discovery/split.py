"""The split that imitates the board: what is new in the test rows has to be new in validation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from common.competition import Split, SplitKind
from common.data.types import as_dates
from common.discovery import whole
from common.discovery.columns import filled, is_date, is_number, numbers
from common.discovery.findings import Hints, Notes
from common.discovery.heads import Head
from common.errors import DataError
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import Series

N_SPLITS = 5
_LEAST = 10  # groups that a split can be made of
_LEAST_TIMES_IN_ORDER = 12  # so that each of the folds and their past are a block of rows
_TIMES, _LEAST_TIMES = re.compile(r"(?i)(^|_|[a-z])(year|month|week|week_no|day|date|time|dt|date_block_num)$"), 3
_ROWS_EACH = 1.2  # on average, in a group that is worth the name
_OTHERS = re.compile(
    r"(?i)(^|_)(subject|patient|driver|person|speaker|user|group|session|recording|site|location)s?(_?id)?$"
)
_TWINS = 0.01  # of the rows, below which rows alike move no score
_AS_MUCH = 0.5  # of the rows alike that a test of the same kind has, from which on it has them
_EXPECTED = 5.0  # values on both sides that chance would give: with fewer, none says nothing


@dataclass(frozen=True)
class Grouping:
    """A column, or the part of one before a mark, whose values keep to one side."""

    column: str
    before: str | None
    groups: int
    repeated: int
    gaps: bool


def choose(
    train: Head,
    test: Head,
    target: str | None,
    classes: bool,
    hints: Hints,
    notes: Notes,
    ignore: Sequence[str] = (),
) -> Split:
    """Return the split.

    Args:
        train: the training rows.
        test: the test rows.
        target: the column whose distribution folds keep, if there is one.
        classes: whether it holds classes.
        hints: what the user says.
        notes: where the evidence goes.
        ignore: columns that are no groups, such as the target.

    Raises:
        DataError: for a column that the tables lack.
    """
    if hints.group is not None and hints.group not in train:
        raise DataError(f"{train.file} has no column {hints.group!r}; it has: {listed(train.columns, 8)}")
    rare, stratify = _rare(train, target, classes), target
    if rare:
        stratify = None
    wanted: str | None = hints.split
    kind: SplitKind = "group"
    later = _later(train, test, ignore)
    # Days that are never on both sides are no groups where those of test come after those of train.
    ignore = [*ignore, later[0]] if later else ignore
    grouping = _given(train, hints.group) if hints.group else _coarsest(train, test, ignore)
    if wanted in ("group", "stratified_group") and grouping is None:
        raise DataError("no column keeps to one side of train and test; --group COL says which rows belong together")
    timely = later is not None and hints.group is None and wanted is None
    if grouping is not None and not timely and wanted in (None, "group", "stratified_group"):
        what = repr(grouping.column) if grouping.before is None else f"{grouping.column!r} before {grouping.before!r}"
        why = (
            "as you say" if hints.group else
            f"{grouping.groups:,} values of {what} repeat in train ({grouping.repeated:,} rows), none of them is in test"
        )  # fmt: skip
        kind = "stratified_group" if stratify and wanted != "group" else "group"
        notes.add("split", f"{kind} by {what}", "sure" if hints.group else "likely", why, "--split, --group")
        return Split(
            kind=kind, n_splits=N_SPLITS, group=grouping.column, group_before=grouping.before,
            stratify=stratify if kind != "group" else None, without_group="alone" if grouping.gaps else "refused",
        )  # fmt: skip
    named = _named(train, test, ignore) if grouping is None and wanted is None and not timely else None
    if named is not None:
        why = f"only {train.file} has it, {named.groups:,} values repeat: its name says that the test has others"
        notes.add("split", f"group by {named.column!r}", "guess", why, "--split, --group")
        kind = "stratified_group" if stratify else "group"
        return Split(kind=kind, n_splits=N_SPLITS, group=named.column, stratify=stratify)
    if wanted == "time" or timely:
        if later is None:
            raise DataError("--split time needs a column of dates that is later in test than in train; none was found")
        column, last, first = later
        why = f"train ends at {last}, test begins at {first}"
        times = len(whole.counts(train, column))
        if times < _LEAST_TIMES_IN_ORDER and wanted is None:
            notes.add(
                "split", f"group by {column}", "likely", f"{why}; {times} values are too few for an order", "--split"
            )
            return Split(kind="group", n_splits=min(N_SPLITS, times), group=column)
        notes.add("split", f"time by {column}", "likely", why, "--split")
        return Split(kind="time", n_splits=N_SPLITS, order=column)
    if wanted == "random" or stratify is None:
        why = "as you say" if wanted == "random" else rare or "the target has no distribution to keep"
        notes.add("split", "random", "sure" if wanted else "likely", why, "--split")
        return Split(kind="random", n_splits=N_SPLITS)
    why = "as you say" if wanted else "no column keeps to one side of train and test, none is later in test"
    notes.add("split", f"stratified by {target}", "sure" if wanted else "likely", why, "--split, --group")
    return Split(kind="stratified", n_splits=N_SPLITS, stratify=stratify)


def apart(train: Head, test: Head, columns: Sequence[str], chosen: Split, notes: Notes) -> Split:
    """Return the split with rows together that are alike in all columns, unless the test has their like as well.

    Folds share rows alike where train and test do: the board then measures with them, too.
    """
    if not columns or chosen.kind not in ("random", "stratified"):
        return chosen
    ours, theirs = (
        Counter(map(hash, zip(*(side[name].tolist() for name in columns), strict=True))) for side in (train, test)
    )
    twice = sum(count for count in ours.values() if count > 1)
    if twice < max(1, _TWINS * ours.total()):
        return chosen
    shared = sum(count for row, count in theirs.items() if row in ours)
    usual = twice / ours.total() * theirs.total()  # were the test drawn from the same rows
    what = f"{plural(twice, 'row')} of train equal another in all inputs"
    if usual < _EXPECTED or shared >= _AS_MUCH * usual:
        few = f"the test is too small to have their like ({shared:,} rows do)" if usual < _EXPECTED else (
            f"so do {plural(shared, 'row')} of test"
        )  # fmt: skip
        why = f"{what}; {few}, so that folds may share them as train and test do"
        notes.add("alike rows", plural(twice, "row"), "sure", why, "--split")
        return chosen
    why = f"{what}, and only {shared:,} of test where {usual:,.0f} would be usual: they stay in one fold"
    notes.add("alike rows", plural(twice, "row"), "likely", why, "--split")
    kind: SplitKind = "stratified_group" if chosen.kind == "stratified" else "group"
    return replace(chosen, kind=kind, alike=tuple(columns))


def _rare(train: Head, target: str | None, classes: bool) -> str:
    """Return why classes cannot be kept in every fold, or nothing."""
    if target is None or not classes:
        return ""
    counts = whole.counts(train, target).drop("", errors="ignore")
    if len(counts) and counts.min() < N_SPLITS:
        few = int((counts < N_SPLITS).sum())
        return f"{plural(few, 'class')} of {len(counts):,} ha{'s' if few == 1 else 've'} fewer rows than folds".replace(
            "classs", "classes"
        )
    return ""


# Groups ---------------------------------------------------------------------------------------------------------------


def _given(train: Head, column: str) -> Grouping:
    counts = train[column].value_counts()
    return Grouping(column, None, len(counts), int(counts[counts > 1].sum()), bool((train[column] == "").any()))


def _coarsest(train: Head, test: Head, ignore: Sequence[str]) -> Grouping | None:
    """Return the grouping that keeps the most rows together, in the fewest groups; one without gaps before others."""
    found = _groupings(train, test, ignore)
    return max(found, key=lambda each: (not each.gaps, each.repeated, -each.groups), default=None)


def _groupings(train: Head, test: Head, ignore: Sequence[str]) -> Iterator[Grouping]:
    """Yield columns, then parts of columns, whose values repeat in train and are never on both sides."""
    sides = {name: (train[name], test[name]) for name in train.columns if name in test and name not in ignore}
    for name, (ours, theirs) in sides.items():
        if keeps_to_one_side(ours, theirs):
            yield _grouping(name, None, ours)
    for name, (ours, theirs) in sides.items():
        for mark in (" ", "T") if is_date(ours) else ("_", "-", "/"):  # the day of a time
            parts = before(ours, mark)
            if parts is not None and (others := before(theirs, mark)) is not None and keeps_to_one_side(parts, others):
                yield _grouping(name, mark, parts)


def _named(train: Head, test: Head, ignore: Sequence[str]) -> Grouping | None:
    """Return a column of train alone that is called as what a test has others of: persons, places, sessions."""
    for name in train.columns:
        if name not in test and name not in ignore and _OTHERS.search(name):
            found = _given(train, name)
            if not found.gaps and _LEAST <= found.groups <= len(train.frame) / 2:
                return found
    return None


def _grouping(column: str, mark: str | None, values: Series[str]) -> Grouping:
    counts = values.value_counts()
    gaps = bool((values.str.strip() == "").any())
    return Grouping(column, mark, int((counts > 1).sum()), int(counts[counts > 1].sum()), gaps)


def before(values: Series[str], mark: str) -> Series[str] | None:
    """Return the part of each value before the first mark, or None if not all values have one."""
    if not all(mark in cell for cell in values.head(100).tolist()):
        return None
    return values.str.partition(mark)[0]


def keeps_to_one_side(train: Series[str], test: Series[str]) -> bool:
    """Whether values repeat within train and none is in test too, though by chance some would be."""
    ours, theirs = (Counter(cell for cell in side.tolist() if cell.strip()) for side in (train, test))
    if not ours.keys().isdisjoint(theirs):
        return False
    n_train, n_test = ours.total(), theirs.total()
    if n_train < 0.9 * len(train) or n_test < 0.9 * len(test):
        return False
    if len(ours) < _LEAST or n_train < _ROWS_EACH * len(ours) or len(ours) < 0.001 * n_train:
        return False
    # Were rows dealt to the sides one by one, a group of n rows would be on both with this chance.
    share = n_test / (n_train + n_test)
    expected = sum(1 - share**count - (1 - share) ** count for count in ours.values() if count > 1)
    return expected >= _EXPECTED


# Time -----------------------------------------------------------------------------------------------------------------


def _later(train: Head, test: Head, ignore: Sequence[str]) -> tuple[str, str, str] | None:
    """Return the column of times that are later in test, with train's last and test's first; one of many before others."""
    found = None
    for name in train.columns:
        if name in test and name not in ignore and _ends(name, train[name], test[name]):
            # Of a long table in order the first rows, which were read, are not the last ones.
            times = whole.cells(train, name)
            if ends := _ends(name, times, whole.cells(test, name)):
                if len(times) >= _LEAST_TIMES_IN_ORDER:
                    return name, *ends
                found = found or (name, *ends)
    return found


def _ends(name: str, train: Series[str], test: Series[str]) -> tuple[str, str] | None:
    """Return train's last time and test's first, if a column holds times, and those of test are later."""
    if is_date(train) and is_date(test):
        ours, theirs = (as_dates(filled(each)).dropna() for each in (train, test))
        if len(ours) and len(theirs) and ours.max() <= theirs.min() and ours.nunique() > N_SPLITS:
            return f"{ours.max():%Y-%m-%d}", f"{theirs.min():%Y-%m-%d}"
    elif _TIMES.search(name) and is_number(train) and is_number(test):
        earlier, later = numbers(train), numbers(test)
        if earlier.max() < later.min() and earlier.nunique() >= _LEAST_TIMES:
            return f"{earlier.max():g}", f"{later.min():g}"
    return None
