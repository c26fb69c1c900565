"""A regularised linear head on a frozen body's features, its C and temperature chosen on inner folds.

The inner folds are made of the training rows alone: the validation rows of a run's fold, by which it is judged, have no
part in the choice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.vision.features import Blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

FILE = "head.safetensors"
INNER_FOLDS = 4
_PATIENCE = 2  # values of C in a row that were no better: larger ones will not be
UNSEEN = -20.0  # log probability of a class that no training row has
_TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4)


class Head:
    """Multinomial logistic regression; `n_classes` may be more than the training rows have."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes

    def fit(self, blocks: Blocks, codes: Array, groups: Array, grid: Sequence[float], seed: int) -> dict[str, Any]:
        """Choose C and temperature, then learn from all rows; return the choice and the losses by which it was made.

        Args:
            blocks: features (n, k) of each block by name.
            codes: classes (n,).
            groups: near duplicates have the same number and are never on both sides of an inner fold (n,).
            grid: values of C, in rising order.
            seed: of the inner folds.
        """
        import numpy as np

        self.scales = {name: 1 / float(np.sqrt((values**2).mean()) + 1e-9) for name, values in blocks.items()}
        scaled = self._scaled(blocks)
        self.classes, labels = np.unique(codes, return_inverse=True)
        choice: dict[str, Any] = {"C": grid[0]}
        self.temperature = 1.0
        if (folds := inner_folds(codes, groups, seed)) is not None:
            choice = self._choose(scaled, labels, folds, grid)
            self.temperature = choice["temperature"]
        self.weight, self.bias = _fitted(_regression(), scaled, labels, len(self.classes), choice["C"])
        return choice

    def _choose(self, scaled: Array, labels: Array, folds: Array, grid: Sequence[float]) -> dict[str, Any]:
        """Return C and temperature of the least loss on inner folds; small values of C are tried first."""
        import numpy as np

        regressions = [_regression() for _ in range(INNER_FOLDS)]
        logits = np.zeros((len(labels), len(self.classes)))
        tried: list[tuple[float, float, float]] = []
        for c in grid:
            for fold, regression in enumerate(regressions):
                inside, outside = folds != fold, folds == fold
                weight, bias = _fitted(regression, scaled[inside], labels[inside], len(self.classes), c)
                logits[outside] = scaled[outside] @ weight + bias
            losses = {each: _loss(logits / each, labels) for each in _TEMPERATURES}
            temperature = min(losses, key=losses.__getitem__)
            tried.append((losses[temperature], c, temperature))
            if len(tried) > _PATIENCE and min(tried[-_PATIENCE:])[0] > min(tried)[0]:
                break
        loss, c, temperature = min(tried)
        return {
            "C": c, "temperature": temperature, "inner_loss": round(loss, 5),
            "tried": [[each[1], round(each[0], 5)] for each in tried],
        }  # fmt: skip

    def predict_log_proba(self, blocks: Blocks) -> NDArray[np.float64]:
        """Return log probabilities of all classes (n, n_classes); of classes without a training row, very low ones."""
        import numpy as np

        logits = (self._scaled(blocks) @ self.weight + self.bias) / self.temperature
        log_proba = np.full((len(logits), self.n_classes), UNSEEN)
        log_proba[:, self.classes] = log_softmax(logits)
        return log_proba

    def save(self, folder: Path) -> None:
        """Write the arrays (safetensors)."""
        import numpy as np
        from safetensors.numpy import save_file

        arrays = {"weight": self.weight, "bias": self.bias, "classes": self.classes.astype(np.int64)}
        about = {"temperature": self.temperature, "scales": self.scales}
        tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(tensors, folder / FILE, metadata={"head": json.dumps(about)})

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from safetensors import safe_open

        with safe_open(folder / FILE, "np") as file:
            self.weight, self.bias, self.classes = (file.get_tensor(name) for name in ("weight", "bias", "classes"))
            about = json.loads(file.metadata()["head"])
        self.temperature, self.scales = about["temperature"], about["scales"]

    def _scaled(self, blocks: Blocks) -> Array:
        import numpy as np

        return np.concatenate([blocks[name] * np.float32(scale) for name, scale in self.scales.items()], axis=1)


def inner_folds(codes: Array, groups: Array, seed: int) -> Array | None:
    """Return the inner fold of each row, or None where there are too few rows of a class."""
    import numpy as np

    from common.splits.groups import deal_groups

    _, labels = np.unique(codes, return_inverse=True)
    if np.bincount(labels).min() < INNER_FOLDS:
        return None
    numbers = np.unique(groups, return_inverse=True)[1]
    if numbers.max() + 1 < INNER_FOLDS:
        return None
    folds = deal_groups(numbers, labels, [1 / INNER_FOLDS] * INNER_FOLDS, seed)
    # A class whose pictures all look alike is in one fold: without it there is nothing to learn of that class.
    spread = min(len(np.unique(folds[labels == number])) for number in range(labels.max() + 1))
    return folds if len(np.unique(folds)) == INNER_FOLDS and spread > 1 else None


def log_softmax(logits: Array) -> NDArray[np.float64]:
    """Return the logarithms of the probabilities that logits (n, k) stand for."""
    from scipy.special import log_softmax as of

    log_proba: NDArray[np.float64] = of(logits.astype("float64"), axis=1)
    return log_proba


@contextmanager
def quietly() -> Iterator[None]:
    """Hide warnings of a logistic regression that users need not see."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Where a weak penalty lets it go on for ever, a thousand steps are enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # scikit-learn 1.6, on Kaggle's image, asks newer releases of SciPy for what they are about to drop.
        warnings.filterwarnings("ignore", "scipy.optimize: The `disp`", DeprecationWarning)
        yield


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(warm_start=True, max_iter=1000)


def _fitted(regression: Any, features: Array, labels: Array, n_classes: int, c: float) -> tuple[Array, Array]:
    """Return weight (k, n_classes) and bias (n_classes,); a regression fitted before goes on from where it was."""
    import numpy as np

    with quietly():
        regression.set_params(C=c).fit(features, labels)
    weight, bias = np.zeros((features.shape[1], n_classes), np.float32), np.full(n_classes, UNSEEN, np.float32)
    if len(regression.classes_) == 2:
        first, second = regression.classes_
        weight[:, second], bias[first], bias[second] = regression.coef_[0], 0, regression.intercept_[0]
    else:
        weight[:, regression.classes_], bias[regression.classes_] = regression.coef_.T, regression.intercept_
    return weight, bias


def _loss(logits: Array, labels: Array) -> float:
    import numpy as np

    return float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())
