"""Sample tables as files: in the format that their name ends with, with a header or without, and those joined to them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from common.competition import Folder, Join, Table
from common.data.formats import PICTURES
from common.data.tables import UNNAMED
from common.files import atomic_write
from common.samples.values import picture

if TYPE_CHECKING:
    from pandas import DataFrame

_ROWS_OF_ONE = 4  # of a further table that belong to the same row


def lines_of(source: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    names = [
        column
        for column in source.columns
        if column.counted_from is None and not column.parts and column.kind != "file"
    ]
    keys = [name for join in source.joined for name in join.on]
    parts = [part for column in source.columns for part in column.parts]
    further = [name for name in dict.fromkeys((*keys, *parts)) if name not in {column.name for column in names}]
    lines = []
    for row in rows:
        cells = {column.name: row["id"] if column.kind == "id" else row["cells"][column.name] for column in names}
        lines.append(cells | {name: row["cells"][name] for name in further})
    return lines


def write_gathered(folder: Path, join: Join, rows: list[dict[str, Any]], id: str, rng: Random) -> dict[str, int]:
    """Write a table with a row for each part of the rows' cells, by the id."""
    names = [column.name for column in join.table.columns if column.name not in join.on]
    lines = [
        {(join.keys or join.on)[0]: row["id"], name: part}
        for row in rows
        for name in names
        for part in row["cells"][name].split(join.gathered)
    ]
    write(folder / join.table.file, lines, ",")
    return {join.table.file: len(lines)}


def write_joined(folder: Path, join: Join, rows: list[dict[str, Any]], id: str, rng: Random) -> dict[str, int]:
    """Write a further table: a row for each key, or some, with a column that nothing describes; or a table for each row."""
    held: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    levels: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(str(row["id"] if name == id else row["cells"][name]) for name in join.on) or (str(len(held)),)
        if key in held:
            continue
        names = [
            column.name for column in join.table.columns if column.name in row["cells"] and column.name not in join.on
        ]
        line = {
            **dict(zip(join.keys or join.on, key if join.on else (), strict=True)),
            **{name: row["cells"][name] for name in names},
        }
        count = _ROWS_OF_ONE if isinstance(join.table, Folder) or join.rows == "all" else 1
        more = [{"fact": round(rng.gauss(row["level"], 1), 3)} if join.on else {} for _ in range(count)]
        held[key], levels[key] = [line | each for each in more], row["level"]
    if isinstance(join.table, Folder):
        texts = [column.name for column in join.table.columns if column.kind == "text"]
        for (name,), lines in held.items():
            suffix = join.table.suffixes[0]
            path = folder / join.table.folders[0] / f"{name.removesuffix(suffix)}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if texts:
                path.write_text(lines[0][texts[0]], encoding="utf-8")
            elif suffix in PICTURES:
                path.write_bytes(picture(rng, levels[(name,)], suffix))
            else:
                write(path, lines, ",")
        return {f"{join.table.folders[0]}/": len(held)}
    lines = [line for each in held.values() for line in each]
    write(folder / join.table.file, lines, join.table.separator, join.table)
    return {join.table.file: len(lines)}


def write(path: Path, lines: list[dict[str, Any]], separator: str, table: Table | None = None) -> None:
    """Write a table in the format that its name ends with, as it is described."""
    import pandas as pd

    name = path.name.lower()
    formatted = name.endswith((".parquet", ".json", ".jsonl", ".ndjson"))  # which know cells without a value
    frame = pd.DataFrame(
        [{key: None if formatted and cell == "" else cell for key, cell in line.items()} for line in lines]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    unnamed = (table is not None and not table.header) or name.endswith(".npy")
    names = table.names if table is not None else ()
    if unnamed or names:
        frame = _by_place(frame, names)
    if name.endswith(".npy"):
        import numpy as np

        with atomic_write(path) as handle:
            np.save(handle, np.array(frame.to_numpy().tolist()))
        return
    if name.endswith(".parquet"):
        with atomic_write(path) as handle:
            frame.to_parquet(handle)
        return
    with atomic_write(path, "w") as text:
        if name.endswith((".jsonl", ".ndjson")):
            frame.to_json(text, orient="records", lines=True)
        elif name.endswith(".json"):
            frame.to_json(text, orient="records")
        else:
            frame.to_csv(text, sep=separator, index=False, header=not unnamed, lineterminator="\n")


def _by_place(frame: DataFrame, names: tuple[str, ...]) -> DataFrame:
    """Return the columns of a file that names none, in their order; those that nothing describes hold 0."""
    places = {name: int(str(name).removeprefix(UNNAMED).removeprefix("pixel")) for name in frame if name not in names}
    order = names or [f"{UNNAMED}{place}" if f"{UNNAMED}{place}" in frame else str(place) for place in
                      range(max(places.values(), default=-1) + 1)]  # fmt: skip
    return frame.reindex(columns=list(order), fill_value=0)
