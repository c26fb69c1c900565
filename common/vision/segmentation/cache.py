"""Pictures of all sizes and what is known of their pixels, decoded once, read at the speed of memory.

An entry is one of `common.cache`: `pixels.npy`, uint8 (all pixels, 3), one picture after another, `truth.npy`, uint16
(all pixels,), 0 where a picture has no answer, and `index.json` with the sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common.cache import cached, entry_name
from common.data.zipped import read_bytes, stamp
from common.environment import cpu_count
from common.errors import DataError, MaskError
from common.progress import Progress
from common.vision.pictures.decode import decode_whole
from common.vision.pictures.prefetch import prefetch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1  # of how pixels are made; another one makes every entry anew
_NAMED = 3  # mistakes that an error names

Truth = Callable[[str, tuple[int, int]], "NDArray[Any]"]


class MaskCache:
    """The pictures of n files in the order of their paths; those that cannot be read have no rows."""

    def __init__(self, folder: Path) -> None:
        import numpy as np

        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        self.folder = folder
        self.shapes: NDArray[np.int64] = np.array(index["shapes"], np.int64).reshape(-1, 2)
        self.sizes: NDArray[np.int64] = np.array(index["sizes"], np.int64).reshape(-1, 2)
        self.unreadable: dict[int, str] = {int(row): reason for row, reason in index["unreadable"].items()}
        self._starts = np.concatenate(([0], np.cumsum(self.shapes.prod(axis=1))))
        self._pixels = np.asarray(np.load(folder / "pixels.npy", mmap_mode="r"))
        self._truth = np.asarray(np.load(folder / "truth.npy", mmap_mode="r"))

    def picture(self, row: int) -> NDArray[np.uint8]:
        """Return the pixels of a picture (rows, columns, 3), mapped."""
        return self._pixels[self._starts[row] : self._starts[row + 1]].reshape(*self.shapes[row], 3)

    def truth(self, row: int) -> NDArray[np.uint16]:
        """Return what is known of a picture's pixels (rows, columns), mapped."""
        return self._truth[self._starts[row] : self._starts[row + 1]].reshape(self.shapes[row])


def open_cache(
    paths: Sequence[str], answers: Sequence[str | None], truth: Truth, root: Path, *,
    about: Any, longest: int, max_bytes: int, progress: Progress,
) -> MaskCache:  # fmt: skip
    """Return pictures with what is known of their pixels, decoding them if no process has done so before.

    Args:
        paths: n files, in folders or zip archives.
        answers: what is known of each, or None.
        truth: makes an answer, with the picture's rows and columns, an array (rows, columns).
        root: the folder of the cache.
        about: what `truth` depends on, as plain values.
        longest: pixels of the longer side above which they are made smaller; 0: never.
        max_bytes: of disk for the cache.
        progress: for messages.

    Raises:
        DataError: if answers do not fit their pictures; names the first.
    """
    listing = (f"{path}\0{stamp(path)}\0{answer or ''}" for path, answer in zip(paths, answers, strict=True))
    name = entry_name(f"masks-{longest}", [longest, VERSION, about], listing)

    def make(folder: Path) -> None:
        _build(paths, answers, truth, folder, longest, progress)

    cache = cached(
        root, name, make, MaskCache, max_bytes=max_bytes,
        on_wait=lambda: progress.say("pictures: waiting for another process that decodes them"),
    )  # fmt: skip
    entry_at(cache.folder)  # its mapping stays, whatever becomes of the files
    size = int(cache.shapes.prod(axis=1).sum())
    progress.say(
        f"pictures and masks: {len(paths):,} of {size / 1e6:,.1f} million pixels, {size * 5 / 1e9:.2f} GB of disk"
    )
    return cache


@lru_cache(maxsize=4)
def entry_at(folder: Path) -> MaskCache:
    """Return an entry that `open_cache` has returned; this process can read it even if another one removes it."""
    return MaskCache(folder)


class _Decoded(NamedTuple):
    pixels: NDArray[np.uint8]
    truth: NDArray[np.uint16]
    size: tuple[int, int]
    unreadable: str = ""
    wrong: str = ""


def _build(
    paths: Sequence[str], answers: Sequence[str | None], truth: Truth, folder: Path, longest: int, progress: Progress
) -> None:
    import numpy as np

    def decoded(row: int) -> _Decoded:
        nothing = np.zeros((0, 0, 3), np.uint8), np.zeros((0, 0), np.uint16), (1, 1)
        try:
            whole = decode_whole(read_bytes(paths[row]))
        except DataError as error:
            return _Decoded(*nothing, unreadable=str(error))
        size, answer = whole.shape[:2], answers[row]
        try:
            known = np.zeros(size, np.uint16) if answer is None else truth(answer, size).astype(np.uint16)
        except MaskError as error:
            return _Decoded(*nothing, wrong=str(error))
        pixels, known = smaller(whole, known, longest)
        return _Decoded(pixels, known, size)

    made: list[_Decoded] = []
    decoding = closing(prefetch(decoded, range(len(paths)), cpu_count()))
    with progress.task("pictures", len(paths), "pictures") as task, decoding as every:
        for each in every:
            made.append(each)
            task.advance(1)
    if wrong := [f"{Path(paths[row]).name}: {each.wrong}" for row, each in enumerate(made) if each.wrong]:
        more = f" (and {len(wrong) - _NAMED:,} more)" if len(wrong) > _NAMED else ""
        raise DataError(f"{len(wrong):,} of {len(paths):,} masks do not fit: {'; '.join(wrong[:_NAMED])}{more}")
    np.save(folder / "pixels.npy", np.concatenate([each.pixels.reshape(-1, 3) for each in made]))
    np.save(folder / "truth.npy", np.concatenate([each.truth.ravel() for each in made]))
    index = {
        "shapes": [each.truth.shape for each in made],
        "sizes": [each.size for each in made],
        "unreadable": {row: each.unreadable for row, each in enumerate(made) if each.unreadable},
    }
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def smaller(
    pixels: NDArray[np.uint8], truth: NDArray[np.uint16], longest: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Return a picture and what is known of its pixels with at most `longest` rows and columns, in proportion."""
    import numpy as np
    from PIL import Image

    if not longest or (share := longest / max(truth.shape)) >= 1:
        return pixels, truth
    rows, columns = (max(1, round(side * share)) for side in truth.shape)
    picture = Image.fromarray(pixels).resize((columns, rows), Image.Resampling.BILINEAR, reducing_gap=2.0)
    down = ((np.arange(rows) + 0.5) * truth.shape[0] / rows).astype(int)
    across = ((np.arange(columns) + 0.5) * truth.shape[1] / columns).astype(int)
    return np.asarray(picture), truth[np.ix_(down, across)]
