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
from safetensors.torch import load_file, save_file

from common import processes
from common.errors import BackboneError
from common.fastai import phases
from common.fastai.phases import Phase
from common.model import Context, Model
from competitions.imdb import encoder, network
from competitions.imdb.batches import Reviews
from competitions.imdb.competition import Classifier, Ulmfit

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

WEIGHTS, RECORD = "model.safetensors", "classifier.json"


class UlmfitModel(Model):
    """The classifier of one fold."""

    def __init__(self, config: Ulmfit, context: Context) -> None:
        self.config, self.context = config, context
        self.encoder = encoder.read(context.run / encoder.NAME)
        self.notes: dict[str, Any] = {}
        self.model: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train on reviews as ids; goes on from the last checkpoint."""
        # Validation rows are read after an epoch and at the end; the test set is as large as all labelled rows.
        on_train, on_valid = (sum(map(len, frame["ids"])) for frame in (train, valid))
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
        loaders, rows = [], self.config.classifier.rows
        if rows is not None and rows < len(train):
            train = train.sample(rows, random_state=self.config.seed)
        for frame, seed in ((train, self.config.seed), (valid, None)):
            labels = frame["sentiment"].to_numpy().astype(np.int64)
            loaders.append(self._reviews(frame, labels, seed))
        torch.manual_seed(self.config.seed)
        model = network.classifier(self.config, len(self.encoder.vocabulary))
        encoder.require_fit(self.encoder, network=self.config.network, vocabulary=None, backwards=self.config.backwards)
        own = {name: value for name, value in self.encoder.weights().items() if name.startswith("0.")}
        model.load_state_dict({name.replace("0.", "0.module.", 1): value for name, value in own.items()}, strict=False)
        return network.learner(self.config, model, *loaders)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the probability of being positive of each review (n,)."""
        loader = self._reviews(frame, None, None)
        device = network.device()
        half = torch.autocast(device.type, torch.float16, enabled=network.precision(self.config) == "half")
        model = self.model.to(device).eval()
        found = np.zeros(len(frame))
        with torch.no_grad(), half:
            for number, (rows, (words,)) in enumerate(zip(loader.order, loader, strict=True)):
                if number % processes.count() == processes.rank():
                    found[rows] = model(words.to(device))[0].float().softmax(-1)[:, 1].cpu()
        return np.array(processes.total(found.tolist()))

    def save(self, folder: Path) -> None:
        """Write the weights, and which vocabulary they belong to."""
        save_file(network.without_ties(self.model), folder / WEIGHTS)
        about = {"vocabulary": self.encoder.vocabulary.digest, "words": len(self.encoder.vocabulary)}
        (folder / RECORD).write_text(json.dumps(about) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, config: Ulmfit, context: Context) -> UlmfitModel:
        """Read what `save` wrote.

        Raises:
            BackboneError: if the run's encoder is damaged or has another vocabulary.
        """
        model = cls(config, context)
        about = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        own = model.encoder.vocabulary
        if about["vocabulary"] != own.digest:
            raise BackboneError(
                f"the classifier in {folder} was trained with another vocabulary ({about['words']:,} words, "
                f"{about['vocabulary'][:8]}) than the encoder in {model.encoder.folder} has ({len(own):,} words, "
                f"{own.digest[:8]}); give it its own encoder, or train it again"
            )
        model.model = network.classifier(config, len(own))
        network.load(model.model, load_file(folder / WEIGHTS))
        return model

    def _reviews(self, frame: DataFrame, labels: NDArray[Any] | None, seed: int | None) -> Reviews:
        settings = self.config.classifier
        return Reviews(
            list(frame["ids"]), labels, settings.batch_size, settings.sequence, seed=seed,
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
