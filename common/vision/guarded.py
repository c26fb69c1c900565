"""A model that predicts every row: pictures that cannot be read, and classes it has never seen, get their share."""

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
_LEAST = 1e-6  # chance of any class: one that no training picture shows is unlikely, not impossible


class Classifier(Protocol):
    """What tells readable pictures apart."""

    notes: dict[str, Any]

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from rows that can be read; `valid` is for measuring only."""

    def chances(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class for rows that can be read (n, classes)."""

    def save(self, folder: Path) -> None:
        """Write what `read` needs, in safe formats only."""

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""


class GuardedModel(Model):
    """A model made of a classifier and the classes' shares in training."""

    def __init__(self, task: Task, classifier: Classifier) -> None:
        self.task, self.classifier = task, classifier

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train the classifier and count the classes.

        Raises:
            DataError: if there is only one.
        """
        import numpy as np

        self.task.require_two_classes(train)
        counts = np.bincount(self.task.codes(train), minlength=len(self.task.classes)) + 1
        self.prior = counts / counts.sum()
        self.classifier.fit(train, valid)
        self.notes = self.classifier.notes

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return a prediction for each row: (n,) of two classes, else (n, classes)."""
        import numpy as np

        chances = np.tile(self.prior, (len(frame), 1))
        readable = frame[ROW].to_numpy() >= 0
        if readable.any():
            chances[readable] = np.clip(self.classifier.chances(frame[readable]), _LEAST, 1)
        return self.task.predictions(chances)

    def save(self, folder: Path) -> None:
        """Write the classifier and the shares."""
        self.classifier.save(folder)
        (folder / PRIOR).write_text(json.dumps(self.prior.tolist()) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        self.classifier.read(folder)
        self.prior = np.array(json.loads((folder / PRIOR).read_text(encoding="utf-8")))
