"""Loaders for fastai's learner: windows of a stream of words, and whole texts alike in length.

What is in a batch depends on the seed and the epoch alone, and an epoch can be entered at any batch. Under
`accelerate launch` every process gets its rows of each batch, so that together they train on the recipe's batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common import processes
from common.errors import DataError
from common.text.tokens.batches import by_length, padded, windows
from common.text.tokens.corpus import Corpus


class _Loader:
    """What a learner asks of both; `epoch` decides the order, `start` is the first batch that is still to come."""

    n_inp = 1  # of a batch's parts go into the model

    def __init__(self, batch_size: int, seed: int | None, backwards: bool) -> None:
        self.batch_size, self.seed, self.backwards = batch_size, seed, backwards
        self.epoch = self.start = 0

    def to(self, device: Any) -> None:
        """Batches are brought to the device by the learner."""

    def _rng(self) -> np.random.Generator | None:
        return None if self.seed is None else np.random.default_rng([self.seed, self.epoch])


class Windows(_Loader):
    """A language model's batches: (batch, length) words and the words that come after them.

    Args:
        corpus: all texts.
        rows: those to read.
        batch_size: parts of the stream that are read side by side.
        length: words of each part in one batch.
        seed: of the order of the texts; None keeps their order.
        backwards: read every text from its end.
    """

    def __init__(
        self, corpus: Corpus, rows: NDArray[Any], batch_size: int, length: int, *, seed: int | None, backwards: bool
    ) -> None:
        words = int(corpus.lengths[rows].sum())
        # A handful of texts does not fill so many parts.
        super().__init__(max(processes.count(), min(batch_size, (words - 1) // length)), seed, backwards)
        self.corpus, self.rows, self.length = corpus, rows, length
        self.part = (words - 1) // self.batch_size
        if self.part < 1:
            raise DataError(f"{words} words are too few for a language model; it needs a few texts at least")

    def __len__(self) -> int:
        return -(-self.part // self.length)

    @property
    def sizes(self) -> Sequence[int]:
        """The words of each batch."""
        last = self.part - (len(self) - 1) * self.length
        return [self.batch_size * self.length] * (len(self) - 1) + [self.batch_size * last]

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rng, own = self._rng(), _own(self.batch_size)
        rows = self.rows if rng is None else rng.permutation(self.rows)
        # From its end, what stands in the opposite order is in this order again, every text from its end.
        stream = self.corpus.joined(rows[::-1])[::-1] if self.backwards else self.corpus.joined(rows)
        for number, (inputs, targets) in enumerate(windows(stream, self.batch_size, self.length)):
            if number >= self.start:
                yield torch.from_numpy(inputs[own]), torch.from_numpy(targets[own])


class Texts(_Loader):
    """A classifier's batches: (batch, longest) words, padded as the course pads them, and (batch,) labels.

    Args:
        ids: the words of each text.
        labels: of each text, or None.
        batch_size: texts.
        chunk: words that the network reads at a time.
        seed: of the order; None gives the longest first.
        backwards: read every text from its end.
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
        super().__init__(batch_size, seed, backwards)
        self.ids, self.labels, self.chunk = ids, labels, chunk
        self._order: tuple[int, list[NDArray[Any]]] = (-1, [])

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """The words of each text (n,)."""
        return np.array([len(text) for text in self.ids], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.order)

    @property
    def order(self) -> list[NDArray[Any]]:
        """The rows of each batch of the epoch."""
        if self._order[0] != self.epoch:
            rng = self._rng()
            batches = by_length(self.lengths, self.batch_size, rng)
            if rng is not None and len(batches) > 1 and len(batches[-1]) < self.batch_size:
                batches.pop()  # as the course does in training: statistics of a few texts would be none
            self._order = (self.epoch, batches)
        return self._order[1]

    @property
    def sizes(self) -> Sequence[int]:
        """The words of each batch, without padding."""
        return [int(self.lengths[rows].sum()) for rows in self.order]

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        for rows in self.order[self.start :]:
            rows = rows if self.seed is None else rows[_own(len(rows))]
            step = -1 if self.backwards else 1
            words = torch.from_numpy(padded([self.ids[row][::step] for row in rows], chunk=self.chunk))
            yield (words,) if self.labels is None else (words, torch.from_numpy(self.labels[rows]))


def _own(rows: int) -> slice:
    """Return this process's part of so many rows."""
    count, rank = processes.count(), processes.rank()
    return slice(rows * rank // count, rows * (rank + 1) // count)
