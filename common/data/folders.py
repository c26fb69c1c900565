"""Rows that are files: one for every file of a `Folder`, or of an archive of it, with its label in its name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from common.competition import Folder
from common.data import unpacked
from common.data.tables import Tolerate, to_text
from common.data.zipped import ARCHIVE, members, read_bytes
from common.errors import DataError
from common.wording import listed

if TYPE_CHECKING:
    from pandas import DataFrame


def containers(folder: Path, source: Folder) -> list[Path]:
    """Return the folders and archives that hold a source's files; a folder counts before an archive of the same name."""
    paths = []
    for name in source.folders:
        if (plain := folder / name).is_dir() and next(plain.iterdir(), None):
            paths.append(plain)
        elif (packed := folder / f"{name}{ARCHIVE}").is_file():
            paths.append(packed)
        elif archive := next(
            (path for ending in unpacked.ENDINGS if (path := folder / f"{name}{ending}").is_file()), None
        ):
            paths.append(_inner(unpacked.unpacked(archive), name))
    return paths


def _inner(folder: Path, name: str) -> Path:
    """Return the folder `name` in an unpacked archive, or the archive's top where its files have none."""
    return folder / name if (folder / name).is_dir() else folder


def read(
    folder: Path, source: Folder, tolerate: Tolerate | None = None
) -> tuple[DataFrame, list[str], tuple[str, ...]]:
    """Return a row for every file of a known suffix with a label, their paths, and those of files whose name gives none.

    Raises:
        DataError: if there is no such file, if a folder lacks files of the archive beside it, or if a text or a name is not
            UTF-8 (of a text that may be tolerated).
    """
    import pandas as pd

    rows, unlabelled = [], []
    for container in containers(folder, source):
        files = _labelled(container, source)
        _require_whole(container, files, source)
        for name, label in files:
            if label is None:
                unlabelled.append(f"{container}/{name}")
            else:
                stem = name.rpartition(".")[0]
                id = name if source.keep_suffix else source.id_of(stem)
                rows.append((f"{container.name.removesuffix(ARCHIVE)}/{id}", f"{container}/{name}", label))
    if not rows:
        where, rules = ", ".join(map(str, containers(folder, source))), " or ".join(source.labels)
        if unlabelled:
            raise DataError(
                f"none of {len(unlabelled):,} files in {where} is named like {rules}, for example {unlabelled[0]}"
            )
        raise DataError(f"no {'/'.join(source.suffixes)} files in {where}")
    stems, paths, labels = zip(*rows, strict=True)
    ids = [stem.rpartition("/")[2] for stem in stems]
    values: dict[str, Any] = {"id": ids if len(set(ids)) == len(ids) else list(stems), "file": list(paths)}
    frame = {}
    for column in source.columns:
        if column.name == source.label:
            frame[column.name] = list(labels)
        elif column.kind == "text":
            frame[column.name] = [to_text(read_bytes(path), path, tolerate) for path in paths]
        else:
            frame[column.name] = values[column.kind]
    return pd.DataFrame(frame, dtype=str), list(paths), tuple(unlabelled)


def _labelled(container: Path, source: Folder) -> list[tuple[str, str | None]]:
    """Return the files of a known suffix, relative to their container, each with its label or None."""
    top = container.name.removesuffix(ARCHIVE)
    parts = ((name, *name.rpartition(".")) for name in members(container))
    files = [
        (name, stem)
        for name, stem, dot, end in parts
        if f"{dot}{end}".lower() in source.suffixes and re.fullmatch(source.only, f"{top}/{stem}")
    ]
    if (wrong := next((name for name, _ in files if not name.isascii() and not _is_utf8(name)), None)) is not None:
        raise DataError(f"the name of the file {wrong!a} in {container} is not UTF-8; rename it")
    return [(name, _label(stem, source)) for name, stem in files]


def _is_utf8(name: str) -> bool:
    return name == name.encode(errors="replace").decode()  # bytes that are not became lone surrogates


def _label(stem: str, source: Folder) -> str | None:
    """Return a file's label by the first rule that matches its path without suffix; None if none does."""
    if source.label is None:
        return ""
    matches = ((re.fullmatch(rule, stem), value) for rule, value in source.labels.items())
    return next((match.expand(value) for match, value in matches if match), None)


def _require_whole(container: Path, files: list[tuple[str, str | None]], source: Folder) -> None:
    """Refuse a folder without all the files of the archive of its name beside it: most often a copy that was cut off.

    A warning is easily overlooked: half of the data costs hours of training, half of the test set a submission. Who left
    files out on purpose moves the archive away. A folder with more files is somebody's work and is read.
    """
    archive = container.with_name(f"{container.name}{ARCHIVE}")
    if not (container.is_dir() and archive.is_file()):
        return
    # By their names alone: an archive may or may not have the folder's own name before them.
    unpacked, packed = (
        Counter(PurePosixPath(name).name for name, label in each if label is not None)
        for each in (files, _labelled(archive, source))
    )
    if missing := packed - unpacked:
        raise DataError(
            f"{container} holds {unpacked.total():,} files, {archive.name} beside it {packed.total():,}; the folder lacks "
            f"{listed(missing)}. If its copy was cut off, delete the folder: the archive is read as it is. To leave files "
            "out, move the archive away"
        )
