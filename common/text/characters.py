"""The pieces of words: n-grams of characters, for texts that are short or have no blanks between words.

A short text holds few words, most of which are rare; their stems and endings are not. `prepare` gives every row a column of
the numbers of its n-grams, of which those count that occur in enough training rows. They are found by hashes, which costs
no dictionary: in four million places, some thousands of n-grams meet by chance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.errors import RunError
from common.files import atomic_folder
from common.model import Context
from common.text.settings import NGrams
from common.text.task import TextTask

if TYPE_CHECKING:
    from numpy import int32, int64, uint64
    from numpy.typing import NDArray
    from pandas import DataFrame

COLUMN = "characters"
FOLDER, KEYS, COLUMNS = "characters", "keys.npy", "columns.json"  # in a run's folder
_BITS = 22  # of a hash
_MIN_N = 2
_PRIME, _GOLDEN = 0x100000001B3, 0x9E3779B97F4A7C15  # of FNV's hash, and of Fibonacci's
_UNICODE = 0x110000  # a column's characters follow those of the column before
_CHUNK = 1_000_000  # characters at once, which take some 200 MB
_SHORT = 400  # characters
_MOST = 12_000_000  # of all texts together, of which words are so many that they do, and their pieces take gigabytes
_FEW_BLANKS = 0.06  # of all characters: one in six in English, one in twelve in Finnish, none in Chinese
_SOME = 2000  # texts that tell of all


def prepare(frames: Frames, task: TextTask, settings: NGrams, context: Context) -> Frames:
    """Return the frames with the numbers of each row's n-grams, if its texts are such; keep in the run's folder which count.

    Raises:
        RunError: if there is nothing to train on, and the run has no n-grams.
    """
    import numpy as np

    folder = context.run / FOLDER
    if not folder.is_dir():
        if (train := frames.train) is None:
            raise RunError(f"{context.run} holds no n-grams; the run is not whole, train it again")
        columns = [name for name in task.texts if _wanted(train[name].tolist(), settings)]
        counts = np.zeros(1 << _BITS, np.int32)
        for _, hashes in _hashed(train, columns, settings):
            counts += np.bincount(hashes, minlength=len(counts)).astype(np.int32)
        with atomic_folder(folder) as part:
            np.save(part / KEYS, np.flatnonzero(counts >= settings.min_df), allow_pickle=False)
            (part / COLUMNS).write_text(json.dumps(columns) + "\n", encoding="utf-8")
    columns = json.loads((folder / COLUMNS).read_text(encoding="utf-8"))
    if not columns:
        return frames
    numbers = np.full(1 << _BITS, -1, np.int32)
    keys = load(context)
    numbers[keys] = np.arange(len(keys))
    train = None if frames.train is None else _numbered(frames.train, columns, settings, numbers)
    return replace(frames, train=train, test=_numbered(frames.test, columns, settings, numbers))


def load(context: Context) -> NDArray[int64]:
    """Return the hashes of a run's n-grams (k,), sorted."""
    import numpy as np

    keys: NDArray[int64] = np.load(context.run / FOLDER / KEYS, allow_pickle=False)
    return keys


def _wanted(texts: Sequence[str], settings: NGrams) -> bool:
    """Whether texts are short, or of a language without blanks between words."""
    if settings.characters != "auto":
        return settings.characters == "always"
    some = texts[:: max(1, len(texts) // _SOME)]
    total = sum(map(len, some))
    blanks = sum(map(str.isspace, "".join(some)))
    short = total < _SHORT * len(some) and total / max(len(some), 1) * len(texts) <= _MOST
    return short or blanks < _FEW_BLANKS * total


def _numbered(frame: DataFrame, columns: Sequence[str], settings: NGrams, numbers: NDArray[int32]) -> DataFrame:
    """Return the frame with the numbers of each row's n-grams, each once, sorted."""
    import numpy as np
    import pandas as pd

    by_row: list[Any] = []
    for ends, hashes in _hashed(frame, columns, settings):
        found = numbers[hashes]
        counts = np.concatenate(([0], np.cumsum(found >= 0)))[ends]
        found = found[found >= 0]
        by_row += [found[first:last] for first, last in pairwise(counts)]
    return frame.assign(**{COLUMN: pd.Series(by_row, index=frame.index, dtype=object)})


def _hashed(
    frame: DataFrame, columns: Sequence[str], settings: NGrams
) -> Iterator[tuple[NDArray[int64], NDArray[int64]]]:
    """Yield the distinct hashes of some rows after another, sorted within each, and where those of each begin and end."""
    import numpy as np

    if not columns:
        return
    texts = [[_padded(text) for text in frame[name].tolist()] for name in columns]
    lengths = np.sum([list(map(len, column)) for column in texts], axis=0, dtype=np.int64)
    chunk = np.cumsum(lengths) // _CHUNK
    edges = [0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(frame)] if len(frame) else [0]
    for first, last in pairwise(edges):
        parts = []
        for place, column in enumerate(texts):
            some = column[first:last]
            codes = np.frombuffer("".join(some).encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
            rows = np.repeat(np.arange(last - first), list(map(len, some)))
            for hashes, of in _rolled(codes + np.uint64(place * _UNICODE), rows, settings.max_characters):
                parts.append(of << _BITS | hashes)
        pairs = np.sort(np.concatenate(parts))  # whole numbers are sorted faster than they are looked up
        distinct = pairs[np.concatenate((np.ones(min(len(pairs), 1), bool), pairs[1:] != pairs[:-1]))]
        ends = np.searchsorted(distinct, np.arange(last - first + 1) << _BITS)
        yield ends, distinct & ((1 << _BITS) - 1)


def _padded(text: str) -> str:
    """Return a text with single blanks between its words, before and after them."""
    words = text.split()
    return " ".join(["", *words, ""]) if words else ""


def _rolled(
    codes: NDArray[uint64], rows: NDArray[int64], max_n: int
) -> Iterator[tuple[NDArray[int64], NDArray[int64]]]:
    """Yield the hashes of all n-grams of a length and the rows in which they stand, for each length."""
    import numpy as np

    rolled = codes
    for length in range(2, max_n + 1):
        rolled = rolled[:-1] * np.uint64(_PRIME) + codes[length - 1 :]
        if length >= _MIN_N:
            within = rows[: len(rolled)] == rows[length - 1 :]
            mixed = rolled[within] * np.uint64(_GOLDEN) >> np.uint64(64 - _BITS)
            yield mixed.astype(np.int64), rows[: len(rolled)][within]
