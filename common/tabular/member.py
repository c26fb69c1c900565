"""What the members of an ensemble have in common: one estimator for each output, whatever classes its rows have."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.tabular.encoder import Encoded
from common.tabular.goal import Goal

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

TRIED, SHARE = 5, 20  # iterations by which the time of all is told, at most, and one in so many
CLASSES = "classes.json"
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Rows:
    """Encoded rows and what one output of them should be: a number, or the code of a class below `k` (n,)."""

    x: Encoded
    y: NDArray[Any]


class Member(ABC):
    """One kind of model: for each output an estimator that a subclass fits, predicts with, and keeps in a file."""

    name: str

    def __init__(self, goal: Goal, seed: int, stop: Stop) -> None:
        self.goal, self.seed, self.stop = goal, seed, stop
        self.classes: list[list[int]] = []  # that each estimator knows; none of numbers
        self.estimators: list[Any] = []

    def fit(self, x: Encoded, targets: NDArray[Any], held: Encoded, held_targets: NDArray[Any]) -> None:
        """Fit all outputs to targets (n, outputs); `held` rows say when to stop."""
        import numpy as np

        for y, held_y in zip(targets.T, held_targets.T, strict=True):
            if not self.goal.classifies:
                self.classes.append([])
                self.estimators.append(self.fit_one(Rows(x, y), Rows(held, held_y), 0))
                continue
            present, codes = np.unique(y, return_inverse=True)
            self.classes.append(present.tolist())
            known = np.isin(held_y, present)  # of others it can say nothing
            rest = Rows(held[known], np.searchsorted(present, held_y[known]))
            self.estimators.append(self.fit_one(Rows(x, codes), rest, len(present)) if len(present) > 1 else None)

    def predict(self, x: Encoded) -> NDArray[float64]:
        """Return outputs (n, width)."""
        import numpy as np

        if not self.goal.classifies:
            numbers = [self._predict(estimator, x, 0) for estimator in self.estimators]
            return np.column_stack(numbers) if numbers else np.empty((len(x), 0))
        width = self.goal.width if self.goal.kind == "classes" else 2
        outputs = []
        for present, estimator in zip(self.classes, self.estimators, strict=True):
            said = np.zeros((len(x), width))
            said[:, present] = 1 if estimator is None else self._predict(estimator, x, len(present))
            outputs.append(said)
        return outputs[0] if self.goal.kind == "classes" else np.column_stack([said[:, 1] for said in outputs])

    def _predict(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        import numpy as np

        if len(x):
            return self.predict_one(estimator, x, k)
        return np.empty((0, k) if k else 0)

    def save(self, folder: Path) -> None:
        """Write the estimators, in formats that run no code when they are read."""
        (folder / CLASSES).write_text(json.dumps(self.classes) + "\n", encoding="utf-8")
        for number, estimator in enumerate(self.estimators):
            if estimator is not None:
                self.save_one(estimator, folder / str(number))

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.classes = json.loads((folder / CLASSES).read_text(encoding="utf-8"))
        self.estimators = [
            None if len(present) == 1 else self.read_one(folder / str(number))
            for number, present in enumerate(self.classes)
        ]

    def seconds(self, x: Encoded, targets: NDArray[Any]) -> float:
        """Return about how long `fit` takes, at most."""
        return 0.0

    @abstractmethod
    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return an estimator of one of `k` classes, or of a number if k is 0."""

    @abstractmethod
    def predict_one(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        """Return the probabilities of k classes (n, k), or the number (n,), of at least one row."""

    @abstractmethod
    def save_one(self, estimator: Any, path: Path) -> None:
        """Write an estimator; `path` has no suffix yet."""

    @abstractmethod
    def read_one(self, path: Path) -> Any:
        """Read what `save_one` wrote."""


class TreeMember(Member):
    """Boosted trees, one iteration after another."""

    @abstractmethod
    def iterations(self, k: int) -> int:
        """Return how many iterations there are at most, of k classes or a number."""

    @abstractmethod
    def trees(self, rows: Rows, held: Rows | None, k: int, iterations: int) -> Any:
        """Return an estimator; with `held` rows it may stop before all iterations are done."""

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return boosted trees, as many as are best."""
        return self.trees(rows, held, k, self.iterations(k))

    def seconds(self, x: Encoded, targets: NDArray[Any]) -> float:
        """Return how long all trees take, by the first ones of one output."""
        import numpy as np

        codes, k = targets[:, 0], 0
        if self.goal.classifies:
            present, codes = np.unique(codes, return_inverse=True)
            if (k := len(present)) < 2:
                return 0.0
        tried = max(1, min(TRIED, self.iterations(k) // SHARE))
        spent = []
        for iterations in (1, 1, 1 + tried):  # the very first carries what a library does once
            started = time.monotonic()
            self.trees(Rows(x, codes), None, k, iterations)
            spent.append(time.monotonic() - started)
        return float(max(spent[2] - spent[1], 0) / tried * self.iterations(k) * targets.shape[1])
