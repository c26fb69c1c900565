"""What a training step reads, as plain arrays: windows for a language model, rows alike in length for a classifier.

The order is the course's; every function is pure, so that a seed and an epoch decide everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from common.data.ragged import grouped
from common.text.tokens.rules import PAD, SPECIAL

if TYPE_CHECKING:
    from numpy import int64
    from numpy.random import Generator
    from numpy.typing import NDArray


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


def by_length(lengths: NDArray[Any], batch_size: int, rng: Generator | None = None) -> list[NDArray[int64]]:
    """Return the rows of each batch, alike in length within a batch.

    Without `rng` the longest rows come first. With it rows are shuffled, sorted within some batches, and the batches are
    shuffled but for the first, which holds the longest row (memory that suffices for it suffices for all), and the last.

    Args:
        lengths: of n rows (n,).
        batch_size: rows in a batch; the last may have fewer.
        rng: what to shuffle with.
    """
    if rng is None or not len(lengths):
        return grouped(range(len(lengths)), lengths, batch_size, pool=None)
    order = rng.permutation(len(lengths))
    longest = order.tolist().index(lengths.argmax())
    order[[0, longest]] = order[[longest, 0]]
    first, *middle = grouped(order, lengths, batch_size)
    last = middle[-1:]
    return [first, *(middle[number] for number in rng.permutation(len(middle[:-1]))), *last]


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
    for number, row in enumerate(rows):
        missing = longest - len(row)
        first = missing if chunk is None else missing // chunk * chunk
        filled[number, first : first + len(row)] = row
    return filled
