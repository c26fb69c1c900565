"""Of which kind a column is, by its values."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING

from common.competition import ColumnKind
from common.data.types import DAY, MISSING

if TYPE_CHECKING:
    from pandas import Series

_TIME = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}:?\d{2}))?"
_DATE = re.compile(rf"{DAY}(,?[ T]{_TIME})?", re.IGNORECASE)
_COMPACT = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_LONG = 40  # characters on average that only a text has
_MANY = 0.5  # of the filled cells differ: no category
_LOOKED_AT = 2_000


def plain(name: str) -> str:
    """Return a column's name without marks and upper case, in which spellings differ."""
    return re.sub("[^a-z0-9]", "", name.casefold())


def filled(values: Series[str]) -> Series[str]:
    """Return the cells that are not empty."""
    return values[values.str.strip() != ""]


def numbers(values: Series[str]) -> Series[float]:
    """Return the cells that are not missing as float64, NaN where one is no number."""
    import pandas as pd

    cells = values[~values.str.strip().str.lower().isin(MISSING)]
    return pd.to_numeric(cells, errors="coerce").astype("float64")


def is_number(values: Series[str]) -> bool:
    """Whether all filled cells are finite numbers, and there is one."""
    found = False
    for cell in values.unique().tolist():  # cell by cell: most columns that are none show it at once
        text = cell.strip()
        if text.lower() not in MISSING:
            if not is_finite(text):
                return False
            found = True
    return found


def is_finite(text: str) -> bool:
    """Whether a cell is a finite number."""
    try:
        return "_" not in text and isfinite(float(text))
    except ValueError:
        return False


def is_date(values: Series[str]) -> bool:
    """Whether all filled cells are dates as tables write them."""
    first = next((cell for cell in values if cell.strip()), "").strip()
    form = next((form for form in (_DATE, _COMPACT) if form.fullmatch(first)), None)
    return form is not None and all(form.fullmatch(cell.strip()) for cell in filled(values).head(_LOOKED_AT))


def kind_of(*parts: Series[str]) -> ColumnKind:
    """Return the kind of a column from its cells in train and test.

    >>> import pandas as pd
    >>> [kind_of(pd.Series(cells)) for cells in (["1", "", "2.5"], ["a", "b", "a"], ["2020-01-02", ""])]
    ['number', 'category', 'date']
    """
    import pandas as pd

    numeric = [is_number(part) for part in parts]
    if all(numeric) and all(map(is_date, parts)):  # 20200131
        return "date"
    if any(numeric) and all(number or filled(part).empty for number, part in zip(numeric, parts, strict=True)):
        return "number"
    values = filled(pd.concat(parts)).head(_LOOKED_AT)
    if values.empty:
        return "category"
    if is_date(values):
        return "date"
    words = values.str.count(r"\s+").mean() + 1
    length, distinct = values.str.len().mean(), values.nunique() / len(values)
    without_blanks = values.str.contains(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]").mean() > 0.5
    if distinct > _MANY and (words >= 2 or without_blanks or length >= _LONG):
        return "text"
    return "text" if words >= 6 and length >= _LONG and values.nunique() > 20 else "category"
