"""What lies in a folder of pictures: what cannot be read, sizes, labels by folder, near duplicates."""

from __future__ import annotations

import io
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from common.data.zipped import members, read_bytes
from common.environment import cpu_count
from common.errors import DataError, Unreadable
from common.files import atomic_write
from common.progress import Progress
from common.vision.pictures.decode import THUMB, decode_with_thumb
from common.vision.pictures.near_duplicates import groups, report
from common.vision.pictures.prefetch import prefetch

if TYPE_CHECKING:
    from numpy import uint8
    from numpy.typing import NDArray

_CHUNK = 16


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What a folder's files are: n of them, by their paths below the folder.

    `labels` counts the readable pictures of each parent folder, `sizes` those of each width and height; `unreadable` gives
    the reason of each file; `alike` are the names of near duplicates, a text for each group.
    """

    files: int
    labels: dict[str, int]
    sizes: dict[str, int]
    unreadable: dict[str, str]
    alike: tuple[str, ...]


def examine(folder: Path, progress: Progress) -> Examined:
    """Return what lies in a folder or a zip archive of pictures.

    Raises:
        DataError: if there is no such folder, or no file in it.
    """
    import numpy as np

    if not folder.exists():
        raise DataError(f"{folder} is not there; give a folder of pictures, or a zip archive of one")
    if not (names := members(folder)):
        raise DataError(f"{folder} is empty; give a folder of pictures, or a zip archive of one")
    thumbs = np.zeros((len(names), THUMB, THUMB), np.uint8)
    sizes: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    unreadable: dict[str, str] = {}
    chunks = [range(start, min(start + _CHUNK, len(names))) for start in range(0, len(names), _CHUNK)]
    looked = prefetch(lambda rows: [_look(f"{folder}/{names[row]}") for row in rows], chunks, cpu_count())
    with progress.task("pictures", len(names), "pictures") as task, closing(looked):
        for rows, chunk in zip(chunks, looked, strict=True):
            for row, seen in zip(rows, chunk, strict=True):
                if isinstance(seen, str):
                    unreadable[names[row]] = seen
                else:
                    size, thumbs[row] = seen
                    sizes[size] += 1
                    labels[PurePosixPath(names[row]).parent.name or folder.name] += 1
            task.advance(len(rows))
    return Examined(
        files=len(names), labels=dict(sorted(labels.items())), sizes=dict(sizes.most_common()), unreadable=unreadable,
        alike=tuple(report(groups(thumbs), names)),
    )  # fmt: skip


def resize(folder: Path, names: list[str], longest: int) -> int:
    """Make pictures smaller, in place and in their proportions, whose longer side has more pixels; return how many.

    A file is replaced when the smaller picture is whole on disk; it keeps its format, and is turned as its camera said.
    """
    from PIL import Image, ImageOps

    count = 0
    for name in names:
        with Image.open(path := folder / name) as image:
            form = image.format
            if max(image.size) <= longest or form is None:
                continue
            smaller = ImageOps.exif_transpose(image)
            smaller.thumbnail((longest, longest), Image.Resampling.BILINEAR)
            smaller.save(buffer := io.BytesIO(), form)
        with atomic_write(path) as handle:
            handle.write(buffer.getvalue())
        count += 1
    return count


def _look(path: str) -> tuple[str, NDArray[uint8]] | str:
    """Return a picture's size and thumb, or why it cannot be read."""
    from PIL import Image

    try:
        data = read_bytes(path)
        thumb = decode_with_thumb(data, THUMB).thumb
    except Unreadable as error:
        return str(error)
    except DataError as error:  # a member of an archive that is damaged
        return str(error).rpartition("cannot be read: ")[2]
    try:
        with Image.open(io.BytesIO(data)) as image:
            return f"{image.width} × {image.height}", thumb
    except OSError:  # an array or a sound, which has been decoded all the same
        return "no picture file", thumb
