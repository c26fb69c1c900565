"""Rows of the competition as lists of siblings, ready for a network."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

IGNORED = -100.0  # the label of no target; the Trainer pads with the same number
MOST = 360  # tokens of targets in a sequence, in any order: with anchor and context below 512
ROUND_TO = 16  # lengths are padded to multiples of it: few shapes, so that compiled kernels are reused


class Listing:
    """A data set of sequences, each with the targets of one anchor and context.

    Item `(epoch, i)` is sequence i with its targets in the order of that epoch. The order depends on seed, epoch and
    the group's own text alone, not on the file's order or on other groups.

    Args:
        columns: token ids of n rows: `anchor`, `target` and `context`.
        labels: scores (n,), or None for prediction.
        keys: the group of each row (n,).
        targets: the target's text of each row (n,), by which targets are sorted first.
        special: ids of the tokens that begin a sequence and that separate its parts.
        budget: most tokens of targets in a sequence, and most tokens of the context.
        seed: of the orders.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[list[int]]],
        labels: NDArray[Any] | None,
        *,
        keys: Sequence[str],
        targets: Sequence[str],
        special: tuple[int, int],
        budget: tuple[int, int],
        seed: int,
    ) -> None:
        self.columns, self.labels, self.special, self.seed = columns, labels, special, seed
        self.context_tokens = budget[1]
        self.groups: list[tuple[int, NDArray[Any]]] = []
        self.sequences: list[tuple[int, int, int]] = []  # group, part, number of parts
        self.lengths: list[int] = []
        members: dict[str, list[int]] = {}
        for row, key in enumerate(keys):
            members.setdefault(key, []).append(row)
        for key, rows in members.items():
            rows.sort(key=lambda row: targets[row])
            tokens = [len(columns["target"][row]) + 1 for row in rows]
            parts = min(math.ceil(sum(tokens) / budget[0]), len(rows))
            # Parts have equally many targets; if the longest ones are in one part, it still has to fit.
            longest = sorted(tokens, reverse=True)
            while parts < len(rows) and sum(longest[: math.ceil(len(rows) / parts)]) > MOST:
                parts += 1
            self.groups.append((zlib.crc32(key.encode()), np.array(rows)))
            for part in range(parts):
                self.sequences.append((len(self.groups) - 1, part, parts))
                self.lengths.append(len(columns["anchor"][rows[0]]) + sum(tokens) // parts)

    def __len__(self) -> int:
        return len(self.sequences)

    def rows(self, epoch: int, number: int) -> NDArray[Any]:
        """Return the rows whose targets are in a sequence, in their order there."""
        group, part, parts = self.sequences[number]
        key, rows = self.groups[group]
        order = np.random.default_rng([self.seed, epoch, key]).permutation(rows)
        return np.array_split(order, parts)[part]

    def __getitem__(self, item: tuple[int, int]) -> dict[str, Any]:
        rows = self.rows(*item)
        first = rows[0]
        start, separator = self.special
        anchor, context = self.columns["anchor"][first], self.columns["context"][first][: self.context_tokens]
        ids = [start, *anchor, separator, *context, separator]
        spans = []
        for row in rows:
            target = self.columns["target"][row]
            spans.append((len(ids), len(ids) + len(target)))
            ids += [*target, separator]
        labels = np.zeros(len(rows), np.float32) if self.labels is None else self.labels[rows]
        return {"input_ids": ids, "anchor": (1, 1 + len(anchor)), "spans": spans, "labels": labels}


class InOrder:
    """A listing for prediction: the targets in one epoch's order, sequences from long to short."""

    def __init__(self, listing: Listing, epoch: int) -> None:
        self.listing, self.epoch = listing, epoch
        self.numbers = sorted(range(len(listing)), key=lambda number: -listing.lengths[number])

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.listing[(self.epoch, self.numbers[index])]

    def by_row(self, outputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return row numbers and outputs (n,) from the outputs of the sequences (sequences, most targets)."""
        rows = [self.listing.rows(self.epoch, number) for number in self.numbers]
        values = [output[: len(own)] for output, own in zip(outputs, rows, strict=True)]
        return np.concatenate(rows), np.concatenate(values).astype(np.float64)


class Collator:
    """Pads sequences to one batch of tensors."""

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, items: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return `Scorer.forward`'s arguments for some items of a listing."""
        longest = max(len(item["input_ids"]) for item in items)
        shape = (len(items), -(-longest // ROUND_TO) * ROUND_TO)
        most = max(len(item["spans"]) for item in items)
        widest = max(end - start for item in items for start, end in (item["anchor"], *item["spans"]))
        batch = {
            "input_ids": np.full(shape, self.pad),
            "attention_mask": np.zeros(shape, np.int64),
            "anchor": np.full((len(items), 1, max(widest, 1)), -1),
            "spans": np.full((len(items), most, max(widest, 1)), -1),
            "labels": np.full((len(items), most), IGNORED, np.float32),
        }
        for index, item in enumerate(items):
            ids = item["input_ids"]
            batch["input_ids"][index, : len(ids)] = ids
            batch["attention_mask"][index, : len(ids)] = 1
            _write(batch["anchor"][index, 0], item["anchor"])
            for number, span in enumerate(item["spans"]):
                _write(batch["spans"][index, number], span)
            batch["labels"][index, : len(item["labels"])] = item["labels"]
        return {name: torch.from_numpy(values) for name, values in batch.items()}


def _write(row: NDArray[Any], span: tuple[int, int]) -> None:
    start, end = span
    row[: end - start] = range(start, end)
