"""Rows that are files: one for every file of a `Folder`, or of an archive of it, with its label in its name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.competition import Folder
from common.data.zipped import ARCHIVE, members, read_bytes
from common.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame


def places(folder: Path, source: Folder) -> list[Path]:
    """Return the folders and archives that hold a source's files: unpacked ones before packed ones of the same name."""
    found = []
    for name in source.folders:
        if (plain := folder / name).is_dir() and next(plain.iterdir(), None):
            found.append(plain)
        elif (packed := folder / f"{name}{ARCHIVE}").is_file():
            found.append(packed)
    return found


def read(folder: Path, source: Folder) -> tuple[DataFrame, tuple[str, ...]]:
    """Return a row for every file of a known suffix with a label, and the paths of those that no rule gives one.

    Raises:
        DataError: if there is no such file, or if a folder lacks files of the archive beside it.
    """
    import pandas as pd

    rows, unlabelled = [], []
    for place in places(folder, source):
        listed = _listed(place, source)
        _require_whole(place, listed, source)
        for name, label in listed:
            if label is None:
                unlabelled.append(f"{place}/{name}")
            else:
                stem = name.rpartition(".")[0]
                rows.append((f"{place.name.removesuffix(ARCHIVE)}/{stem}", f"{place}/{name}", label))
    if not rows:
        where, rules = ", ".join(map(str, places(folder, source))), " or ".join(source.labels)
        if unlabelled:
            raise DataError(f"none of {len(unlabelled):,} files in {where} is named like {rules}: {unlabelled[0]}, say")
        raise DataError(f"no {'/'.join(source.suffixes)} files in {where}")
    stems, paths, labels = zip(*rows, strict=True)
    ids = [stem.rpartition("/")[2] for stem in stems]
    values: dict[str, Any] = {
        "id": ids if len(set(ids)) == len(ids) else list(stems),
        "file": list(paths),
    }
    frame = {}
    for column in source.columns:
        if column.name == source.label:
            frame[column.name] = list(labels)
        elif column.kind == "text":
            frame[column.name] = [read_bytes(path).decode("utf-8", errors="replace") for path in paths]
        else:
            frame[column.name] = values[column.kind]
    return pd.DataFrame(frame, dtype=str), tuple(unlabelled)


def _listed(place: Path, source: Folder) -> list[tuple[str, str | None]]:
    """Return the files of a known suffix, relative to their place, each with its label or None."""
    parts = ((name, *name.rpartition(".")) for name in members(place))
    return [(name, _label(stem, source)) for name, stem, dot, end in parts if f"{dot}{end}".lower() in source.suffixes]


def _label(stem: str, source: Folder) -> str | None:
    """Return a file's label by the first rule that matches its path without suffix; None if none does."""
    if source.label is None:
        return ""
    found = ((re.fullmatch(rule, stem), value) for rule, value in source.labels.items())
    return next((match.expand(value) for match, value in found if match), None)


def _require_whole(place: Path, listed: list[tuple[str, str | None]], source: Folder) -> None:
    """Refuse a folder without all the files of the archive of its name beside it: most often a copy that was cut off.

    It is no warning, which is easily overlooked: half of the data costs hours of training, half of the test set a
    submission. Who left files out on purpose moves the archive away. A folder with more is somebody's work and is read.
    """
    archive = place.with_name(f"{place.name}{ARCHIVE}")
    if not (place.is_dir() and archive.is_file()):
        return
    # By their names alone: an archive may or may not have the folder's own name before them.
    held, packed = (
        Counter(PurePosixPath(name).name for name, label in files if label is not None)
        for files in (listed, _listed(archive, source))
    )
    if missing := packed - held:
        raise DataError(
            f"{place} holds {held.total():,} files, {archive.name} beside it {packed.total():,}; the folder lacks "
            f"{missing.total():,} of them, such as {next(iter(missing))}. If its copy was cut off, delete the folder: the "
            "archive is read as it is. To leave files out, move the archive away"
        )
