"""Dates in the ways in which tables write them."""

from __future__ import annotations

import pandas as pd
import pytest

from common.data.types import as_dates


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2015-11-07 11:28:05 UTC", "2016-01-02 00:00:00 UTC"], ["2015-11-07", "2016-01-02"]),
        (["11/07/2015 11:28", "01/02/2016 00:00"], ["2015-11-07", "2016-01-02"]),
        (["7/11/2015", "31/12/2015", ""], ["2015-11-07", "2015-12-31", None]),
        (["Nov 7, 2015", "2016-01-02", "something else"], ["2015-11-07", "2016-01-02", None]),  # each in its own way
    ],
)
def test_dates_are_read_in_the_way_of_the_first_or_each_in_its_own(cells: list[str], days: list[str | None]) -> None:
    found = as_dates(pd.Series(cells, dtype=str).replace("", None))
    assert [None if pd.isna(each) else f"{each:%Y-%m-%d}" for each in found] == days
