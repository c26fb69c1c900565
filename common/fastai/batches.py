"""Batches of rows whose columns are tensors in memory: no row is taken apart and put together again."""

from __future__ import annotations

# isort: split
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Rows:
    """Batches of some arrays' rows, the last of which are the targets.

    `epoch` decides the order, and counts on after each; `start` is the first batch still to come. With a seed rows come in
    random order, and those that fill no batch are left out of the epoch, as fastai does.
    """

    def __init__(self, *parts: NDArray[Any], size: int, seed: int | None) -> None:
        self.parts = tuple(map(torch.from_numpy, parts))
        self.n_inp = len(parts) - 1  # of a batch's parts go into the model
        self.count, self.size, self.seed = len(parts[0]), min(size, len(parts[0])), seed
        self.epoch = self.start = 0

    def __len__(self) -> int:
        return self.count // self.size if self.seed is not None else -(-self.count // self.size)

    @cached_property
    def sizes(self) -> Sequence[int]:
        """The rows of each batch."""
        return [min(self.size, self.count - at * self.size) for at in range(len(self))]

    def to(self, device: Any) -> None:
        """Batches are brought to the device by the learner."""

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        parts = self.parts
        if self.seed is not None:  # once for the whole epoch: a slice of it costs nothing
            order = torch.from_numpy(np.random.default_rng([self.seed, self.epoch]).permutation(self.count))
            parts = tuple(part[order] for part in parts)
        for number in range(self.start, len(self)):
            rows = slice(number * self.size, (number + 1) * self.size)
            yield tuple(part[rows] for part in parts)
        self.epoch += 1
