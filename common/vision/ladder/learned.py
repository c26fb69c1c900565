"""The next two rungs: what was written out as `nn.Linear`, an optimiser and a `Learner`, and a layer hidden between."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from typing import TYPE_CHECKING

from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.optimizer import SGD
from fastai.torch_core import set_seed

from common.fastai.batches import Rows
from common.fastai.learner import counted, quiet
from common.vision.ladder.networks import NetworkModel, batch_accuracy, course_loss

if TYPE_CHECKING:
    from pandas import DataFrame


class LearnedModel(NetworkModel):
    """fastai's `Learner` with SGD."""

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        config = self.config
        set_seed(config.seed, reproducible=False)
        loaders = [
            Rows(*self.rows(frame), size=config.batch_size, seed=seed)
            for frame, seed in ((train, config.seed), (valid, None))
        ]
        dls = DataLoaders(*loaders, device="cpu")
        learn = quiet(Learner(dls, self.untrained(), course_loss, opt_func=SGD, metrics=batch_accuracy))
        with counted(learn, config.epochs, self.context, "train") as self.notes:
            learn.fit(config.epochs, config.learning_rate)
        self.network = learn.model
