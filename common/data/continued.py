"""Tables whose rows go on in further files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.competition import Table
from common.data import tables
from common.data.tables import Tolerate
from common.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


def read(
    folder: Path, path: Path, table: Table, tolerate: Tolerate | None = None
) -> tuple[DataFrame, Sequence[object]]:
    """Read all files of a table, one after another.

    Args:
        folder: where they lie.
        path: the first.
        table: describes them.
        tolerate: as `tables.read` takes it.

    Returns:
        The rows, and the line on which each begins, with the name of the file but of the first.

    Raises:
        DataError: if one is missing, cannot be read, or has other columns than the first.
    """
    import pandas as pd

    frames: list[DataFrame] = []
    lines = []
    index = next((each.name for each in table.columns if each.kind == "id" and not each.parts), None)
    for file in (table.file, *table.continued):
        at = next(iter(tables.located(folder, file)), None) if frames else path
        if at is None:
            raise DataError(f"{file} is not in {folder}, and the rows of {table.file} go on in it")
        frame, places = tables.read(
            at, table.separator, table.quoting, tolerate, PurePosixPath(file).name, table.encoding,
            header=table.header, names=table.names, index=index,
        )  # fmt: skip
        if frames and list(frame) != list(frames[0]):
            raise DataError(f"{at} has other columns than {path}, whose rows go on in it; correct one of them")
        frames.append(frame)
        lines.append(places)
    if not table.continued:
        return frames[0], lines[0]
    return pd.concat(frames, ignore_index=True), _Places(table, [*map(len, frames)], lines)


class _Places(Sequence[object]):
    """Where each row begins, found when it is asked for: only errors need it."""

    def __init__(self, table: Table, rows: list[int], lines: list[Sequence[int]]) -> None:
        self._parts = list(zip((table.file, *table.continued), rows, lines, strict=True))

    def __len__(self) -> int:
        return sum(rows for _, rows, _ in self._parts)

    def __getitem__(self, row: Any) -> Any:
        for place, (file, rows, lines) in enumerate(self._parts):
            if row < rows:
                return f"{lines[row]} of {file}" if place else lines[row]
            row -= rows
        raise IndexError(row)
