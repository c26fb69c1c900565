"""Linear heads whose outputs do not exclude each other: a logistic regression for each label, or a ridge for all numbers.

As of the head for classes, the strength of the penalty is chosen on inner folds of the training rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.vision.features import Blocks
from common.vision.head import INNER_FOLDS, inner_folds, quietly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[Any]

FILE = "outputs.safetensors"
_PATIENCE = 2  # values of C in a row that were no better
_SMALL = 1e-6  # no probability is nearer to 0 or 1


class IndependentHead:
    """A weight for each feature and output; `log_odds` says that outputs are probabilities of labels."""

    def __init__(self, *, log_odds: bool) -> None:
        self.log_odds = log_odds

    def fit(self, blocks: Blocks, targets: Array, groups: Array, grid: Sequence[float], seed: int) -> dict[str, Any]:
        """Choose C, then learn from all rows; return the choice and the losses by which it was made.

        Args:
            blocks: features (n, k) of each block by name.
            targets: numbers, or probabilities (n, outputs).
            groups: near duplicates have the same number and are never on both sides of an inner fold (n,).
            grid: values of C, the inverse strength of the penalty, in rising order.
            seed: of the inner folds.
        """
        import numpy as np

        self.scales = {name: 1 / float(np.sqrt((values**2).mean()) + 1e-9) for name, values in blocks.items()}
        scaled = self._scaled(blocks)
        fitted = self._logistic if self.log_odds and np.isin(targets, (0, 1)).all() else self._ridge
        choice: dict[str, Any] = {"C": grid[len(grid) // 2]}
        if len(grid) > 1 and (folds := inner_folds(np.zeros(len(targets), int), groups, seed)) is not None:
            choice = self._choose(fitted, scaled, targets, folds, grid)
        self.weight, self.bias, self.linked = *fitted(scaled, targets, choice["C"]), fitted == self._logistic
        return choice

    def outputs(self, blocks: Blocks) -> NDArray[np.float64]:
        """Return probabilities or numbers (n, outputs)."""
        return self._linked(self._scaled(blocks) @ self.weight + self.bias)

    def save(self, folder: Path) -> None:
        """Write the arrays (safetensors)."""
        import numpy as np
        from safetensors.numpy import save_file

        tensors = {"weight": np.ascontiguousarray(self.weight), "bias": np.ascontiguousarray(self.bias)}
        about = json.dumps({"scales": self.scales, "linked": self.linked})
        save_file(tensors, folder / FILE, metadata={"head": about})

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from safetensors import safe_open

        with safe_open(folder / FILE, "np") as file:
            self.weight, self.bias = file.get_tensor("weight"), file.get_tensor("bias")
            about = json.loads(file.metadata()["head"])
        self.scales, self.linked = about["scales"], about["linked"]

    def _choose(
        self, fitted: Callable[..., Any], scaled: Array, targets: Array, folds: Array, grid: Sequence[float]
    ) -> dict[str, Any]:
        """Return the C of the least loss on inner folds; small values are tried first."""
        import numpy as np

        self.linked = fitted == self._logistic
        spread = targets.std(axis=0) + 1e-12
        tried: list[tuple[float, float]] = []
        for c in grid:
            outputs = np.zeros(targets.shape)
            for fold in range(INNER_FOLDS):
                inside, outside = folds != fold, folds == fold
                weight, bias = fitted(scaled[inside], targets[inside], c)
                outputs[outside] = self._linked(scaled[outside] @ weight + bias)
            if self.linked:
                sure = outputs.clip(_SMALL, 1 - _SMALL)
                loss = -(targets * np.log(sure) + (1 - targets) * np.log(1 - sure)).mean()
            else:
                loss = (((outputs - targets) / spread) ** 2).mean()
            tried.append((float(loss), c))
            if len(tried) > _PATIENCE and min(tried[-_PATIENCE:])[0] > min(tried)[0]:
                break
        loss, c = min(tried)
        return {"C": c, "inner_loss": round(loss, 5), "tried": [[c, round(loss, 5)] for loss, c in tried]}

    def _logistic(self, scaled: Array, targets: Array, c: float) -> tuple[Array, Array]:
        """Return weight (k, outputs) and bias (outputs,); of a label that all or no rows have, the bias alone."""
        import numpy as np
        from scipy.special import logit
        from sklearn.linear_model import LogisticRegression

        n, outputs = targets.shape
        weight = np.zeros((scaled.shape[1], outputs), np.float32)
        bias = logit((targets.sum(axis=0) + 0.5) / (n + 1))
        with quietly():
            for output in np.flatnonzero(targets.min(axis=0) < targets.max(axis=0)):
                model = LogisticRegression(C=c, max_iter=1000).fit(scaled, targets[:, output])
                weight[:, output], bias[output] = model.coef_[0], model.intercept_[0]
        return weight, bias

    def _ridge(self, scaled: Array, targets: Array, c: float) -> tuple[Array, Array]:
        """Return weight (k, outputs) and bias (outputs,)."""
        from sklearn.linear_model import Ridge

        model = Ridge(alpha=1 / c).fit(scaled, targets)
        return model.coef_.reshape(targets.shape[1], -1).T, model.intercept_.reshape(-1)

    def _linked(self, outputs: Array) -> NDArray[np.float64]:
        from scipy.special import expit

        values: NDArray[np.float64] = outputs.astype("float64")
        if self.linked:
            return expit(values)
        return values.clip(0, 1) if self.log_odds else values

    def _scaled(self, blocks: Blocks) -> Array:
        import numpy as np

        return np.concatenate([blocks[name] * np.float32(scale) for name, scale in self.scales.items()], axis=1)
