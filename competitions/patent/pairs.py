"""The course's recipe to the letter: a sequence classifier with one output on `TEXT1: …; TEXT2: …; ANC1: …`.

Source: fast.ai, Practical Deep Learning for Coders, lesson 4 ("Getting started with NLP for absolute
beginners"). What the kit adds is around it: progress, deadline, continuation after a kill.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import MetricError
from common.files import scratch_folder
from common.huggingface import backbone, tiny
from common.huggingface.tokens import kept_tokenizer
from common.metrics.table import score
from common.model import Context, Model
from competitions.patent.competition import Pairs

if TYPE_CHECKING:
    from datasets import Dataset
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


class PairsModel(Model):
    """One row, one sequence, one number; mean squared error."""

    def __init__(self, config: Pairs, context: Context) -> None:
        self.config, self.context = config, context
        self.notes: dict[str, Any] = {}
        backbone.quiet()
        self.tokenizer = kept_tokenizer(context)

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train for the course's epochs, looking at Pearson after each."""
        from transformers import set_seed

        from common.huggingface import training

        set_seed(self.config.seed)
        self.network = self.pretrained()
        trainer = self.trainer(
            self.context.folder, "epoch" if self.config.evaluate else "no", train_dataset=self._rows(train),
            eval_dataset=self._rows(valid), compute_metrics=_pearson,
        )  # fmt: skip
        self.notes = training.fit(trainer, self.context, len(train), training.Schedule.of(self.config))

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return a score per row (n,), not yet clipped."""
        title = f"{self.context.title} · predict"
        with scratch_folder() as scratch, self.context.progress.task(title, len(frame)) as task:
            predictions = self.trainer(scratch).predict(self._rows(frame)).predictions
            logits: NDArray[float64] = predictions[:, 0].astype("float64")
            task.advance(len(frame))
        return logits

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.network.save_pretrained(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from transformers import AutoModelForSequenceClassification

        self.network = backbone.load_folder(AutoModelForSequenceClassification.from_pretrained, folder)

    def pretrained(self) -> Any:
        """Return the backbone with a new output, in single precision, as the course's was trained."""
        from transformers import AutoModelForSequenceClassification

        if self.config.backbone == tiny.NAME:
            return AutoModelForSequenceClassification.from_config(tiny.config(len(self.tokenizer), num_labels=1))
        loader = AutoModelForSequenceClassification.from_pretrained
        return backbone.load(loader, self.config.backbone, self.context.environment, num_labels=1, dtype="float32")

    def trainer(self, folder: Path, eval_strategy: str = "no", **options: Any) -> Any:
        """Return a Trainer of the network; `options` are the Trainer's."""
        from transformers import DataCollatorWithPadding

        from common.huggingface import training

        arguments = training.arguments(folder, training.Schedule.of(self.config), eval_strategy=eval_strategy)
        collator = DataCollatorWithPadding(self.tokenizer)
        return training.KitTrainer(
            self.network, arguments, data_collator=collator, processing_class=self.tokenizer, **options
        )

    def _rows(self, frame: DataFrame) -> Dataset:
        from datasets import Dataset

        columns = dict(self.tokenizer(texts(frame)))
        if "score" in frame:
            columns["labels"] = frame["score"].tolist()
        return Dataset.from_dict(columns)


def texts(frame: DataFrame) -> list[str]:
    """Return the course's text of each row."""
    return ("TEXT1: " + frame["context"] + "; TEXT2: " + frame["target"] + "; ANC1: " + frame["anchor"]).tolist()


def _pearson(evaluation: Any) -> dict[str, float]:
    try:
        return {"pearson": score("pearson", evaluation.label_ids, evaluation.predictions[:, 0])}
    except MetricError:  # which must not end the training
        return {}
