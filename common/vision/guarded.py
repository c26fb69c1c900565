"""A model that predicts every row: pictures that cannot be read get the frequencies of the classes in training."""

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


class Classifier(Protocol):
    """A classifier of pictures that can be read."""

    notes: dict[str, Any]

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training rows; `valid` is for measuring only."""

    def predict_proba(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class (n, classes)."""

    def save(self, folder: Path) -> None:
        """Write what `read` needs, in safe formats only."""

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""


class GuardedModel(Model):
    """A classifier, and the frequencies of the classes for pictures that it cannot read."""

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

        probabilities = np.tile(self.prior, (len(frame), 1))
        readable = frame[ROW].to_numpy() >= 0
        if readable.any():
            probabilities[readable] = np.clip(self.classifier.predict_proba(frame[readable]), _LEAST, 1)
        return self.task.predictions(probabilities)

    def save(self, folder: Path) -> None:
        """Write the classifier and the frequencies."""
        self.classifier.save(folder)
        (folder / PRIOR).write_text(json.dumps(self.prior.tolist()) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        self.classifier.read(folder)
        self.prior = np.array(json.loads((folder / PRIOR).read_text(encoding="utf-8")))
