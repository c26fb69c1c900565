"""Columns that tell the answer because they were written after it: they are left out, and it is said why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.data.types import MISSING
from common.discovery.findings import Hints, Notes
from common.discovery.heads import Head
from common.errors import DataError
from common.splits.telling import telling
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import Series

_ENOUGH = 20  # rows that show it
_NEARLY_ALL, _NOT_ALWAYS = 0.95, 0.75  # of the rows that have a value, and of all rows, are of one class
_MOST_CLASSES = 10
_OPTION = "--leave-out, model.py"


def left_out(
    train: Head, test: Head, truth: tuple[str, ...], classes: bool, hints: Hints, notes: Notes
) -> tuple[str, ...]:
    """Return the columns of both sides that models must not see.

    Args:
        train: the training rows.
        test: the test rows.
        truth: the columns of the answers.
        classes: whether they are classes.
        hints: what the user says.
        notes: where the evidence goes.

    Raises:
        DataError: for a column that is not there.
    """
    if missing := [name for name in hints.leave_out if name not in train]:
        raise DataError(f"{train.file} has no column {listed(map(repr, missing))}; it has: {listed(train.columns, 8)}")
    made = list(hints.leave_out)
    if made:
        notes.add("left out", listed(made), "sure", "as you say", _OPTION)
    answers = train[truth[0]] if classes and len(truth) == 1 and truth[0] in train else None
    if answers is not None and answers.nunique() > _MOST_CLASSES:
        answers = None
    for name in train.columns:
        if name not in test or name in truth or name in made:
            continue
        some = any(map(_bare, test[name].head(_ENOUGH).tolist()))
        if some and (answers is None or all(map(_bare, {*train[name].head(1000).tolist()}))):
            continue  # of most columns that settles it
        there = _filled(train[name])
        if len(test.frame) >= _ENOUGH and there.any() and not _filled(test[name]).any():
            why = f"{plural(int(there.sum()), 'row')} of {train.file} have it, none of {test.file}: it is written later"
        elif answers is not None and (told := _tells(there, answers)):
            why = told
        else:
            continue
        made.append(name)
        notes.add("left out", name, "likely", why, _OPTION)
    return tuple(made)


def note_telling(train: Head, names: Sequence[str], truth: tuple[str, ...], classes: bool, notes: Notes) -> None:
    """Note the columns that alone explain the answers: they are used, but ought to be looked at.

    Args:
        train: the training rows.
        names: the columns that models will see.
        truth: the columns of the answers.
        classes: whether they are classes.
        notes: where it goes.
    """
    for each in truth:
        for name, score in telling(
            train.frame, [name for name in names if name in train], train[each], classes=classes
        ):
            why = f"column {name!r} alone explains {each!r} ({score}): if it is known only afterwards, leave it out"
            notes.add("too good", name, "guess", why, _OPTION)


def _bare(cell: str) -> str:
    text = cell.strip().lower()
    return "" if text in MISSING else text


def _filled(values: Series[str]) -> Series[bool]:
    return ~values.str.strip().str.lower().isin(MISSING)


def _tells(there: Series[bool], answers: Series[str]) -> str:
    """Return how a cell's being there tells the class, or nothing."""
    few = int(there.sum())
    if few < _ENOUGH or not (~there).any():
        return ""
    label, share = _commonest(answers[there])
    usual = float((answers == label).mean())
    if share < _NEARLY_ALL or usual > _NOT_ALWAYS:
        return ""
    return f"where it has a value ({few:,} rows), {share:.0%} are {label}, of all rows {usual:.0%}: it may be written afterwards"


def _commonest(answers: Series[str]) -> tuple[str, float]:
    counts = answers.value_counts(normalize=True)
    return str(counts.index[0]), float(counts.iloc[0])
