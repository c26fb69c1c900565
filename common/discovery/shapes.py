"""What the answers look like: numbers, classes, lists of labels, pieces of text, masks, boxes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from common.data.types import MISSING, as_numbers, order
from common.discovery import whole
from common.discovery.columns import filled, is_number, numbers
from common.discovery.heads import Head
from common.errors import DataError
from common.wording import plural

if TYPE_CHECKING:
    from pandas import Series

    from common.discovery.target import Submitted

Shape = Literal[
    "numbers", "integers", "binary", "words", "class_columns", "one_hot", "marks", "labels", "top", "span", "text",
    "mask", "boxes",
]  # fmt: skip

WORDS: dict[Shape, str] = {
    "numbers": "numbers",
    "integers": "a few whole numbers",
    "binary": "two values",
    "words": "one of several classes",
    "class_columns": "a probability for each class",
    "one_hot": "a probability for each column, one of which is 1",
    "marks": "a probability for each column, any number of which are 1",
    "labels": "a list of labels",
    "top": "the likeliest classes, in a list",
    "span": "a piece of a text",
    "text": "free text",
    "mask": "run lengths of a mask",
    "boxes": "boxes",
}
_FEW = 30  # whole numbers that may be classes
_MEASURED = 0.7  # order of the frequencies of whole numbers, above which they are no names
_LISTS = 0.02  # of the answers hold more than one label, if they are lists
_ROWS = 5_000
_SEPARATORS = ("|", ";", ",", " ")
_TRUE_FALSE = {"true", "false", "yes", "no", "t", "f", "y", "n"}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The shape of the answers.

    `classes` are those seen in training, `count` how many a cell of the sample submission lists, `separator` what stands
    between, `source` the column of text that pieces are taken from, `tokens` the fields of a box. `fractions` says that
    the sample submission holds numbers that are not whole, `whole` that neither it nor the answers do, `mixed` that it holds
    both of two classes, `objects` that each object of a picture has a row, `measured` that whole numbers count or measure.
    """

    shape: Shape
    classes: tuple[str, ...] = ()
    count: int | None = None
    separator: str = " "
    source: str | None = None
    tokens: int | None = None
    fractions: bool = False
    whole: bool = False
    mixed: bool = False
    empty: str | None = None
    low: float | None = None
    high: float | None = None
    objects: bool = False
    measured: bool = False


def answers(submitted: Submitted, sample: Head | None, train: Head | None, shared: Sequence[str]) -> Answers:
    """Return the shape of the answers from the sample submission's cells and the training rows' targets.

    Args:
        submitted: which columns they are.
        sample: the sample submission, if there is one.
        train: the training rows, if they are a table.
        shared: the columns that training and test rows have.
    """
    given = sample[submitted.targets[0]].head(_ROWS) if sample else None
    shown = filled(given) if given is not None else None
    fractions = shown is not None and is_number(shown) and bool(numbers(shown).mod(1).ne(0).any())
    empty = _empty(given)
    if train is None:
        if len(submitted.targets) > 1:
            return Answers(shape="class_columns", classes=submitted.targets, fractions=True)
        numeric = shown is None or is_number(shown)
        return Answers(shape="binary" if numeric else "words", fractions=fractions)
    if submitted.classes and (separator := separator_of_columns(train[submitted.truth[0]], submitted.targets)):
        return Answers(shape="marks", classes=submitted.targets, separator=separator, fractions=True)
    if submitted.classes:
        known = _ordered({*whole.cells(train, submitted.truth[0])})
        return Answers(shape="class_columns", classes=known, fractions=True)
    if len(submitted.truth) > 1:
        return _of_several(submitted, train, fractions)
    cells, truth = whole.cells(train, submitted.truth[0]), train[submitted.truth[0]]
    if cells.empty:
        return Answers(shape="text", empty=empty)
    if not is_number(cells):
        return _of_text(truth, cells, shown, train, shared, fractions, empty)
    values, some = numbers(cells), numbers(filled(truth))
    integral, distinct = bool(values.mod(1).eq(0).all()), values.nunique()
    classes = _ordered({*cells}) if integral else ()
    bounds = (float(values.min()), float(values.max()))
    if shown is not None and (listed := _listed(shown, classes)) > 1:
        return Answers(shape="top", classes=classes, count=listed)
    if distinct == 2 and integral:
        mixed = shown is not None and {*shown} == {*classes}
        return Answers(shape="binary", classes=classes, fractions=fractions, mixed=mixed)
    if distinct == 1 and integral and bounds[0] in (0, 1):
        return Answers(shape="binary", classes=("0", "1"), fractions=fractions)
    wide = some.nunique() > max(_FEW, 0.02 * len(some) if len(some) > 5_000 else 0)
    if integral and not wide and not fractions and len(some) >= 3 * some.nunique():
        measured = order(some) > _MEASURED
        return Answers(shape="integers", classes=classes, whole=True, low=bounds[0], high=bounds[1], measured=measured)
    return Answers(
        shape="numbers", fractions=fractions, whole=integral and not fractions, low=bounds[0], high=bounds[1]
    )


def separator_of_columns(values: Series[str], columns: Sequence[str]) -> str | None:
    """Return what stands between the labels of a list, if the cells list what columns are named after, some more than one."""
    from common.decisions.classes import spelled

    cells = filled(values).head(_ROWS).unique().tolist()
    for separator in _SEPARATORS:
        labels = {part for cell in cells for part in _parts(cell, separator)}
        longer = any(len(_parts(cell, separator)) > 1 for cell in cells)
        if longer and len(labels) <= len(columns) and labels <= {*spelled(columns, labels)}:
            return separator
    return None


def _ordered(labels: set[str]) -> tuple[str, ...]:
    from common.decisions.classes import ordered

    return ordered(labels)


def _empty(given: Series[str] | None) -> str | None:
    """Return what the sample submission writes where nothing is predicted, or None if it shows nothing of the kind."""
    if given is None:
        return None
    words = {cell.strip() for cell in given}
    return words.pop() if len(words) == 1 and words <= {"", "-", "none", "None"} else "" if "" in words else None


def _of_several(submitted: Submitted, train: Head, fractions: bool) -> Answers:
    """Return the shape of several target columns."""
    import pandas as pd

    frame = pd.DataFrame({name: as_numbers(train[name]) for name in submitted.truth})
    for name in submitted.truth:
        cells = train[name][frame[name].isna()]
        words = cells[~cells.str.strip().str.lower().isin(MISSING)]
        if len(words):
            raise DataError(
                f"{train.file} has words in {name!r}, such as {words.iloc[0]!r}, one of "
                f"{plural(len(submitted.truth), 'target')}: the kit predicts classes of one column, or several columns of numbers"
            )
    values = frame.fillna(0)
    low, high = float(values.min().min()), float(values.max().max())
    if values.isin([0, 1, -1]).all().all() and high > 0:
        one = bool(values.sum(axis=1).eq(1).all())
        return Answers(shape="one_hot" if one else "marks", classes=submitted.truth, fractions=True)
    sums = values.sum(axis=1)
    if len(submitted.truth) > 1 and low >= 0 and bool(((sums - 1).abs() < 1e-4).all()):
        return Answers(shape="one_hot", classes=submitted.truth, fractions=True)
    return Answers(shape="numbers", fractions=fractions, low=low, high=high)


def _of_text(
    truth: Series[str],
    cells: Series[str],
    shown: Series[str] | None,
    train: Head,
    shared: Sequence[str],
    fractions: bool,
    empty: str | None,
) -> Answers:
    """Return the shape of a target column of text; `cells` are all that it holds, each once."""
    some = filled(truth).head(_ROWS)
    if is_mask(some) or (shown is not None and len(shown) and is_mask(shown) and is_mask(some.head(20))):
        return Answers(shape="mask", empty=empty)
    if tokens := box_tokens(some, shown):
        return Answers(shape="boxes", tokens=tokens, empty=empty)
    classes = _ordered({*cells})
    if {each.casefold() for each in classes} <= _TRUE_FALSE and len(classes) <= 2:
        return Answers(shape="binary", classes=classes, fractions=fractions or _numeric(shown))
    if source := _source(truth, train, shared):
        return Answers(shape="span", source=source, empty=empty)
    if separator := _separator(some) or _separator_shown(some, shown):
        known = {part for cell in cells for part in _parts(cell, separator)}
        return Answers(shape="labels", classes=_ordered(known), separator=separator, empty=empty)
    if shown is not None and (count := _listed(shown, classes)) > 1:
        return Answers(shape="top", classes=classes, count=count)
    if len(classes) == 2:
        return Answers(shape="binary", classes=classes, fractions=fractions or _numeric(shown))
    from_sample = {*shown.head(100)} if shown is not None else set()
    looks_like_text = some.str.len().mean() > 40 or (some.nunique() > 0.9 * len(some) and len(some) > 20)
    if looks_like_text and not from_sample & set(classes):
        return Answers(shape="text", empty=empty)
    return Answers(shape="words", classes=classes, fractions=fractions)


def is_truth(values: Series[str]) -> bool:
    """Whether all cells are True or False, which are read as 1 and 0."""
    return {cell.strip().casefold() for cell in values.unique().tolist()} <= {"true", "false", ""}


def _numeric(shown: Series[str] | None) -> bool:
    return shown is not None and is_number(shown)


def _parts(cell: str, separator: str) -> list[str]:
    return cell.split() if separator == " " else [part.strip() for part in cell.split(separator)]


def _listed(shown: Series[str], classes: Sequence[str]) -> int:
    """Return how many classes a cell of the sample submission lists, 1 if it does not."""
    known = {*classes}
    cells = shown.head(100)
    lists = [cell.split() for cell in cells]
    if len(cells) == 0 or any(cell in known for cell in cells) or min(map(len, lists)) < 2:
        return 1
    labels = [part for each in lists for part in each]
    rare = sum(part in known for part in labels) < 0.5 * len(labels)
    return 1 if rare and len(known) < 1_000 else max(map(len, lists))


def _separator(values: Series[str]) -> str | None:
    """Return what stands between the labels of a list, if the cells are lists: of few labels that come again and again."""
    distinct = values.nunique()
    for separator in _SEPARATORS:
        lists = [_parts(cell, separator) for cell in values]
        longer = sum(len(each) > 1 for each in lists)
        alone = {each[0] for each in lists if len(each) == 1}
        labels = [part for each in lists for part in each]
        known = {*labels}
        again = {part for each in lists if len(each) > 1 for part in each}
        few = len(known) < 0.8 * distinct or (len(again & alone) >= 0.5 * len(again) and len(again) > 1)
        repeated = any(len({*each}) < len(each) for each in lists)
        if longer >= _LISTS * len(lists) and longer > 1 and few and not repeated and len(labels) >= 3 * len(known):
            return separator
    return None


def _separator_shown(values: Series[str], shown: Series[str] | None) -> str | None:
    """Return a blank if the sample submission lists words with blanks between, most of which stand in several answers."""
    if shown is None or not len(shown):
        return None
    for separator in "|;,":  # lists of labels that stand in answers too, though not these together
        labels = {part for cell in values for part in _parts(cell, separator)}
        new = {*shown.head(100)} - {*values}
        if new and all(separator in cell and {*_parts(cell, separator)} <= labels for cell in new):
            return separator
    again: Counter[str] = Counter(part for cell in values for part in cell.split())
    if values.str.contains(" ").mean() < _LISTS:
        return None
    lists = [cell.split() for cell in shown.head(100)]
    known = sum(again[part] > 1 for each in lists for part in each)
    several = all(len({*each}) == len(each) > 1 for each in lists) and not {*values} & {*shown.head(100)}
    return " " if several and 2 * known >= sum(map(len, lists)) and len(again) < 0.5 * len(values) else None


def _source(truth: Series[str], train: Head, shared: Sequence[str]) -> str | None:
    """Return the column of text that nearly all answers are pieces of."""
    rows = truth[truth.str.strip() != ""].head(500).index
    for name in shared:
        texts = train[name].loc[rows]
        inside = [answer.strip() in text for answer, text in zip(truth.loc[rows], texts, strict=True)]
        equal = sum(answer == text for answer, text in zip(truth.loc[rows], texts, strict=True))
        longer = texts.str.len().mean() > 10 and texts.str.contains(" ").mean() > 0.5
        if sum(inside) > 0.95 * len(inside) and equal < 0.95 * len(inside) and longer:
            return name
    return None


def is_mask(values: Series[str]) -> bool:
    """Whether cells are run lengths: even counts of whole numbers, starts rising."""
    cells = [cell.split() for cell in values.head(200)]
    if not cells or not all(re.fullmatch(r"[\d ]+", cell.strip()) for cell in values.head(200)):
        return False
    runs = [list(map(int, each)) for each in cells]
    longer = [each for each in runs if len(each) >= 4]
    rising = all(each[at] < each[at + 2] for each in longer for at in range(0, len(each) - 2, 2))
    return all(len(each) % 2 == 0 for each in runs) and rising and (len(longer) > 0 or len(runs) < 3)


def box_tokens(values: Series[str], shown: Series[str] | None) -> int | None:
    """Return how many fields a box has in the cells, or None if they are no boxes: most fields are numbers."""
    cells = [each for each in (cell.split() for cell in values.head(200)) if len(each) > 2]
    if len(cells) < 0.5 * min(len(values), 200) or not cells:
        return None
    numbers = sum(bool(re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", part)) for each in cells for part in each)
    if numbers < 0.6 * sum(map(len, cells)):
        return None
    lists = [cell.split() for cell in shown.head(50)] if shown is not None and len(shown) else cells
    for tokens in (9, 6, 8, 7, 5, 4, 3):
        if all(len(each) % tokens == 0 for each in lists) and any(lists):
            return tokens
    return None
