"""A submission's cells as the rules see them, from a file or from a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Table:
    """Columns as Arrow arrays by position: text, or float64 where a frame has numbers.

    `header` is None if a file has none, `locate(row)` names a row for people, and `unread` counts the lines of a file that
    are too broken to be rows.
    """

    header: tuple[str, ...] | None
    columns: tuple[Any, ...]
    locate: Callable[[int], str]
    rows: int
    unread: int = 0


def from_frame(frame: pd.DataFrame, id_column: str) -> Table:
    """Return a frame's cells as they would be written; ids are text whatever their type."""
    import pyarrow as pa
    from pandas.api.types import is_bool_dtype, is_complex_dtype, is_numeric_dtype

    columns = []
    for name, values in frame.items():
        number = is_numeric_dtype(values) and not is_bool_dtype(values) and not is_complex_dtype(values)
        if number and name != id_column:
            columns.append(pa.array(values.to_numpy("float64", na_value=float("nan")), pa.float64()))
        else:
            columns.append(text(values))
    return Table(tuple(map(str, frame.columns)), tuple(columns), lambda row: f"row {row}", len(frame))


def joined(parts: Sequence[Any]) -> Any:
    """Return the ids that columns of text make."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(
        *(part.cast(pa.large_string()) for part in parts), pa.scalar("_", pa.large_string())
    )


def text(values: pd.Series[Any]) -> Any:
    """Return a frame's column as an Arrow array of text, empty where a value is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    with suppress(pa.ArrowTypeError):  # all text already, in one step
        return pc.fill_null(pa.array(values.to_numpy(object), pa.large_string(), from_pandas=True), "")
    cells = ["" if gap else str(value) for value, gap in zip(values, values.isna(), strict=True)]
    return pa.array(cells, pa.large_string())
