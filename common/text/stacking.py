"""The outputs of several models as one: stacking with a linear model.

Source of the method: Wolpert, "Stacked Generalization" (1992); the inputs are log-odds, or numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Stacking:
    """An output from those of k models: `bias + outputs @ weights`, the same for every class."""

    bias: float
    weights: tuple[float, ...]

    @classmethod
    def learn(cls, outputs: NDArray[float64], targets: NDArray[Any], *, classes: bool) -> Stacking:
        """Return what fits rows that none of the models was trained on.

        Args:
            outputs: log-odds, or numbers (n, outputs, k).
            targets: 0 or 1, or numbers (n, outputs). If there is only one class there is nothing to learn: the mean of the
                models is taken.
            classes: whether the outputs are log-odds.
        """
        import numpy as np
        from sklearn.linear_model import LinearRegression, LogisticRegression

        k = outputs.shape[-1]
        flat, answers = outputs.reshape(-1, k), targets.ravel()
        if not classes:
            model = LinearRegression().fit(flat, answers)
            return cls(float(model.intercept_), tuple(map(float, model.coef_)))
        if len(np.unique(answers)) < 2:
            return cls(0.0, (1 / k,) * k)
        # The penalty hardly matters with hundreds of rows; with few, it keeps an output that hardly varies from
        # being blown up.
        model = LogisticRegression(solver="newton-cholesky").fit(flat, answers)
        return cls(float(model.intercept_[0]), tuple(map(float, model.coef_[0])))

    def __call__(self, outputs: NDArray[float64]) -> NDArray[float64]:
        """Return one output (n, outputs) for those of k models (n, outputs, k)."""
        import numpy as np

        stacked: NDArray[float64] = self.bias + outputs @ np.array(self.weights)
        return stacked


@dataclass(frozen=True)
class Stackings:
    """One for all outputs, or one for each."""

    each: tuple[Stacking, ...]

    @classmethod
    def learn(cls, outputs: NDArray[float64], targets: NDArray[Any], *, log_odds: bool, alike: bool) -> Stackings:
        """Return what fits rows that none of the models was trained on.

        Args:
            outputs: log-odds, or numbers (n, outputs, k).
            targets: 0 or 1, or numbers (n, outputs).
            log_odds: whether the outputs are some.
            alike: whether the same weights go for all outputs, as for the classes of one target.
        """
        import numpy as np

        count = outputs.shape[1]
        parts = [slice(None)] if alike else [slice(place, place + 1) for place in range(count)]
        sure = targets if not log_odds else np.round(targets)
        return cls(tuple(Stacking.learn(outputs[:, part], sure[:, part], classes=log_odds) for part in parts))

    def __call__(self, outputs: NDArray[float64]) -> NDArray[float64]:
        """Return one output (n, outputs) for those of k models (n, outputs, k)."""
        import numpy as np

        if len(self.each) == 1:
            return self.each[0](outputs)
        return np.column_stack([each(outputs[:, place]) for place, each in enumerate(self.each)])
