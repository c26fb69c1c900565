"""The types of a table's columns: as they are described, or as their cells are read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.competition import Column
from common.wording import listed

if TYPE_CHECKING:
    from pandas import DataFrame, Series

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "<na>", "#n/a"))
"""What stands for a missing number in files, in lower case."""

ODD = 0.01
"""Fraction of a column's cells that may be something else than its kind: a note, a mark for what is missing."""

SHORT = 1000
"""Rows of a column that is read whole at once; of a longer one a few cells are tried first."""

_DOZEN = 12
_TRUTH = {"true": 1.0, "false": 0.0}
_DATE = r"\d{4}-\d{1,2}-\d{1,2}([T ].*)?"

_MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
DAY = (
    r"(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}/\d{1,2}/(\d{4}|\d{2})|\d{1,2}[.]\d{1,2}[.]\d{4}|"
    rf"\d{{1,2}}[- ]{_MONTH}[-, ] ?(\d{{4}}|\d{{2}})|{_MONTH}[.]? \d{{1,2}},? \d{{4}})"
)
"""A day as tables write it, whatever the case of its letters."""

Where = Callable[["Series[bool]"], str]


def check(
    frame: DataFrame, column: Column, where: Where, warn: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Yield the problems of one described column; turns numbers and dates into what they are, others into text.

    In a column that may have empty cells a few that are something else count as such, of which `warn` is told.
    """
    import numpy as np
    import pandas as pd

    values = frame[column.name]
    if column.kind == "number" and pd.api.types.is_numeric_dtype(values):
        empty = values.isna()
    else:
        values = frame[column.name] = as_text(values)
        empty = values.str.strip() == ""
        if column.kind == "number" and column.may_be_empty:
            empty |= values.str.strip().str.lower().isin(MISSING)
    if empty.any() and (not column.may_be_empty or column.kind == "id"):
        yield f"{column.name!r} is empty in {where(empty)}"
    if column.kind == "id" and (again := values.duplicated(keep=False) & ~empty).any():
        yield f"{column.name!r} has duplicate ids: {listed(map(repr, values[again].unique()))}"
    if column.kind == "date":
        dates = as_dates(values.mask(empty))
        if (wrong := dates.isna() & ~empty).any():
            problem = f"{column.name!r} is no date in {where(wrong)}: {values[wrong].iloc[0]!r}"
            if _few(wrong, column):
                warn(f"{problem}; read as empty")
            else:
                yield problem
        frame[column.name] = dates
    if column.kind == "number":
        numbers = as_numbers(values.mask(empty))
        wrong = ~pd.Series(np.isfinite(numbers), index=frame.index) & ~empty
        if wrong.any():
            problem = f"{column.name!r} is not a number in {where(wrong)}: {values[wrong].iloc[0]!r}"
            if _few(wrong, column):
                warn(f"{problem}; read as empty")
                numbers = numbers.mask(wrong)
            else:
                yield problem
        low = -np.inf if column.low is None else column.low
        high = np.inf if column.high is None else column.high
        outside = ~wrong & ((numbers < low) | (numbers > high))
        if outside.any():
            yield f"{column.name!r} is outside {low:g} to {high:g} in {where(outside)}: {values[outside].iloc[0]}"
        frame[column.name] = numbers


def _few(wrong: Series[bool], column: Column) -> bool:
    return column.may_be_empty and float(wrong.mean()) <= ODD


def natural(frames: Sequence[DataFrame], described: Collection[str]) -> None:
    """Turn the columns that nothing describes into numbers or dates, where all filled cells are, in every frame alike."""
    import pandas as pd

    for name in dict.fromkeys(name for frame in frames for name in frame if name not in described):
        columns = [frame[name] for frame in frames if name in frame]
        if all(pd.api.types.is_numeric_dtype(values) for values in columns):
            typed = [values.astype("float64") for values in columns]
        elif any(map(pd.api.types.is_datetime64_any_dtype, columns)) or not (typed := _read_alike(columns, as_numbers)):
            columns = [as_text(values) for values in columns]
            filled = [values.mask(values.str.strip().str.lower().isin(MISSING)) for values in columns]
            typed = _read_alike(filled, as_numbers) or _read_alike(filled, _iso_dates) or columns
        for frame, values in zip((frame for frame in frames if name in frame), typed, strict=True):
            frame[name] = values


def _read_alike(columns: list[Series[Any]], reader: Callable[[Any], Any]) -> list[Series[Any]]:
    """Return all columns as `reader` reads them, or none where one has a cell that it cannot read, or no filled cell."""
    if not any(values.notna().any() for values in columns):
        return []
    read = []
    for values in columns:
        if len(values) > SHORT:  # most columns that are something else show it at once
            some = values.dropna().head(20)
            if len(some) and reader(some).isna().any():
                return []
        typed = reader(values)
        if typed.hasnans and (typed.isna() & values.notna()).any():
            return []
        read.append(typed)
    return read


def as_text(values: Series[Any]) -> Series[str]:
    """Return cells as text: whole numbers without a point, nothing for what is missing."""
    import pandas as pd

    if pd.api.types.is_float_dtype(values) and (values.isna() | (values % 1 == 0)).all():
        values = values.astype("Int64")
    if pd.api.types.is_string_dtype(values) and not values.isna().any():
        return values
    return values.astype(object).where(values.notna(), "").map(str).astype(str)


def as_key(values: Series[Any]) -> Series[str]:
    """Return ids as text in which equal whole numbers are alike: 505.0, as floats are written, is 505."""
    words = as_text(values)
    return words.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True) if words.str.endswith(".0").any() else words


def as_numbers(values: Series[Any]) -> Series[float]:
    """Return float64 numbers, NaN where a cell is none; True and False are 1 and 0."""
    import pandas as pd

    numbers: Series[float] = pd.to_numeric(values, errors="coerce").astype("float64")
    if (
        numbers.hasnans
        and not pd.api.types.is_numeric_dtype(values)
        and (wrong := numbers.isna() & values.notna()).any()
    ):
        words = values[wrong].str.strip().str.lower()
        if words.isin(_TRUTH).all():
            numbers[wrong] = words.map(_TRUTH).astype(float)
    return numbers


def order(values: Series[float]) -> float:
    """Return how alike the frequencies of neighbouring numbers are, 1 at most; 0 of fewer than a dozen.

    Of whole numbers that count or measure something it is mostly above 0.8, of those that name something below 0.5.
    """
    import numpy as np

    counts = np.log(values.value_counts().sort_index().to_numpy())
    return float(np.corrcoef(counts[1:], counts[:-1])[0, 1]) if len(counts) >= _DOZEN and counts.std() > 0 else 0.0


def as_dates(values: Series[Any]) -> Series[Any]:
    """Return times without a zone, NaT where a cell is none; the day is first in 5.1.2020, in 5/1/2020 if it is elsewhere."""
    import pandas as pd

    dates = pd.to_datetime(values, errors="coerce", format="ISO8601", utc=True)
    if (dates.isna() & values.notna()).any():
        firsts = values.dropna().astype(str).str.extract(r"^(\d\d?)([/.])").dropna()
        day_first = bool((firsts[0].astype(int) > 12).any() or (firsts[1] == ".").any())
        # All in the way of the first are read many times as fast as each in its own.
        way = pd.tseries.api.guess_datetime_format(str(values.dropna().iloc[0]), dayfirst=day_first)
        dates = pd.to_datetime(values, errors="coerce", format=way or "mixed", utc=True, dayfirst=day_first)
        if way is not None and (dates.isna() & values.notna()).any():
            dates = pd.to_datetime(values, errors="coerce", format="mixed", utc=True, dayfirst=day_first)
    return dates.dt.tz_localize(None)


def _iso_dates(values: Series[Any]) -> Series[Any]:
    return as_dates(values.where(values.str.fullmatch(_DATE).eq(True)))
