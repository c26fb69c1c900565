"""Masks of pictures: as files of the same names, as rows of a table for each object, and how their run lengths are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Cell
from common.data.zipped import read_bytes
from common.discovery.columns import filled
from common.discovery.files import Container, Found, stem
from common.discovery.findings import Notes
from common.discovery.heads import Head
from common.discovery.media import Attached
from common.discovery.shapes import is_mask
from common.errors import DataError, MaskError
from common.masks import files, rle
from common.wording import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MASKS = re.compile(r"(?i)mask|label|annotation|truth|segment|(^|[^a-z])gt([^a-z]|$)")
_TARGET = re.compile(r"(?i)rle|mask|pixel|encod|segment|predicted")
_ENOUGH = 0.9  # of the pictures have a mask
_LOOKED_AT = 12  # masks that tell how they are to be read
_LARGEST = 50_000_000  # bytes of a picture that is looked at
_SHOWN = 50  # masks that a head holds
_SMOOTHER, _BETTER = 1.3, 1.5  # how much shorter edges are, or how much better a mask fits, read the right way


@dataclass(frozen=True)
class Paired:
    """Training pictures, and their masks of the same names followed by `after`."""

    pictures: Container
    masks: Container
    after: str


def paired(found: Found, sample: Head | None, train: Head | None) -> Paired | None:
    """Return training pictures whose masks are files, where only those say what a submission of masks asks for."""
    if sample is None or len(sample.columns) != 2 or (train is not None and sample.columns[1] in train):
        return None
    shown = filled(sample[sample.columns[1]])
    if not (_TARGET.search(sample.columns[1]) or (len(shown) and is_mask(shown))):
        return None
    if train is not None and any(is_mask(some) for name in train.columns if len(some := filled(train[name]))):
        return None
    masks = [*found.masks, *(each for each in found.containers if each.pictures and _MASKS.search(each.name))]
    for container, of in product((each for each in found.containers if each.pictures and each not in masks), masks):
        one = stem(of.files[0])
        starts = [one[:end] for end in range(len(one), 0, -1) if one[:end] in container.stems]
        after = one.removeprefix(starts[0]) if starts else ""
        if sum(f"{name}{after}" in of.stems for name in container.stems) >= _ENOUGH * len(container.stems):
            return Paired(container, of, after)
    return None


def training_rows(pair: Paired, sample: Head, notes: Notes) -> Head:
    """Return the pictures as a table, with the first masks as run lengths."""
    import pandas as pd

    id, target = sample.columns
    paths = {stem(name): f"{pair.masks.path}/{name}" for name in pair.masks.files}
    names = [stem(name) for name in pair.pictures.files if f"{stem(name)}{pair.after}" in paths]
    cells = [rle.encode(files.binary(paths[f"{name}{pair.after}"])) for name in names[:_SHOWN]]
    frame = pd.DataFrame({id: names, target: [*cells, *[""] * (len(names) - len(cells))]})
    why = f"{plural(len(names), 'picture')} of {pair.pictures.name} have a mask in {pair.masks.name}, of the same name"
    notes.add("training rows", f"{pair.pictures.name}/", "sure", f"{why}{f' and {pair.after}' if pair.after else ''}")
    return Head(path=pair.pictures.path, file=f"{pair.pictures.name}/", frame=frame, rows=len(frame), whole=True)


def objects(train: Head, id: str, truth: Sequence[str], container: Container) -> bool:
    """Whether the table has a row for each object of a picture, and something for every picture."""
    if len(truth) != 1 or id not in train or train[id].is_unique or not len(some := filled(train[truth[0]])):
        return False
    # Four objects at most pictures are classes more likely, each of which has a row.
    alike = train[id].value_counts()
    several = alike.nunique() > 1 or alike.iloc[0] == 1
    return several and is_mask(some) and {stem(each) for each in train[id]} >= container.stems


def read_as(cell: Cell, train: Head, target: str, files_of: Attached, notes: Notes) -> Cell:
    """Return a cell of masks that numbers pixels as the training rows do."""
    import numpy as np

    cells, id, container = train[target], files_of.column, files_of.container
    some = train.frame[cells.str.contains(" ")].head(_LOOKED_AT)
    paths = {container.id_of(name): f"{container.path}/{name}" for name in container.files}
    first: Any = 0 if any(cell.split()[0] == "0" for cell in filled(cells)) else 1
    edges, fits = [], []
    for name, text in zip(some[id], some[target], strict=True):
        try:
            measured = _measured(rle.runs(text, first), paths.get(stem(name) if name not in paths else name, ""))
        except (DataError, MaskError):
            continue
        edges.append(measured[0])
        fits.append(measured[1])
    if not edges:
        return replace(cell, first=first)
    down, across = np.sum(edges, axis=0)
    well = np.mean(fits, axis=0)
    rows = (
        down > _SMOOTHER * across if max(down, across) > _SMOOTHER * min(down, across) else well[1] > _BETTER * well[0]
    )
    why = (
        "so read, they hang together and fit what stands out in the pictures"
        if rows
        else "as most competitions have it"
    )
    along: rle.Along = "rows" if rows else "columns"
    notes.add("pixels", f"numbered {rle.WAYS[along]}, from {first}", "likely", why, "competition.py")
    return replace(cell, along=along, first=first)


def _measured(runs: NDArray[Any], path: str) -> tuple[list[int], list[float]]:
    """Return how long the edges of a mask are, and how well it fits what stands out: read down the columns, and along rows."""
    import numpy as np

    from common.vision.pictures.foreground import foreground

    if Path(path).is_file() and Path(path).stat().st_size > _LARGEST:
        raise DataError("too large to look at")
    stands_out = foreground(read_bytes(path))
    if runs[-1, 1] > stands_out.size:
        raise MaskError("past the end")
    masks = [rle.paint(runs, stands_out.shape, along) for along in ("columns", "rows")]
    edges = [int(sum(np.diff(mask.astype(np.int8), axis=axis).astype(bool).sum() for axis in (0, 1))) for mask in masks]
    return edges, [float((mask & stands_out).sum() / max((mask | stands_out).sum(), 1)) for mask in masks]
