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
        from common.huggingface import training

        training.seed(self.config.seed)
        self.network = self._network(self.config.backbone)
        every_epoch = {"eval_strategy": "epoch"} if self.config.evaluate else {}
        trainer = self._trainer(
            self.context.folder,
            train_dataset=self._dataset(train),
            eval_dataset=self._dataset(valid),
            compute_metrics=_pearson,
            **every_epoch,
        )
        self.notes = training.fit(trainer, self.context, len(train), training.Schedule.of(self.config))

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return a score per row (n,), not yet clipped."""
        title = f"{self.context.title} · predict"
        with scratch_folder() as scratch, self.context.progress.task(title, len(frame)) as task:
            trainer = self._trainer(scratch)
            logits: NDArray[float64] = trainer.predict(self._dataset(frame)).predictions[:, 0].astype("float64")
            task.advance(len(frame))
        return logits

    def save(self, folder: Path) -> None:
        """Write configuration and weights (safetensors)."""
        self.network.save_pretrained(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from transformers import AutoModelForSequenceClassification

        self.network = backbone.load_folder(AutoModelForSequenceClassification.from_pretrained, folder)

    def _network(self, name: str) -> Any:
        from transformers import AutoModelForSequenceClassification

        if name == tiny.NAME:
            return AutoModelForSequenceClassification.from_config(tiny.config(len(self.tokenizer), num_labels=1))
        loader = AutoModelForSequenceClassification.from_pretrained
        # Weights that are stored in half precision are trained in single precision, as the course's were.
        return backbone.load(loader, name, self.context.environment, num_labels=1, dtype="float32")

    def _dataset(self, frame: DataFrame) -> Any:
        """Return the rows as a Hugging Face data set of tokenised texts."""
        from datasets import Dataset, disable_progress_bars

        disable_progress_bars()
        texts = "TEXT1: " + frame["context"] + "; TEXT2: " + frame["target"] + "; ANC1: " + frame["anchor"]
        columns = {"input": texts.tolist()}
        if "score" in frame:
            columns["labels"] = frame["score"].astype("float32").tolist()
        return Dataset.from_dict(columns).map(_tokenised, batched=True, fn_kwargs={"tokenizer": self.tokenizer})

    def _trainer(self, folder: Path, **options: Any) -> Any:
        from transformers import DataCollatorWithPadding, Trainer

        from common.huggingface import training

        strategy = {name: options.pop(name) for name in ("eval_strategy",) if name in options}
        return training.quiet(
            Trainer(
                self.network,
                training.arguments(folder, training.Schedule.of(self.config), **strategy),
                data_collator=DataCollatorWithPadding(self.tokenizer),
                processing_class=self.tokenizer,
                **options,
            )
        )


def _tokenised(rows: dict[str, Any], tokenizer: Any) -> Any:
    return tokenizer(rows["input"])


def _pearson(evaluation: Any) -> dict[str, float]:
    try:
        return {"pearson": score("pearson", evaluation.label_ids, evaluation.predictions[:, 0])}
    except MetricError:  # a look on the way must not end the training
        return {}
