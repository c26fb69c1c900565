"""Models that look at nothing but the targets, for rows of which nothing is known that an application reads.

`MODELS = NothingModels(COMPETITION)`. Where a competition `predicts="nothing"` at all, `kit train` submits the cells of the
sample submission, and these models are never built.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from common import decisions
from common.competition import Competition, Config
from common.model import Context, Model, Models

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.data.frames import Frames

_FILE = "constant.json"


def profiles() -> dict[str, Config]:
    """Return the profiles of a competition that nothing is learnt of, by name."""
    return {"sample": Config(), "baseline": Config()}


class NothingModels(Models):
    """The mean of the numbers, or the shares of the classes, for every row."""

    def __init__(self, competition: Competition) -> None:
        self.competition = competition

    def build(self, config: Config, frames: Frames, context: Context) -> NothingModel:
        """Return a model that knows nothing yet."""
        return NothingModel(self.competition, context.classes)

    def load(self, folder: Path, config: Config, context: Context) -> NothingModel:
        """Return a model that `save` wrote."""
        model = NothingModel(self.competition, context.classes)
        model.constant = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return model


class NothingModel(Model):
    """The constant of a fold's training rows."""

    def __init__(self, competition: Competition, classes: tuple[str, ...]) -> None:
        self.competition, self.classes, self.constant = competition, classes, list[float]()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Take the mean of the training rows."""
        values = decisions.constant(self.competition, train, self.classes)[0].tolist()
        two = self.competition.predicts == "class" and len(values) == 2
        self.constant = values[1:] if two else values

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the same for every row (n, k)."""
        import numpy as np

        return np.tile(np.array(self.constant), (len(frame), 1))

    def save(self, folder: Path) -> None:
        """Write the constant."""
        (folder / _FILE).write_text(json.dumps(self.constant), encoding="utf-8")
