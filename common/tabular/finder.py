"""Finds what each column of a table is, and what can be told from it row by row: once for all folds, without the target.

Numbers stay as they are. Dates, codes of several parts (`F/0/S`) and numbers with a unit (`21.4 km`) are taken apart; of
values that many rows share it is counted how many do, in both tables together.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common.data.types import DAY, order
from common.tabular.columns import DATE_PARTS, NUMBER, Layout, Step, apply, as_numbers, as_text
from common.tabular.similarity import MEASURES, pairs
from common.tabular.task import TabularTask

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FEW = 20  # distinct values of which nobody would make more than categories
NEARLY_ALL = 0.95  # fraction of a column's filled cells
WORDS = 3  # blanks apart, on average, from which cells are text rather than names
NAMES = 0.5  # order of the frequencies of numbers, below which they are names
MOST = 0.5  # of the rows of test that have a number of train, if numbers are names
AGAIN = 3  # rows of a number, on average, that is worth a category
SEVERAL = 1.5  # of them, from which cells that all differ are text as well
LOOKED_AT = 20_000  # rows by which a pattern is recognised
DELIMITERS = "/|_-:;, ."
_DATE = re.compile(rf"{DAY}(,?[T ]\d.*)?", re.IGNORECASE)


def found(train: DataFrame, test: DataFrame, task: TabularTask) -> Layout:
    """Return what the columns that both tables have are; those that say nothing of a row are left out."""
    finder = _Finder(task, {*train.columns})
    for name in train.columns:
        if name in test.columns and name not in (*task.targets, *task.leave_out):
            (finder.look_at_id if name in task.ids else finder.look_at)(name, train[name], test[name])
    finder.compare(train)
    return finder.layout()


class _Finder:
    """Looks at one column after another."""

    def __init__(self, task: TabularTask, files: set[str]) -> None:
        self.task, self.files = task, files  # the columns that files hold
        self.kinds: dict[str, list[str]] = {"numbers": [], "categories": [], "texts": []}
        self.steps: list[Step] = []

    def layout(self) -> Layout:
        """Return what was found."""
        return Layout(**{kind: tuple(names) for kind, names in self.kinds.items()}, steps=tuple(self.steps))

    def compare(self, train: DataFrame) -> None:
        """Compare texts of the same row, where two columns speak of the same."""
        named = [name for name in (*self.kinds["categories"], *self.kinds["texts"]) if name in train.columns]
        for one, other in pairs({name: as_text(train[name]) for name in named}):
            self.steps.append(Step("similarity", one, _names(f"{one} ~ {other}", MEASURES), other))
            self.kinds["numbers"] += self.steps[-1].names

    def look_at(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        """Say what a column is."""
        from pandas.api import types

        if train.nunique(dropna=False) < 2:
            return
        if all(types.is_numeric_dtype(values) or types.is_bool_dtype(values) for values in (train, test)):
            if name in self.task.texts or not _numbered(train):
                self._number(name, train)
                self._name(name, train, test)
        elif types.is_datetime64_any_dtype(train) and types.is_datetime64_any_dtype(test):
            self._step(Step("date", name, _names(name, DATE_PARTS)), train, test)
        else:
            self._look_at_text(name, as_text(train), as_text(test))

    def look_at_id(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        """Find what rows share of an id of several parts, and what a date says."""
        train, test = as_text(train), as_text(test)
        if _mostly(train.iloc[:: max(1, len(train) // LOOKED_AT)], _DATE.fullmatch):
            self._look_at_text(name, train, test)
            return
        if parts := _parts(name, train):
            made = apply(parts, train, {})
            self.steps.append(parts)
            for part in parts.names:
                n_distinct = made[part].nunique()
                if n_distinct < 2:
                    continue
                if n_distinct > FEW:
                    self._count(part, made[part])
                elif _is_number(made[part]):
                    self._number(part, made[part])

    def _number(self, name: str, values: Series[Any]) -> None:
        if as_numbers(values).nunique(dropna=False) > 1:
            self.kinds["numbers"].append(name)

    def _name(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        """Take whole numbers for a category as well, if they are names that come again, in test too: of persons, shops."""
        if name not in self.files or test.isin(train).mean() < MOST:
            return
        known = as_numbers(train).dropna()
        if (
            known.nunique() > FEW
            and known.nunique() * AGAIN <= len(known)
            and (known % 1 == 0).all()
            and order(known) < NAMES
        ):
            self.steps.append(Step("name", name, _names(name, ("name",))))
            self.kinds["categories"].append(f"{name} · name")

    def _count(self, name: str, values: Series[Any]) -> None:
        """Count the rows that share a value, if rows do."""
        if values.duplicated().any():
            self.steps.append(Step("rows", name, _names(name, ("rows",))))
            self.kinds["numbers"].append(f"{name} · rows")

    def _step(self, step: Step, train: Series[Any], test: Series[Any]) -> None:
        """Add a step, with what it makes."""
        self.steps.append(step)
        on_train, on_test = apply(step, train, {}), apply(step, test, {})
        for name in step.names:
            if step.how == "date" and name.endswith(" days") and on_train[name].max() <= on_test[name].min():
                continue  # all of test is later: what was learnt of each day says nothing of those, the season does
            self.look_at(name, on_train[name], on_test[name])

    def _look_at_text(self, name: str, train: Series[Any], test: Series[Any]) -> None:
        filled = train[train != ""]
        some = filled.iloc[:: max(1, len(filled) // LOOKED_AT)]
        if name not in self.task.texts:
            if _mostly(some, _DATE.fullmatch):
                first = some.str.extract(r"^(\d\d?)[/.]", expand=False).dropna().astype(int)
                order = "day first" if (first > 12).any() or some.str.fullmatch(r"\d+[.].*").any() else ""
                self._step(Step("date", name, _names(name, DATE_PARTS), order), train, test)
                return
            if filled.nunique() <= FEW:
                self.kinds["categories"].append(name)
                return
            words = some.str.count(r"\S+").mean()
            if words < WORDS and not _listed(some):
                named = _unique(filled) and some.str.match("[A-Za-z]").all()
                if _mostly(some, NUMBER.fullmatch) and not named:
                    self._step(Step("number", name, _names(name, ("number", "unit"))), train, test)
                elif parts := _parts(name, train):
                    self._step(parts, train, test)
                elif _unique(filled) and words >= SEVERAL:  # titles
                    self._text(name, train)
                if not _unique(filled):  # otherwise it names rows
                    self.kinds["categories"].append(name)
                    self._count(name, filled)
                return
        self._text(name, train)

    def _text(self, name: str, train: Series[Any]) -> None:
        """Take a column for text, and how long each is for numbers."""
        self.kinds["texts"].append(name)
        lengths = Step("length", name, _names(name, ("characters", "words")))
        self.steps.append(lengths)
        for each, values in apply(lengths, train, {}).items():
            self._number(each, values)


def _names(source: str, parts: Any) -> tuple[str, ...]:
    return tuple(f"{source} · {part}" for part in parts)


def _mostly(values: Series[Any], holds: Callable[[str], Any]) -> bool:
    distinct = values.unique()[:LOOKED_AT]
    return len(distinct) > 0 and sum(map(bool, map(holds, distinct))) >= NEARLY_ALL * len(distinct)


def _is_number(values: Series[Any]) -> bool:
    return bool(as_numbers(values[values != ""]).notna().mean() >= NEARLY_ALL)


def _unique(filled: Series[Any]) -> bool:
    """Whether nearly every cell is another."""
    return filled.nunique() >= NEARLY_ALL * len(filled)


def _numbered(values: Series[Any]) -> bool:
    """Whether numbers only count the rows, one by one."""
    import numpy as np

    if len(values) <= FEW or values.hasnans or not values.is_unique:
        return False
    steps = np.diff(np.sort(values.to_numpy(float)))
    return bool((steps == 1).all())


def _listed(values: Series[Any]) -> bool:
    return _mostly(values, lambda text: text.startswith("[") and text.endswith("]"))


def _parts(name: str, values: Series[Any]) -> Step | None:
    """Return how cells are taken apart, if nearly all have as many parts."""
    some = values[values != ""].iloc[:LOOKED_AT].value_counts()  # of each value once: most columns have few
    for delimiter in DELIMITERS:
        counts = some.groupby(some.index.str.count(re.escape(delimiter))).sum().sort_values(ascending=False)
        if len(counts) and 1 <= counts.index[0] <= 5 and counts.iloc[0] >= NEARLY_ALL * some.sum():
            return Step("parts", name, _names(name, range(1, int(counts.index[0]) + 2)), delimiter)
    return None
