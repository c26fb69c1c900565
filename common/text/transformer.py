"""A transformer that reads the beginning and the end of texts, fine-tuned on a fold's training rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.files import scratch_folder
from common.huggingface import backbone
from common.huggingface.tokens import kept_encoder, kept_tokenizer
from common.model import Context
from common.text.settings import TransformerSettings
from common.text.task import TextTask

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.text.transformer_network import TransformerClassifier

ROWS_AT_ONCE = 2048  # predicted between two signs of progress
_CERTAIN = 1e-12  # a probability nearer than this to 0 or 1 is taken as so far from it


class Transformer:
    """A network of `transformer_network`, its training and its predictions."""

    def __init__(self, task: TextTask, settings: TransformerSettings, seed: int, context: Context) -> None:
        self.task, self.settings, self.seed, self.context = task, settings, seed, context
        backbone.quiet()
        self.tokenizer = kept_tokenizer(context)
        self.network: TransformerClassifier

    def fit(self, frame: DataFrame, *, to_predict: int) -> dict[str, Any]:
        """Train on rows, on from a checkpoint if there is one; return notes.

        Args:
            frame: n rows.
            to_predict: rows that will be predicted afterwards, for which time is kept back.
        """
        from transformers import set_seed

        from common.huggingface import training
        from common.text.transformer_network import TransformerClassifier

        schedule = self._schedule()
        set_seed(schedule.seed)
        self.network = TransformerClassifier(kept_encoder(self.context), self.task)
        self.network.freeze(self.settings.frozen_layers)
        if self.settings.dropout is not None:
            self.network.drop(self.settings.dropout)
        targets = self.task.matrix(frame)
        if not self.task.log_odds:  # in units of their spread, which the blend puts right
            targets = (targets - targets.mean(axis=0)) / (targets.std(axis=0) + 1e-12)
        rows = [
            {"input_ids": ids, "labels": labels} for ids, labels in zip(self.ids(frame), targets.tolist(), strict=True)
        ]
        trainer = self._trainer(self.context.folder / "training", rows)
        passes = -(-to_predict // len(rows))
        return training.fit(trainer, self.context, len(rows), schedule, passes=passes)

    def outputs(self, frame: DataFrame) -> NDArray[float64]:
        """Return the log-odds of each row (n, outputs); of a number, something that it grows with evenly."""
        import numpy as np
        from scipy.special import logit, softmax

        ids = self.ids(frame)
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))  # pads least; what is too large fails at once
        outputs = np.zeros((len(ids), self.task.outputs))
        title = f"{self.context.title} · read"
        with scratch_folder() as scratch, self.context.progress.task(title, len(ids)) as task:
            trainer = self._trainer(scratch, None)
            for start in range(0, len(order), ROWS_AT_ONCE):
                rows = order[start : start + ROWS_AT_ONCE]
                outputs[rows] = trainer.predict(_Rows([{"input_ids": ids[row]} for row in rows])).predictions
                task.advance(len(rows))
        if not self.task.exclusive or self.task.outputs == 1:
            return outputs
        log_odds: NDArray[float64] = logit(softmax(outputs, axis=1).clip(_CERTAIN, 1 - _CERTAIN))
        return log_odds

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.network.save(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from common.text.transformer_network import TransformerClassifier

        self.network = TransformerClassifier.load(folder, self.task)

    def ids(self, frame: DataFrame) -> list[list[int]]:
        """Return each row's tokens, several texts with a separator between them: all, or the first and the last ones."""
        if frame.empty:
            return []
        head, tail = self.settings.head_tokens, self.settings.tail_tokens
        first, last = self.tokenizer.cls_token_id, self.tokenizer.sep_token_id
        options = dict.fromkeys(("add_special_tokens", "return_attention_mask", "return_token_type_ids"), False)
        columns = [self.tokenizer(frame[name].tolist(), **options)["input_ids"] for name in self.task.texts]
        rows = [[token for part in parts for token in (*part, last)][:-1] for parts in zip(*columns, strict=True)]
        cut = (row if len(row) <= head + tail else row[:head] + row[-tail:] for row in rows)
        return [[first, *row, last] for row in cut]

    def _schedule(self) -> Any:
        from common.huggingface import training

        return training.Schedule.of(self.settings, seed=self.seed)

    def _trainer(self, folder: Path, rows: list[dict[str, Any]] | None) -> Any:
        """Return a trainer of the network, with rows to train on or without."""
        from transformers import DataCollatorWithPadding

        from common.huggingface import training

        data, lengths = (None, None) if rows is None else (_Rows(rows), [len(row["input_ids"]) for row in rows])
        collator, rate = DataCollatorWithPadding(self.tokenizer), self.settings.head_learning_rate
        return training.trainer(self.network, folder, self._schedule(), collator, rate, data, lengths)


class _Rows:
    """Rows that are asked for by number, or by epoch and number as an `EpochSampler` does."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: int | tuple[int, int]) -> dict[str, Any]:
        return self.rows[key if isinstance(key, int) else key[1]]
