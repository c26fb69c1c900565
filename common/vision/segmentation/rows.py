"""Rows of pictures with masks: where their pixels are, their sizes, and what cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import DataError
from common.masks import COLUMNS, ROWS, files, rle
from common.model import Context
from common.vision.rows import ENTRY, ROW
from common.vision.segmentation.cache import MaskCache, entry_at, open_cache
from common.vision.segmentation.task import MaskTask
from common.wording import listed, plural

if TYPE_CHECKING:
    from pandas import DataFrame

    from common.data.frames import Frames

_NAMED = 5  # pictures that a warning names


def enrich(frames: Frames, task: MaskTask, longest: int, max_bytes: int, context: Context) -> Frames:
    """Return the frames with the pictures' places in the cache and their sizes; unreadable training pictures are left out.

    Args:
        frames: the rows as they were read.
        task: says where pictures and answers stand.
        longest: pixels of the longer side at which they are stored; 0: as they are.
        max_bytes: of disk for the cache.
        context: gives the cache.

    Raises:
        DataError: if a mask does not fit its picture, or no training picture can be read.
    """
    if frames.train is not None and task.cell.kind == "mask":
        frames = replace(frames, train=_as_runs(frames.train, task))
    parts = [frame for frame in (frames.train, frames.test) if frame is not None]
    paths = [path for frame in parts for path in frame[task.picture]]
    answers: list[str | None] = [None] * len(paths)
    if frames.train is not None:
        answers[: len(frames.train)] = frames.train[task.target].tolist()
    cell = task.cell
    cache = open_cache(
        paths, answers, task.truth, context.cache, longest=longest, max_bytes=max_bytes, progress=context.progress,
        about=[cell.kind, cell.along, cell.first, cell.objects, *cell.labels, cell.void],
    )  # fmt: skip
    test = _located(frames.test, cache, len(paths) - len(frames.test))
    _warn(test, task, cache, context, "test pictures that cannot be read get no mask")
    if frames.train is None:
        return replace(frames, test=test)
    train = _located(frames.train, cache, 0)
    if (train[ROW] < 0).all():
        raise DataError(f"none of the {plural(len(train), 'training picture')} can be read; look at them with a viewer")
    _warn(train, task, cache, context, "training pictures that cannot be read are left out")
    return replace(frames, train=train[train[ROW] >= 0].reset_index(drop=True), test=test)


def _as_runs(train: DataFrame, task: MaskTask) -> DataFrame:
    """Return training rows whose masks are run lengths where they were files."""
    answers, cell = train[task.target].tolist(), task.cell
    if not any("/" in answer for answer in answers):
        return train
    return train.assign(**{task.target: [rle.encode(files.binary(path), cell.along, cell.first) for path in answers]})


def cache_of(frame: DataFrame) -> MaskCache:
    """Return the pictures that the rows of a frame, of which there is one at least, point into."""
    return entry_at(Path(frame[ENTRY].iloc[0]))


def _located(frame: DataFrame, cache: MaskCache, start: int) -> DataFrame:
    import numpy as np

    rows = np.arange(start, start + len(frame))
    sizes = cache.sizes[rows]
    readable = np.where(cache.shapes[rows, 0] > 0, rows, -1)
    places: dict[str, Any] = {ENTRY: str(cache.folder), ROW: readable, ROWS: sizes[:, 0], COLUMNS: sizes[:, 1]}
    return frame.assign(**places)


def _warn(frame: DataFrame, task: MaskTask, cache: MaskCache, context: Context, what: str) -> None:
    if len(lost := frame.loc[frame[ROW] < 0, task.picture]):
        context.progress.warn(f"{what} ({len(lost):,}): {listed([Path(path).name for path in lost], _NAMED)}")
