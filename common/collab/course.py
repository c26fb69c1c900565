"""The course's recipe: fastai's `collab_learner`, a product of vectors and two biases, `fine_tune`."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from fastai.collab import EmbeddingDotBias
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import MSELossFlat
from fastai.torch_core import set_seed
from safetensors.torch import load_model, save_model

from common.collab.biases import Biases
from common.collab.ratings import Names, Ratings
from common.collab.settings import Course
from common.collab.task import CollabTask
from common.fastai.batches import Rows
from common.fastai.lean import LeanLearner
from common.fastai.learner import fine_tune, quiet
from common.model import Context, Model

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

WEIGHTS = "network.safetensors"


class CourseModel(Model):
    """`EmbeddingDotBias`; what a row with an unknown user or item gets is the biases' answer."""

    def __init__(self, task: CollabTask, config: Course, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.names: Names
        self.biases: Biases
        self.network: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        learn = self.learner(train, valid)
        self.notes = fine_tune(learn, self.config.epochs, self.context, "train", base_lr=self.config.learning_rate)
        self.network = learn.model.cpu()

    def learner(self, train: DataFrame, valid: DataFrame) -> Learner:
        """Return the recipe's learner, on batches that are cut from memory."""
        config = self.config
        self.names = Names.of(train, self.task)
        known = Ratings.of(train, self.names, self.task)
        self.biases = Biases.of(known, self.names, config.biases)
        set_seed(config.seed, reproducible=False)
        loaders = [
            Rows(_codes(rows), rows.rating.astype(np.float32), size=config.batch_size, seed=seed)
            for rows, seed in ((known, config.seed), (Ratings.of(valid, self.names, self.task), None))
        ]
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        dls = DataLoaders(*loaders, device=device)
        return quiet(LeanLearner(dls, self._network(), MSELossFlat(), lr=config.learning_rate))

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return a rating for each row (n,)."""
        rows = Ratings.of(frame, self.names, self.task)
        with torch.inference_mode():
            said = self.network.eval()(torch.from_numpy(_codes(rows))).numpy().astype(np.float64)
        known = (rows.user >= 0) & (rows.item >= 0)
        rating: NDArray[float64] = np.where(known, said, self.biases(rows)).clip(self.task.low, self.task.high)
        return rating

    def save(self, folder: Path) -> None:
        """Write names, weights (safetensors) and biases."""
        self.names.save(folder)
        self.biases.save(folder)
        save_model(self.network, str(folder / WEIGHTS))

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.names, self.biases = Names.load(folder), Biases.load(folder)
        self.network = self._network()
        load_model(self.network, folder / WEIGHTS)

    def _network(self) -> EmbeddingDotBias:
        users, items = len(self.names.users) + 1, len(self.names.items) + 1
        scale = (self.task.low, self.task.high + self.config.above)
        return EmbeddingDotBias(self.config.factors, users, items, y_range=scale)


def _codes(rows: Ratings) -> NDArray[np.int64]:
    """Return users and items (n, 2) as fastai numbers them: 0 is of unknown ones."""
    return np.column_stack((rows.user, rows.item)).astype(np.int64) + 1
