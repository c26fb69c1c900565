"""What a table's rows get from elsewhere: ids made of columns, files of their name, columns of further tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.competition import Folder, Join, Source, Table
from common.data import folders
from common.data.summaries import summarised
from common.data.types import as_key, as_text
from common.data.zipped import ARCHIVE, members
from common.errors import DataError
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def with_id(frame: DataFrame, table: Table) -> DataFrame:
    """Return the rows with the id that is made of columns, or of the row's number, if no column holds it."""
    import pandas as pd

    column = next((column for column in table.columns if column.kind == "id"), None)
    if column is None or column.name in frame:
        if column is not None and column.parts and not {*column.parts} & {*frame}:
            return frame.assign(**divided(frame[column.name], column.parts))
        return frame
    if column.counted_from is not None:
        numbers = pd.Series(range(column.counted_from, column.counted_from + len(frame)), index=frame.index)
        return frame.assign(**{column.name: numbers.astype(str)})
    if not column.parts or not {*column.parts} <= {*frame}:
        return frame
    return frame.assign(**{column.name: made_id(frame, column.parts)})


def divided(ids: Series[str], parts: Sequence[str]) -> dict[str, list[str]]:
    """Return the parts of ids, each by its name: only the first may hold the mark that joins them."""
    words = [id.rsplit("_", len(parts) - 1) for id in ids]
    return {name: [each[place] if place < len(each) else "" for each in words] for place, name in enumerate(parts)}


def made_id(frame: DataFrame, parts: Sequence[str]) -> list[str]:
    """Return the ids of rows (n,) that several columns make."""
    return ["_".join(row) for row in zip(*(as_text(frame[part]) for part in parts), strict=True)]


def with_joined(frame: DataFrame, joins: tuple[Join, ...], read: Callable[[Source], DataFrame]) -> DataFrame:
    """Return the rows with the columns of further tables, read by `read`; a row without a partner has empty cells.

    Raises:
        DataError: if a key is missing on a side.
    """
    import pandas as pd

    for join in joins:
        file, on, keys = join.table.file, list(join.on), list(join.keys or join.on)
        other = read(join.table)
        for side, wanted, name in ((frame, on, "the table"), (other, keys, file)):
            if missing := [key for key in wanted if key not in side]:
                raise DataError(f"{file} is joined by {listed(wanted)}, but {name} has no column {missing[0]!r}")
        more = partners(frame, other, join)
        natural_or_text = [
            more[name] if pd.api.types.is_numeric_dtype(more[name]) else as_text(more[name]) for name in more
        ]
        frame = pd.concat([frame, *natural_or_text], axis=1)
    return frame


def partners(frame: DataFrame, other: DataFrame, join: Join) -> DataFrame:
    """Return the columns that a further table adds to a table's rows, without the keys, in names that are free."""
    on, keys = list(join.on), list(join.keys or join.on)
    if not on:
        if len(other) != len(frame):
            raise DataError(
                f"{join.table.file} has {plural(len(other), 'row')} for the {len(frame):,} that they belong to by their places"
            )
        free = {name: _free(name, frame, join.table.file) for name in map(str, other)}
        return other.rename(columns=free).set_axis(frame.index)
    other = other.assign(**{key: as_key(other[key]) for key in keys})
    left = frame[on].assign(**{key: as_key(frame[key]) for key in on})
    if join.rows == "all" and isinstance(join.table, Table):
        other = summarised(other, keys)
    if join.gathered:
        _require_partners(left, other[keys], f"{join.table.file} has nothing for {{}}")
        _require_partners(other[keys], left, f"{join.table.file} has cells for {{}} without a file or a line")
        other = other.groupby(keys, as_index=False, sort=False).agg(join.gathered.join)
    other = other.drop_duplicates(keys).rename(columns=dict(zip(keys, on, strict=True)))
    other = other.rename(
        columns={name: _free(name, frame, join.table.file) for name in map(str, other) if name not in on}
    )
    return left.merge(other, on=on, how="left").drop(columns=on).set_axis(frame.index)


def _free(name: str, frame: DataFrame, file: str) -> str:
    """Return a name that no column has yet: with that of the table, which is the same for training and test rows."""
    if name not in frame:
        return name
    stem = re.sub(r"(?i)[_-]?(train|test)(ing)?[_-]?", "", PurePosixPath(file).name.partition(".")[0])
    free = f"{name}_{stem}".rstrip("_")
    return free if free not in frame else next(each for at in count(2) if (each := f"{free}_{at}") not in frame)


def _require_partners(keys: Any, others: Any, what: str) -> None:
    """Refuse keys that are not among others; `what` says of how many rows, in place of its braces."""
    import pandas as pd

    strangers = keys[~pd.MultiIndex.from_frame(keys.astype(str)).isin(pd.MultiIndex.from_frame(others.astype(str)))]
    names = [*dict.fromkeys("_".join(key) for key in strangers.astype(str).to_numpy())]
    if names:
        raise DataError(f"{what.format(plural(len(names), 'row'))}: {listed(names)}")


def with_files(frame: DataFrame, table: Source, folder: Path, tolerate: Callable[[str], None] | None) -> DataFrame:
    """Return the rows with the path of the file that each one's id names, with or without its ending or folders.

    Raises:
        DataError: if there is none for a row, or, beside a folder's files, a file without a row; where that is tolerated,
            the row's path is empty.
    """
    source = table.files
    if source is None or source.id is None or source.path is None:
        return frame
    paths: dict[str, str] = {}
    containers = folders.containers(folder, source)
    if not containers:
        raise DataError(f"{source.file} is not in {folder}, nor as a folder with files in it")
    for container in containers:
        top = container.name.removesuffix(ARCHIVE)
        for name in members(container):
            whole = PurePosixPath(name)
            if whole.suffix.lower() in source.suffixes and re.fullmatch(source.only, f"{top}/{whole.with_suffix('')}"):
                path = str(whole.with_suffix(""))
                for key in (whole.name, whole.stem, name, f"{container.name}/{name}", path, source.id_of(path)):
                    paths.setdefault(key, f"{container}/{name}")
    key = source.id if source.id in frame else str(table.id)
    after = source.after_id
    found = as_text(frame[key]).map(lambda name: paths.get(f"{name}{after}"))
    if (lacking := found.isna()).any():
        rows = frame.loc[lacking, key]
        message = f"{plural(len(rows), 'row')} of {table.file} without a file in {listed(map(str, containers))}: {listed(rows)}"
        if tolerate is None:
            raise DataError(message)
        tolerate(message)
    if isinstance(table, Folder) and (strangers := {*paths.values()} - {*found}):
        names = listed(sorted(path.rpartition("/")[2] for path in strangers))
        raise DataError(
            f"{plural(len(strangers), 'file')} in {listed(map(str, containers))} without one in {table.file}: {names}"
        )
    return frame.assign(**{source.path: found.fillna("")})
