"""Tables in parts: files with the same columns, whose rows together are the training or the test rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from common.discovery import heads
from common.discovery.files import TABLES, Container, Found
from common.discovery.heads import Head, bare
from common.discovery.roles import SAMPLE, TEST, TRAIN, sample_of
from common.errors import DataError

_NUMBER = re.compile(r"[\W_]*\d+([\W_]*of[\W_]*\d+)?$")
_ANOTHER = re.compile(r"(^|[\W_\d])(v|ver|version|stage|phase|round|fold|level)$")  # whose numbers do not count parts
_MOST = 200  # files of a folder
_LOOKED_AT, _AGAIN = 100, 0.5  # rows, and the share of them that another version of a table has too


def together(found: Found) -> Found:
    """Return what was found, with one table for all parts of one."""
    sample = sample_of(found.tables)
    groups: dict[tuple[object, ...], list[Head]] = {}
    for head in found.tables:
        groups.setdefault((*_whose(head), *head.columns), []).append(head)
    tables: list[Head] = []
    for group in groups.values():
        tables += [_one(group)] if len(group) > 1 and _are_parts(group, sample) else group
    containers = []
    for container in found.containers:
        parts = _of_folder(container, tables, sample)
        if parts:
            tables.append(_one(parts))
        else:
            containers.append(container)
    return replace(found, tables=tuple(tables), containers=tuple(containers))


def _whose(head: Head) -> tuple[str, str]:
    """Return the folder and the name that all parts of a table share."""
    path = PurePosixPath(head.file)
    folder, name = str(path.parent), bare(path.name).lower()
    whose = _NUMBER.sub("", name)
    if SAMPLE.search(name):
        return folder, path.name
    if TRAIN.search(name) or TEST.search(name):
        return folder, path.name if _ANOTHER.search(whose) else whose
    of_side = TRAIN.search(path.parent.name.lower()) or TEST.search(path.parent.name.lower())
    return folder, "" if of_side else path.name


def _are_parts(tables: Sequence[Head], sample: Head | None) -> bool:
    """Whether tables with the same columns go on, not repeat each other; those of the test have rows to be predicted."""
    id = sample.columns[0] if sample is not None else ""
    if sample is not None and sample.whole and id in tables[0] and not TRAIN.search(tables[0].file.lower()):
        wanted = {*sample[id]}
        return all(wanted & {*each[id]} for each in tables)
    first = {*tables[0].frame.itertuples(index=False, name=None)}
    if len(first) < _AGAIN * len(tables[0].frame):  # rows are alike anyhow
        return True
    return all(
        sum(row in first for row in each.frame.head(_LOOKED_AT).itertuples(index=False, name=None))
        <= _AGAIN * min(_LOOKED_AT, len(each.frame))
        for each in tables[1:]
    )


def _of_folder(container: Container, tables: Sequence[Head], sample: Head | None) -> list[Head]:
    """Return the tables of a folder that hold the rows of a side, which no other table has."""
    names, side = container.names, next((each for each in (TRAIN, TEST) if each.search(container.name.lower())), None)
    if side is None or sample is None or len(names) > _MOST:
        return []
    if not all(name.lower().endswith(TABLES) for name in names) or any(side.search(each.stem) for each in tables):
        return []
    id, *targets = sample.columns
    whole = container.path.is_dir()

    def head(name: str) -> Head:
        return heads.read(container.path / name if whole else container.path, f"{container.name}/{name}")

    try:
        first = head(names[0])
        theirs = {id} if side is TEST else {*targets}
        if not theirs <= {*first.columns} or (side is TEST and not first[id].is_unique):
            return []
        parts = [first, *map(head, names[1:])]
    except DataError:
        return []
    return parts if all(each.columns == first.columns for each in parts) else []


def _one(parts: Sequence[Head]) -> Head:
    """Return the parts of a table as one, in the order of their names."""
    import pandas as pd

    first, *others = sorted(parts, key=lambda each: [(len(word), word) if word.isdecimal() else (0, word) for word in
                                                     re.split(r"(\d+)", each.file)])  # fmt: skip
    most = heads.rows_of(len(first.columns))
    whole = all(each.whole for each in parts) and sum(len(each.frame) for each in parts) <= most
    frames = [each.frame if whole else each.frame.head(most // len(parts)) for each in (first, *others)]
    return replace(
        first, frame=pd.concat(frames, ignore_index=True), rows=sum(each.rows for each in parts), whole=whole,
        continued=tuple(each.file for each in others),
    )  # fmt: skip
