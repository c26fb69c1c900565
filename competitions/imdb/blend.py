"""Several opinions of a review as one probability: stacking with a logistic regression.

Source of the method: Wolpert, Stacked Generalization (1992); the inputs are log-odds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

CERTAIN = 1e-12  # a probability nearer than this to 0 or 1 is taken as so far from it


@dataclass(frozen=True)
class Blend:
    """Log-odds of a review from the log-odds that k parts give it: `bias + opinions @ weights`."""

    bias: float
    weights: tuple[float, ...]

    @classmethod
    def learn(cls, opinions: NDArray[float64], labels: NDArray[Any]) -> Blend:
        """Return the blend that fits reviews which none of the parts was trained on.

        Args:
            opinions: log-odds (n, k).
            labels: (n,) of 0 and 1. If they are all the same there is nothing to learn: the parts' mean is taken.
        """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        n_parts = opinions.shape[1]
        if len(np.unique(labels)) < 2:
            return cls(0.0, (1 / n_parts,) * n_parts)
        # The penalty hardly matters with hundreds of reviews; with few, it keeps an opinion that hardly varies from
        # being blown up.
        model = LogisticRegression(solver="newton-cholesky").fit(opinions, labels)
        return cls(float(model.intercept_[0]), tuple(map(float, model.coef_[0])))

    def __call__(self, opinions: NDArray[float64]) -> NDArray[float64]:
        """Return log-odds (n,) of opinions (n, k)."""
        import numpy as np

        blended: NDArray[float64] = self.bias + opinions @ np.array(self.weights)
        return blended


def log_odds(probability: NDArray[float64]) -> NDArray[float64]:
    """Return the log-odds of probabilities, which may be 0 and 1."""
    from scipy.special import logit

    found: NDArray[float64] = logit(probability.clip(CERTAIN, 1 - CERTAIN))
    return found
