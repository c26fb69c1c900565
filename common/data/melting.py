"""Columns as rows: a row for each of some columns, with its name and its cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.competition import Melt
from common.data.types import MISSING, as_text

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


def melted(frame: DataFrame, how: Melt) -> tuple[DataFrame, NDArray[Any]]:
    """Return a row for each filled cell of some columns (m, keep + 2), and the row of the table that each comes from (m,)."""
    import numpy as np

    long = frame[[*how.keep, *how.columns]].melt([*how.keep], [*how.columns], how.kind, how.value)
    filled = (~as_text(long[how.value]).str.strip().str.lower().isin(MISSING)).to_numpy()
    return long[filled].reset_index(drop=True), np.tile(np.arange(len(frame)), len(how.columns))[filled]


class Places(Sequence[object]):
    """Where some rows of a table stand, found when it is asked for: only errors need it."""

    def __init__(self, places: Sequence[object], rows: NDArray[Any]) -> None:
        self._places, self._rows = places, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: Any) -> Any:
        return self._places[int(self._rows[row])]
