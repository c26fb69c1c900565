"""Rows of pictures: what is found out about them before the split, and where their pixels lie.

`enrich` adds three columns. `look` is the same number for pictures that look alike, `entry` and `row` are the folder
and the place in it where the picture cache keeps the pixels; a picture that cannot be read has row -1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.errors import DataError
from common.model import Context

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.vision.pictures.cache import PictureCache

LOOK, ENTRY, ROW = "look", "entry", "row"
_NAMED = 5  # pictures that a warning names


def enrich(frames: Frames, column: str, size: int, max_bytes: int, context: Context) -> Frames:
    """Return the frames with the columns above; what is left out of training is named: without a label, or unreadable.

    Args:
        frames: the rows as they were read.
        column: holds the paths.
        size: pixels a side that are stored of each picture.
        max_bytes: of disk for all stored pictures.
        context: gives the cache.

    Raises:
        SettingError: if the pictures do not fit into `max_bytes`.
        DataError: if no training picture can be read.
    """
    from common.vision.pictures.cache import open_cache
    from common.vision.pictures.near_duplicates import groups

    parts = [frame for frame in (frames.train, frames.test) if frame is not None]
    paths = [path for frame in parts for path in frame[column]]
    cache = open_cache(paths, context.cache, size=size, max_bytes=max_bytes, progress=context.progress)
    looks = groups(cache.thumbs)
    train = None if frames.train is None else _placed(frames.train, cache, looks, 0)
    test = _placed(frames.test, cache, looks, len(paths) - len(frames.test))
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
        _report_twins(train, test, column, context)
    _warn(context, _unreadable(cache, test.index[test[ROW] < 0] + len(paths) - len(test)),
          "test pictures that cannot be read are predicted as the classes' shares")  # fmt: skip
    return replace(frames, train=train, test=test)


def entries(frame: DataFrame) -> Iterator[tuple[Path, NDArray[np.intp]]]:
    """Yield each cache entry that rows lie in, and the places of those rows in the frame."""
    import numpy as np

    names = frame[ENTRY].to_numpy()
    for name in dict.fromkeys(names):
        yield Path(name), np.flatnonzero(names == name)


def pixels(frame: DataFrame) -> NDArray[np.uint8]:
    """Return the pictures of readable rows, copied into memory (n, size, size, 3)."""
    import numpy as np

    from common.vision.pictures.cache import reopened

    found: Any = None
    for entry, places in entries(frame):
        part = reopened(entry).pixels[frame[ROW].to_numpy()[places]]
        if found is None:
            found = np.empty((len(frame), *part.shape[1:]), dtype=np.uint8)
        found[places] = part
    made: NDArray[np.uint8] = found
    return made


def _placed(frame: DataFrame, cache: PictureCache, looks: NDArray[np.intp], start: int) -> DataFrame:
    import numpy as np

    rows = np.arange(start, start + len(frame))
    placed = frame.assign(**{LOOK: looks[rows], ROW: np.where(cache.readable[rows], rows, -1)})
    placed[ENTRY] = str(cache.folder)
    return placed


def _report_twins(train: DataFrame, test: DataFrame, column: str, context: Context) -> None:
    from common.vision.pictures.near_duplicates import report

    twins = int(train[LOOK].duplicated(keep=False).sum())
    known = int(test[LOOK].isin(train[LOOK]).sum())
    if twins or known:
        found = report(train[LOOK].to_numpy(), [Path(path).name for path in train[column]])
        named = f" ({'; '.join(found[:_NAMED])}{'; …' if len(found) > _NAMED else ''})" if found else ""
        context.progress.say(
            f"near-duplicates: training pictures that look like another and stay in its fold: {twins:,}{named}; "
            f"test pictures that look like a training picture: {known:,}"
        )


def _unreadable(cache: PictureCache, rows: Iterable[int]) -> list[str]:
    return [f"{Path(cache.paths[row]).name} ({cache.unreadable[row]})" for row in rows]


def _warn(context: Context, pictures: Sequence[str], what: str) -> None:
    if pictures:
        more = f" and {len(pictures) - _NAMED} more" if len(pictures) > _NAMED else ""
        context.progress.warn(f"{what} ({len(pictures):,}): {', '.join(pictures[:_NAMED])}{more}")
