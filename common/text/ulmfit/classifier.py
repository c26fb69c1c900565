"""The third stage: a classifier on top of the language model's encoder, unfrozen from the head downwards."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from fastai.learner import Learner
from safetensors.torch import load_model, save_model

from common import precision, processes
from common.errors import BackboneError
from common.fastai import phases
from common.fastai.phases import Phase
from common.model import Context, Model
from common.text.settings import Classifier, Ulmfit
from common.text.task import TextTask
from common.text.ulmfit import IDS, encoder, network
from common.text.ulmfit.loaders import Texts

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

WEIGHTS, RECORD = "model.safetensors", "classifier.json"


class UlmfitModel(Model):
    """The classifier of one fold; of a number it predicts how far it is from their mean, in units of their spread."""

    def __init__(self, task: TextTask, config: Ulmfit, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.encoder = encoder.read(context.run / encoder.NAME)
        self.notes: dict[str, Any] = {}
        self.mean, self.spread = 0.0, 1.0
        self.model: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train on texts as ids; goes on from the last checkpoint."""
        # Validation rows are read after an epoch and at the end; the test set is as large as all training rows.
        on_train, on_valid = (sum(map(len, frame[IDS])) for frame in (train, valid))
        to_predict = on_train + 3 * on_valid
        learn = self.learner(train, valid)
        settings = self.config.classifier
        self.notes = phases.fit(
            learn, planned(settings), self.context, key=self.encoder.record["files"][encoder.WEIGHTS],
            seed=self.config.seed, minutes=self.config.checkpoint_minutes, unit="words",
            reserve=lambda speed: 10 + 1.5 * to_predict / max(speed, 1.0),
        )  # fmt: skip
        self.model = learn.model

    def learner(self, train: DataFrame, valid: DataFrame) -> Learner:
        """Return fastai's learner of the classifier, whose encoder is the language model's."""
        rows = self.config.classifier.rows
        if rows is not None and rows < len(train):
            train = train.sample(rows, random_state=self.config.seed)
        if not self.task.classes:
            numbers = self.task.matrix(train)
            self.mean, self.spread = float(numbers.mean()), float(numbers.std()) or 1.0
        loaders = [
            self._texts(train, self._labels(train), self.config.seed),
            self._texts(valid, self._labels(valid), None),
        ]
        torch.manual_seed(self.config.seed)
        model = self._network()
        encoder.require_fit(self.encoder, self.config)
        own = {name: value for name, value in self.encoder.weights().items() if name.startswith("0.")}
        model[0].module.load_state_dict({name.removeprefix("0."): value for name, value in own.items()})
        return network.learner(self.config, model, *loaders)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the number or the second class's probability of each row (n,), or those of all classes (n, classes)."""
        loader = self._texts(frame, None, None)
        device = network.device()
        dtype = precision.for_training(network.possible(self.config.precision))
        model = self.model.to(device).eval()
        predictions = np.zeros((len(frame), max(1, len(self.task.classes))))
        with torch.no_grad(), torch.autocast(device.type, dtype, enabled=dtype is not torch.float32):
            for number, (rows, (words,)) in enumerate(zip(loader.order, loader, strict=True)):
                if number % processes.count() == processes.rank():
                    outputs = model(words.to(device))[0].float()
                    predictions[rows] = (outputs.softmax(-1) if self.task.classes else outputs).cpu()
        predictions = np.array(processes.total(predictions.ravel().tolist())).reshape(predictions.shape)
        match len(self.task.classes):
            case 0:
                return predictions[:, 0] * self.spread + self.mean
            case 2:
                return predictions[:, 1]
        return predictions

    def save(self, folder: Path) -> None:
        """Write the weights, and which vocabulary they belong to."""
        save_model(self.model, str(folder / WEIGHTS))
        vocabulary = self.encoder.vocabulary
        about = {"vocabulary": vocabulary.digest, "words": len(vocabulary), "mean": self.mean, "spread": self.spread}
        (folder / RECORD).write_text(json.dumps(about) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote.

        Raises:
            BackboneError: if the run's encoder is damaged or has another vocabulary.
        """
        about = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        own = self.encoder.vocabulary
        if about["vocabulary"] != own.digest:
            raise BackboneError(
                f"the classifier in {folder} was trained with another vocabulary ({about['words']:,} words, "
                f"{about['vocabulary'][:8]}) than the encoder in {self.encoder.folder} has ({len(own):,} words, "
                f"{own.digest[:8]}); give it its own encoder, or train it again"
            )
        self.mean, self.spread = about["mean"], about["spread"]
        self.model = self._network()
        load_model(self.model, folder / WEIGHTS)

    def _network(self) -> Any:
        return network.classifier(self.config, len(self.encoder.vocabulary), max(1, len(self.task.classes)))

    def _labels(self, frame: DataFrame) -> NDArray[Any]:
        """Return the class of each row, or its number as the network predicts it (n,)."""
        if self.task.classes:
            return self.task.codes(frame).astype(np.int64)
        return ((self.task.matrix(frame)[:, 0] - self.mean) / self.spread).astype(np.float32)

    def _texts(self, frame: DataFrame, labels: NDArray[Any] | None, seed: int | None) -> Texts:
        settings = self.config.classifier
        return Texts(
            list(frame[IDS]), labels, settings.batch_size, settings.sequence, seed=seed,
            backwards=self.config.backwards,
        )  # fmt: skip


def planned(settings: Classifier) -> list[Phase]:
    """Return the phases of the recipe."""
    if settings.unfreezing == "at-once":  # fastai's fine_tune
        half = settings.head_rate / 2
        return [
            Phase(epochs=1, rate=settings.head_rate, groups=1, start=0.99),
            Phase(epochs=settings.epochs, rate=half, spread=100.0, start=0.3, divide=5.0),
        ]
    return [
        Phase(epochs=1, rate=settings.head_rate, groups=1),
        Phase(epochs=1, rate=settings.two_rate, groups=2, spread=settings.spread),
        Phase(epochs=1, rate=settings.three_rate, groups=3, spread=settings.spread),
        Phase(epochs=settings.epochs, rate=settings.rate, spread=settings.spread),
    ]
