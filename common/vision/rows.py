"""Rows of pictures: what is found out about them before the split, and where their pixels are.

`enrich` adds three columns. `duplicate_group` is the same number for near duplicates, `entry` and `row` are the folder
of a cache entry, the same for all rows, and the row there of a picture's pixels; -1 is a picture that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import DataError
from common.model import Context
from common.vision.settings import DUPLICATE_GROUP, Pictures
from common.vision.task import Task
from common.wording import listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.data.frames import Frames
    from common.vision.pictures.cache import PictureCache

ENTRY, ROW = "entry", "row"
_NAMED = 5  # pictures that a warning names


def enrich(frames: Frames, task: Task, config: Pictures, context: Context) -> Frames:
    """Return the frames with the columns above; training pictures without a label or unreadable are left out.

    Args:
        frames: the rows as they were read.
        task: says where the pictures are, and whether near duplicates are looked for.
        config: how large they are stored, and how much disk they may take.
        context: gives the cache.

    Raises:
        SettingError: if the pictures do not fit into that disk.
        DataError: if no training picture can be read.
    """
    import numpy as np

    from common.vision.pictures.cache import open_cache
    from common.vision.pictures.near_duplicates import groups

    column = task.picture
    if task.pixels and column not in frames.test:  # single pictures are files already
        from common.vision.pixel_rows import as_files

        frames = as_files(frames, task.pixels, column, config.cache_bytes, context)
    parts = [frame for frame in (frames.train, frames.test) if frame is not None]
    paths = [path for frame in parts for path in frame[column]]
    cache = open_cache(
        paths, context.cache, size=max(config.input_sizes), rule=config.resize, max_bytes=config.cache_bytes,
        channels=task.channels, progress=context.progress,
    )  # fmt: skip
    group = groups(cache.thumbs) if task.alike else np.arange(len(paths))
    train = None if frames.train is None else _located(frames.train, cache, group, 0)
    test = _located(frames.test, cache, group, len(paths) - len(frames.test))
    if train is not None:
        unreadable = train[ROW] < 0
        if unreadable.all():
            raise DataError(f"none of the {len(train):,} training pictures can be read; look at them with a viewer")
        _warn(
            context, _unreadable(cache, train.index[unreadable]), "training pictures that cannot be read are left out"
        )
        _warn(context, [Path(path).name for path in frames.unlabelled],
              "training pictures with names that no labelling rule matches are left out")  # fmt: skip
        train = train[~unreadable].reset_index(drop=True)
        if task.alike:
            _report_near_duplicates(train, test, column, context)
    _warn(context, _unreadable(cache, test.index[test[ROW] < 0] + len(paths) - len(test)),
          "test pictures that cannot be read are predicted as the class frequencies")  # fmt: skip
    return replace(frames, train=train, test=test)


def cache_of(frame: DataFrame) -> PictureCache:
    """Return the pictures that the rows of a frame, of which there is one at least, point into."""
    from common.vision.pictures.cache import entry_at

    return entry_at(Path(frame[ENTRY].iloc[0]))


def pixels(frame: DataFrame) -> NDArray[np.uint8]:
    """Return the pictures of readable rows, copied into memory (n, size, size, 3)."""
    copies: NDArray[np.uint8] = cache_of(frame).pixels[frame[ROW].to_numpy()]
    return copies


def _located(frame: DataFrame, cache: PictureCache, group: NDArray[np.intp], start: int) -> DataFrame:
    import numpy as np

    rows = np.arange(start, start + len(frame))
    frame = frame.assign(**{DUPLICATE_GROUP: group[rows], ROW: np.where(cache.readable[rows], rows, -1)})
    frame[ENTRY] = str(cache.folder)
    return frame


def _report_near_duplicates(train: DataFrame, test: DataFrame, column: str, context: Context) -> None:
    from common.vision.pictures.near_duplicates import report

    group = train[DUPLICATE_GROUP]
    duplicates, known = int(group.duplicated(keep=False).sum()), int(test[DUPLICATE_GROUP].isin(group).sum())
    if duplicates or known:
        names = report(group.to_numpy(), [Path(path).name for path in train[column]])
        examples = f" ({'; '.join(names[:_NAMED])}{'; …' if len(names) > _NAMED else ''})" if names else ""
        context.progress.say(
            f"near duplicates: training pictures that look like another and stay in its fold: {duplicates:,}{examples}; "
            f"test pictures that look like a training picture: {known:,}"
        )


def _unreadable(cache: PictureCache, rows: Iterable[int]) -> list[str]:
    return [f"{Path(cache.paths[row]).name} ({cache.unreadable[row]})" for row in rows]


def _warn(context: Context, pictures: Sequence[str], what: str) -> None:
    if pictures:
        context.progress.warn(f"{what} ({len(pictures):,}): {listed(pictures, _NAMED)}")
