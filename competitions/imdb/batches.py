"""Loaders for fastai's learner: windows of a stream of words, and whole reviews alike in length.

What is in a batch depends on the seed and the epoch alone, and an epoch can be entered at any batch. Under
`accelerate launch` every process gets its rows of each batch, so that together they train on the recipe's batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common import processes
from common.errors import DataError
from common.text import Corpus, by_length, padded, windows


class Windows:
    """A language model's batches: (batch, length) words and the words that come after them.

    Args:
        corpus: all reviews.
        rows: those to read.
        batch_size: parts of the stream that are read side by side.
        length: words of each part in one batch.
        seed: of the order of the reviews; None keeps their order.
        backwards: read every review from its end.
    """

    n_inp = 1

    def __init__(
        self, corpus: Corpus, rows: NDArray[Any], batch_size: int, length: int, *, seed: int | None, backwards: bool
    ) -> None:
        self.corpus, self.rows, self.length, self.seed, self.backwards = corpus, rows, length, seed, backwards
        self.epoch = self.start = 0
        words = int(corpus.lengths[rows].sum())
        # A handful of reviews does not fill so many parts.
        self.batch_size = max(processes.count(), min(batch_size, (words - 1) // length))
        self.part = (words - 1) // self.batch_size
        if self.part < 1:
            raise DataError(f"{words} words are too few for a language model; it needs a few reviews at least")

    def __len__(self) -> int:
        return -(-self.part // self.length)

    @property
    def sizes(self) -> Sequence[int]:
        """The words of each batch."""
        last = self.part - (len(self) - 1) * self.length
        return [self.batch_size * self.length] * (len(self) - 1) + [self.batch_size * last]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        stream = self._stream()
        mine = _mine(self.batch_size)
        skipped = self.start * self.length
        for number, (inputs, targets) in enumerate(windows(stream, self.batch_size, self.length)):
            if number * self.length >= skipped:
                yield torch.from_numpy(inputs[mine]), torch.from_numpy(targets[mine])

    def to(self, device: Any) -> None:
        """Batches are brought to the device by the learner."""

    def _stream(self) -> NDArray[Any]:
        rows = self.rows
        if self.seed is not None:
            rows = np.random.default_rng([self.seed, self.epoch]).permutation(rows)
        if not self.backwards:
            return self.corpus.joined(rows)
        # From its end, what stands in the opposite order is in this order again, every review from its end.
        return self.corpus.joined(rows[::-1])[::-1]


class Reviews:
    """A classifier's batches: (batch, longest) words, padded as the course pads them, and (batch,) labels.

    Args:
        ids: the words of each review.
        labels: of each review, or None.
        batch_size: reviews.
        chunk: words that the network reads at a time.
        seed: of the order; None gives the longest first.
        backwards: read every review from its end.
    """

    def __init__(
        self,
        ids: Sequence[NDArray[Any]],
        labels: NDArray[Any] | None,
        batch_size: int,
        chunk: int,
        *,
        seed: int | None,
        backwards: bool,
    ) -> None:
        self.ids, self.labels, self.batch_size, self.chunk = ids, labels, batch_size, chunk
        self.seed, self.backwards = seed, backwards
        self.epoch = self.start = 0
        self.lengths = np.array([len(review) for review in ids], dtype=np.int64)
        self._order: tuple[int, list[NDArray[Any]]] = (-1, [])

    @property
    def n_inp(self) -> int:
        """How many of a batch's parts go into the model."""
        return 1

    def __len__(self) -> int:
        return len(self.order)

    @property
    def order(self) -> list[NDArray[Any]]:
        """The rows of each batch of the epoch."""
        if self._order[0] != self.epoch:
            rng = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
            batches = by_length(self.lengths, self.batch_size, rng)
            if rng is not None and len(batches) > 1 and len(batches[-1]) < self.batch_size:
                batches.pop()  # as the course does in training: statistics of a few reviews would be none
            self._order = (self.epoch, batches)
        return self._order[1]

    @property
    def sizes(self) -> Sequence[int]:
        """The words of each batch, without padding."""
        return [int(self.lengths[rows].sum()) for rows in self.order]

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for rows in self.order[self.start :]:
            rows = rows[_mine(len(rows))] if self.seed is not None else rows
            step = -1 if self.backwards else 1
            words = torch.from_numpy(padded([self.ids[row][::step] for row in rows], chunk=self.chunk))
            yield (words,) if self.labels is None else (words, torch.from_numpy(self.labels[rows]))

    def to(self, device: Any) -> None:
        """Batches are brought to the device by the learner."""


def _mine(rows: int) -> slice:
    """Return this process's part of so many rows."""
    count, rank = processes.count(), processes.rank()
    return slice(rows * rank // count, rows * (rank + 1) // count)
