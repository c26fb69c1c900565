"""A transformer that reads the beginning and the end of reviews, fine-tuned on the labelled ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import scratch_folder
from common.huggingface import backbone
from common.huggingface.tokens import kept_encoder, kept_tokenizer
from common.model import Context
from competitions.imdb.competition import Reading

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

    from competitions.imdb.reader import Reader

SLICE = 2048  # reviews that are predicted between two signs of progress


class Transformer:
    """A network of `reader.py`, its training and its predictions."""

    def __init__(self, reading: Reading, seed: int, context: Context) -> None:
        self.reading, self.seed, self.context = reading, seed, context
        backbone.quiet()
        self.tokenizer = kept_tokenizer(context)
        self.reader: Reader

    def fit(self, reviews: Sequence[str], labels: Sequence[int], *, to_predict: int) -> dict[str, Any]:
        """Train on reviews, on from a checkpoint if there is one; return notes.

        Args:
            reviews: n texts.
            labels: n numbers, 0 or 1.
            to_predict: reviews that will be read afterwards, for which time is kept back.
        """
        from common.huggingface import training
        from competitions.imdb.reader import Reader

        schedule = self._schedule()
        training.seed(schedule.seed)
        self.reader = Reader(kept_encoder(self.context))
        self.reader.freeze(self.reading.frozen_layers)
        if self.reading.dropout is not None:
            self.reader.drop(self.reading.dropout)
        rows = [
            {"input_ids": ids, "labels": float(label)} for ids, label in zip(self._ids(reviews), labels, strict=True)
        ]
        trainer = self._trainer(self.context.folder / "training", rows)
        passes = -(-to_predict // len(rows))
        return training.fit(trainer, self.context, len(rows), schedule, passes=passes)

    def logits(self, reviews: Sequence[str]) -> NDArray[float64]:
        """Return the log-odds of being positive of each review (n,)."""
        import numpy as np

        ids = self._ids(reviews)
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))  # pads least; what is too large fails at once
        found = np.zeros(len(ids))
        title = f"{self.context.title} · read"
        with scratch_folder() as scratch, self.context.progress.task(title, len(ids)) as task:
            trainer = self._trainer(scratch, None)
            for start in range(0, len(order), SLICE):
                rows = order[start : start + SLICE]
                found[rows] = trainer.predict(_Rows([{"input_ids": ids[row]} for row in rows])).predictions
                task.advance(len(rows))
        return found

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.reader.save(folder)

    @classmethod
    def load(cls, folder: Path, reading: Reading, seed: int, context: Context) -> Transformer:
        """Read what `save` wrote."""
        from competitions.imdb.reader import Reader

        made = cls(reading, seed, context)
        made.reader = Reader.load(folder)
        return made

    def _ids(self, reviews: Sequence[str]) -> list[list[int]]:
        """Return each review's tokens: all, or those of its beginning and of its end."""
        if not reviews:
            return []
        head, tail = self.reading.head_tokens, self.reading.tail_tokens
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        options = dict.fromkeys(("add_special_tokens", "return_attention_mask", "return_token_type_ids"), False)
        rows: list[list[int]] = self.tokenizer(list(reviews), **options)["input_ids"]
        cut = (row if len(row) <= head + tail else row[:head] + row[-tail:] for row in rows)
        return [[first, *row, last] for row in cut]

    def _schedule(self) -> Any:
        from common.huggingface import training

        return training.Schedule.of(self.reading, seed=self.seed)

    def _trainer(self, folder: Path, rows: list[dict[str, Any]] | None) -> Any:
        """Return a trainer of the reader, with rows to train on or without."""
        from common.huggingface import training
        from competitions.imdb.reader import padded

        schedule, sampler, data = self._schedule(), None, None
        if rows is not None:
            data = _Rows(rows)
            lengths = [len(row["input_ids"]) for row in rows]
            sampler = training.EpochSampler(len(rows), schedule.seed, schedule.batch_size, lengths)
        optimizer = training.optimizer(self.reader, schedule, {"head": self.reading.head_learning_rate})
        return training.quiet(
            training.KitTrainer(
                self.reader,
                training.arguments(folder, schedule, remove_unused_columns=False, label_names=["labels"]),
                sampler=sampler,
                train_dataset=data,
                data_collator=partial(padded, pad=self.tokenizer.pad_token_id),
                optimizers=(optimizer, None),
            )
        )


class _Rows:
    """Rows that are asked for by number, or by epoch and number as an `EpochSampler` does."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        return self.rows[key if isinstance(key, int) else key[1]]
