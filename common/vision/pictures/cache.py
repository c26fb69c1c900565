"""Pictures decoded and resized once, read ever after at the speed of memory.

An entry of the cache is a folder with `pixels.npy`, uint8 of shape (n, size, size, 3), `thumbs.npy`, by which near
duplicates are found, and `index.json`. The pixels are mapped into memory, so that folds, runs and processes on one
machine share one copy, which the system drops when memory runs short: none of it is private memory. 25,000 pictures at
224 are 3.76 GB of disk, at 256 4.92 GB.

Entries are those of `common.cache`, named by a hash of the listing (paths, sizes, times of change), the size and
`VERSION`.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from contextlib import closing
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common.cache import MAX_BYTES, cached, entry_name
from common.data.zipped import read_bytes, stamp
from common.environment import cpu_count
from common.errors import DataError, SettingError, Unreadable
from common.progress import Progress
from common.vision.pictures.decode import THUMB, Rule, decode_with_thumb
from common.vision.pictures.prefetch import prefetch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

VERSION = 2  # of how pixels are made; another one makes every entry anew
INDEX = "index.json"
_CHUNK = 16  # pictures that a thread decodes before it takes the next ones


class PictureCache:
    """The pictures of n files, in the order of their paths, as squares of one size.

    `pixels`, uint8 (n, size, size, 3), and `thumbs`, the whole pictures small and grey (n, THUMB, THUMB), are mapped
    into memory and read-only. `unreadable` gives the reason for each row that could not be decoded; its pixels are
    black.
    """

    def __init__(self, folder: Path) -> None:
        import numpy as np

        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        self.folder = folder
        self.paths: list[str] = index["paths"]
        self.size: int = index["size"]
        self.unreadable: dict[int, str] = {int(row): reason for row, reason in index["unreadable"].items()}
        # A plain view of the mapping: numpy's own class for mappings makes each slice several times as slow.
        self.pixels: Pixels = np.asarray(np.load(folder / "pixels.npy", mmap_mode="r"))
        self.thumbs: Pixels = np.load(folder / "thumbs.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Which rows have a picture, (n,)."""
        import numpy as np

        mask = np.ones(len(self), dtype=bool)
        mask[list(self.unreadable)] = False
        return mask

    def rows(self, paths: Sequence[str]) -> NDArray[np.intp]:
        """Return the row of each path.

        Raises:
            DataError: for a path that is not in this cache.
        """
        import numpy as np

        try:
            return np.fromiter((self._row_of[path] for path in paths), dtype=np.intp, count=len(paths))
        except KeyError as error:
            raise DataError(f"{error.args[0]} is not among the {len(self):,} pictures of this cache") from None

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {path: row for row, path in enumerate(self.paths)}

    def __reduce__(self) -> tuple[Any, ...]:
        return PictureCache, (self.folder,)  # another process maps the files itself


def open_cache(
    paths: Sequence[str],
    root: Path,
    *,
    size: int,
    rule: Rule = "crop",
    channels: tuple[str, ...] = (),
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
) -> PictureCache:
    """Return the pictures of `paths` as squares, decoding them if no process has done so before.

    Args:
        paths: n files, in folders or zip archives.
        root: The folder of the cache, see `common.cache`.
        size: Side of the squares in pixels. With some margin over the size that a model is given (256 for 224),
            training may move its window.
        rule: whether a square is a picture's middle, or all of it.
        channels: what follows in the names of three files or fewer that are the colours of one picture, the first of which
            the path names.
        max_bytes: What all entries of the cache may take on disk.
        progress: For messages.

    Raises:
        SettingError: if this entry alone would be larger than `max_bytes`, or for a size that is not allowed.
        DeviceError: if the disk has no room for it.
    """
    progress = progress or Progress(live=False)
    need = _check(len(paths), size, max_bytes)
    about = [size, rule, VERSION, *channels]
    name = entry_name(f"pictures-{size}", about, (f"{path}\0{stamp(path)}" for path in paths))
    cache = cached(
        root, name, lambda folder: _build(paths, folder, size, rule, channels, progress), PictureCache,
        max_bytes=max_bytes, need=need,
        on_wait=lambda: progress.say("pictures: waiting for another process that decodes them"),
    )  # fmt: skip
    entry_at(cache.folder)  # its mapping stays, whatever becomes of the files
    unreadable = f"; {len(cache.unreadable):,} unreadable" if cache.unreadable else ""
    progress.say(f"pictures: {_figure(len(paths), size)} of disk, mapped into memory{unreadable}")
    return cache


@lru_cache(maxsize=8)
def entry_at(folder: Path) -> PictureCache:
    """Return an entry that `open_cache` has returned; this process can read it even if another one removes it."""
    return PictureCache(folder)


def _check(count: int, size: int, max_bytes: int) -> int:
    """Return the bytes that an entry takes."""
    if not count:
        raise DataError("no pictures: the list of files is empty")
    if not 1 <= size <= 4096:
        raise SettingError(f"size must be between 1 and 4096 pixels, got {size}")
    need = count * size * size * 3
    if need > max_bytes:
        fits = int((max_bytes / (3 * count)) ** 0.5)
        raise SettingError(
            f"{_figure(count, size)}, more than the {max_bytes / 1e9:.2f} GB allowed; allow more (--set cache_gb=…), "
            f"or store them at {fits} pixels or less"
        )
    return need


def _figure(count: int, size: int) -> str:
    return f"{count:,} pictures at {size} × {size} take {count * size * size * 3 / 1e9:.2f} GB"


def _build(
    paths: Sequence[str], folder: Path, size: int, rule: Rule, channels: tuple[str, ...], progress: Progress
) -> None:
    """Decode all pictures into a fresh folder.

    Threads are enough: Pillow lets go of the interpreter's lock while it decodes and resizes, nothing has to be
    imported or sent to another process, and whatever this process holds (a GPU, open archives) is left alone.
    Pixels are written as to any file, not through the mapping, so that this process never holds more than a few
    chunks.
    """
    import numpy as np

    chunks = [range(start, min(start + _CHUNK, len(paths))) for start in range(0, len(paths), _CHUNK)]
    thumbs = np.zeros((len(paths), THUMB, THUMB), dtype=np.uint8)
    unreadable: dict[int, str] = {}
    with (folder / "pixels.npy").open("xb") as handle:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(paths), size, size, 3)}
        np.lib.format.write_array_header_1_0(handle, header)
        decoded = prefetch(lambda rows: _decoded(paths, rows, size, rule, channels), chunks, cpu_count())
        with warnings.catch_warnings(), progress.task("pictures", len(paths), "pictures") as task, closing(decoded):
            warnings.filterwarnings("ignore", module=r"PIL\b")  # what is wrong with a file is its reason
            for rows, chunk in zip(chunks, decoded, strict=True):
                handle.write(chunk.pixels.data)
                thumbs[rows.start : rows.stop] = chunk.thumbs
                unreadable |= chunk.unreadable
                task.advance(len(rows))
    np.save(folder / "thumbs.npy", thumbs)
    index = {"size": size, "unreadable": unreadable, "paths": list(paths)}
    (folder / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")


class _Chunk(NamedTuple):
    pixels: Pixels
    thumbs: Pixels
    unreadable: dict[int, str]


def _decoded(paths: Sequence[str], rows: range, size: int, rule: Rule, channels: tuple[str, ...]) -> _Chunk:
    """Decode some rows; what cannot be decoded stays black."""
    import numpy as np

    chunk = _Chunk(
        np.zeros((len(rows), size, size, 3), dtype=np.uint8), np.zeros((len(rows), THUMB, THUMB), dtype=np.uint8), {}
    )
    for place, row in enumerate(rows):
        try:
            chunk.pixels[place], chunk.thumbs[place] = _one(paths[row], size, rule, channels)
        except Unreadable as error:
            chunk.unreadable[row] = str(error)
        except DataError as error:  # a member of an archive that is damaged
            chunk.unreadable[row] = str(error).rpartition("cannot be read: ")[2]
    return chunk


def _one(path: str, size: int, rule: Rule, channels: tuple[str, ...]) -> tuple[Pixels, Pixels]:
    """Return the pixels of a picture and its thumb, of several files each of which is a colour where there are such."""
    import numpy as np

    if not channels:
        return decode_with_thumb(read_bytes(path), size, rule)
    before, point, end = path.rpartition(".")
    start = before.removesuffix(channels[0])
    parts = [decode_with_thumb(read_bytes(f"{start}{each}{point}{end}"), size, rule) for each in channels]
    pixels = np.zeros((size, size, 3), np.uint8)
    for place, part in enumerate(parts):
        pixels[..., place] = part.pixels.max(axis=2)
    return pixels, np.mean([part.thumb for part in parts], axis=0).astype(np.uint8)
