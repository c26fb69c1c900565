"""What one column holds in all rows of a long table: the first ones need not have every class, nor the last dates."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.data import formats
from common.discovery.columns import filled
from common.discovery.heads import Head
from common.discovery.packed import opened

if TYPE_CHECKING:
    from pandas import Series

_MOST = 10_000_000  # rows that are read for it; a longer table is known by its first ones
_AT_ONCE = 200_000  # of them


def counts(head: Head, name: str) -> Series[int]:
    """Return how many rows hold each cell of a column, "" of the empty ones.

    All rows of the file count where they are text. Of a longer table than `_MOST`, of one in several files or in another
    format, of a part of a file, and of columns that the file has not, the first rows do.
    """
    if head.answers is not None and name in head.answers:
        return counts(head.answers, name)
    known = head[name].value_counts(sort=False)
    if head.whole or head.rows > _MOST or head.continued or head.filled is not None or head.blank is not None:
        return known
    read = _read(head.path, name, head.names, head.separator, head.quoting, head.encoding, head.header)
    return read if read is not None and read.sum() >= len(head.frame) else known


def cells(head: Head, name: str) -> Series[str]:
    """Return what the cells of a column hold, each once, without the empty ones."""
    import pandas as pd

    return filled(pd.Series(counts(head, name).index, dtype=object))


@lru_cache(maxsize=8)
def _read(
    path: Path, name: str, names: tuple[str, ...], separator: str, quoting: str, encoding: str, header: bool
) -> Series[int] | None:
    """Return the counts of a column by its name in the file or in `names`, or None if there is none or the table is no text."""
    import pandas as pd

    options: dict[str, Any] = {
        "sep": separator, "dtype": object, "keep_default_na": False, "na_filter": False, "index_col": False,
        "quoting": 3 if quoting == "none" else 0, "on_bad_lines": "skip", "low_memory": False, "encoding_errors": "replace",
        "encoding": encoding.replace("utf-8", "utf-8-sig"), "header": 0 if header else None,
    }  # fmt: skip
    with opened(path) as (stream, inside, _):
        if formats.known(inside) or inside.lower().endswith(".parquet"):
            return None
        columns = list(pd.read_csv(stream, nrows=1, **options).columns)
    known = columns if name in columns else list(names)
    if name not in known or len(known) != len(columns):
        return None
    with opened(path) as (stream, _, _):
        frames: Any = pd.read_csv(stream, usecols=[known.index(name)], chunksize=_AT_ONCE, **options)
        found = pd.concat([frame.iloc[:, 0].value_counts(sort=False) for frame in frames])
    if quoting == "none":
        found.index = found.index.str.strip('"')
    total: Series[int] = found.groupby(level=0).sum()
    return total
