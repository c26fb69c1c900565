"""What a training step reads, as plain arrays: windows for a language model, rows alike in length for a classifier.

The order is the course's; every function is pure, so that a seed and an epoch decide everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.text.tokens.rules import PAD, SPECIAL

if TYPE_CHECKING:
    from numpy import int64, intp
    from numpy.random import Generator
    from numpy.typing import NDArray

_SORTED_AT_ONCE = 50  # batches: rows are sorted within so many, so that a shuffled epoch stays shuffled


def windows(stream: NDArray[Any], batch_size: int, length: int) -> Iterator[tuple[NDArray[int64], NDArray[int64]]]:
    """Yield a language model's inputs and targets, each (batch_size, length); the last ones may be shorter.

    The stream is cut into `batch_size` equal parts, which are read side by side, so that row i of a batch goes on
    where row i of the batch before ended and the model's state can be kept. What does not fill all parts is left out.

    Args:
        stream: token ids (n,), all texts one after another.
        batch_size: parts.
        length: tokens of each part in one batch.
    """
    import numpy as np

    part = (len(stream) - 1) // batch_size
    if part < 1:
        return
    inputs = stream[: part * batch_size].reshape(batch_size, part)
    targets = stream[1 : part * batch_size + 1].reshape(batch_size, part)
    for start in range(0, part, length):
        window = slice(start, start + length)
        yield inputs[:, window].astype(np.int64), targets[:, window].astype(np.int64)


def by_length(lengths: NDArray[Any], batch_size: int, rng: Generator | None = None) -> list[NDArray[intp]]:
    """Return the rows of each batch, alike in length within a batch.

    Without `rng` the longest rows come first. With it rows are shuffled, sorted within some batches, and the batches are
    shuffled but for the first, which holds the longest row (memory that suffices for it suffices for all), and the last.

    Args:
        lengths: of n rows (n,).
        batch_size: rows in a batch; the last may have fewer.
        rng: what to shuffle with.
    """
    import numpy as np

    lengths = np.asarray(lengths, dtype=np.int64)
    order = np.arange(len(lengths))
    if rng is not None and len(order):
        order = rng.permutation(len(lengths))
        longest = int(np.flatnonzero(order == lengths.argmax())[0])
        order[[0, longest]] = order[[longest, 0]]
    at_once = batch_size * _SORTED_AT_ONCE if rng is not None else max(len(order), 1)
    blocks = [order[start : start + at_once] for start in range(0, len(order), at_once)]
    rows = np.concatenate([block[np.argsort(-lengths[block], kind="stable")] for block in blocks] or [order])
    batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    if rng is not None and len(batches) > 2:
        middle = rng.permutation(len(batches) - 2) + 1
        batches = [batches[0], *(batches[place] for place in middle), batches[-1]]
    return batches


def padded(
    rows: Sequence[NDArray[Any]], *, chunk: int | None = None, padding: int = SPECIAL.index(PAD)
) -> NDArray[int64]:
    """Return rows of ids as one array (rows, longest), padding first.

    Args:
        rows: the ids of each row.
        chunk: with it padding comes first in whole chunks and what is left of it last, as the course has it: a network that
            reads `chunk` tokens at a time can then skip what is padding alone.
        padding: the id to fill with.
    """
    import numpy as np

    longest = max(map(len, rows), default=0)
    filled = np.full((len(rows), longest), padding, dtype=np.int64)
    for place, row in enumerate(rows):
        missing = longest - len(row)
        first = missing if chunk is None else missing // chunk * chunk
        filled[place, first : first + len(row)] = row
    return filled
