"""A model that predicts every row: pictures that cannot be read get the frequencies, or the mean, of the training rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from common.model import Model
from common.vision.rows import ROW
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

PRIOR = "prior.json"
_LEAST = 1e-6  # probability of any class: one that no training picture shows is unlikely, not impossible


class PictureModel(Protocol):
    """A model of pictures that can be read."""

    notes: dict[str, Any]

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training rows; `valid` is for measuring only."""

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class or label, or the numbers (n, outputs)."""

    def save(self, folder: Path) -> None:
        """Write what `read` needs, in safe formats only."""

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""


class GuardedModel(Model):
    """A model, and what is predicted for pictures that it cannot read."""

    def __init__(self, task: Task, model: PictureModel) -> None:
        self.task, self.model = task, model

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train the model and take the mean of the training rows.

        Raises:
            DataError: if there is only one class.
        """
        import numpy as np

        if self.task.exclusive:
            self.task.require_two_classes(train)
            counts = np.bincount(self.task.codes(train), minlength=len(self.task.classes)) + 1
            self.prior = counts / counts.sum()
        else:
            self.prior = self.task.matrix(train).mean(axis=0)
        self.model.fit(train, valid)
        self.notes = self.model.notes

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return a prediction for each row: (n,) of two classes or one number, else (n, outputs)."""
        import numpy as np

        outputs = np.tile(self.prior, (len(frame), 1))
        readable = frame[ROW].to_numpy() >= 0
        if readable.any():
            outputs[readable] = self.model.outputs(frame[readable])
        if self.task.log_odds:
            outputs = np.clip(outputs, _LEAST, 1)
        return self.task.predictions(outputs)

    def save(self, folder: Path) -> None:
        """Write the model and the mean."""
        self.model.save(folder)
        (folder / PRIOR).write_text(json.dumps(self.prior.tolist()) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        self.model.read(folder)
        self.prior = np.array(json.loads((folder / PRIOR).read_text(encoding="utf-8")))
