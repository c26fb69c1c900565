"""The baseline: which words, pairs and triples of words a review holds, in two views, each read by a logistic regression.

One view weighs an n-gram by the log-ratio of how often positive and negative reviews hold it, the other by how rare it
is. Both scale every review to length one; the mean of their log-odds is the answer. Source of the first: Wang and
Manning, "Baselines and Bigrams" (2012).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context, Model, Reasons
from competitions.imdb import ngrams
from competitions.imdb.competition import Words

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL = "model.npz"
VIEWS = ("contrast", "rarity")
_LEAST = 1e-12  # length of a review without n-grams, which stays without
_MAX_ITERATIONS, _TOLERANCE = 200, 0.01  # it converges in some 30; closer changes no digit that counts


class BaselineModel(Model):
    """Two linear models of the n-grams that a review holds; each view is scales and weights (n-grams,) and a bias."""

    def __init__(self, config: Words, context: Context, seed: int = 0) -> None:
        self.config, self.context = config, context
        self.seed = getattr(config, "seed", seed)
        self.views: dict[str, tuple[NDArray[float32], NDArray[float32], float]] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Weigh the n-grams of the training reviews and fit both views."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        held = ngrams.matrix(train[ngrams.COLUMN], len(ngrams.load(self.context.run)[1]))
        positive = train["sentiment"].to_numpy() > 0.5
        scales = {"contrast": self._contrast(held, positive), "rarity": _rarity(held)}
        with self.context.progress.task(f"{self.context.title} · n-grams", len(VIEWS), "views") as task:
            for name in VIEWS:
                # The dual problem has a variable for each review instead of each n-gram, of which there are many more.
                model = LogisticRegression(
                    C=self.config.strength, solver="liblinear", dual=True, max_iter=_MAX_ITERATIONS, tol=_TOLERANCE,
                    random_state=self.seed,
                ).fit(_view(held, scales[name]), positive)  # fmt: skip
                self.views[name] = (scales[name], model.coef_[0].astype(np.float32), float(model.intercept_[0]))
                task.advance(1)

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the probability of being positive of each review (n,)."""
        from scipy.special import expit

        held = ngrams.matrix(frame[ngrams.COLUMN], len(self.views[VIEWS[0]][0]))
        log_odds = sum(_view(held, scales) @ weights + bias for scales, weights, bias in self.views.values())
        probability: NDArray[float64] = expit(log_odds / len(self.views))
        return probability

    def save(self, folder: Path) -> None:
        """Write scales and weights, which hold no code."""
        import numpy as np

        parts = {
            f"{name}_{part}": np.asarray(value)
            for name, view in self.views.items()
            for part, value in zip(("scales", "weights", "bias"), view, strict=True)
        }
        np.savez(folder / MODEL, **parts)  # type: ignore[arg-type]

    @classmethod
    def load(cls, folder: Path, config: Words, context: Context) -> BaselineModel:
        """Read what `save` wrote."""
        import numpy as np

        model = cls(config, context)
        with np.load(folder / MODEL, allow_pickle=False) as parts:
            for name in VIEWS:
                bias = float(parts[f"{name}_bias"])
                model.views[name] = (parts[f"{name}_scales"], parts[f"{name}_weights"], bias)
        return model

    def explain(self, frame: DataFrame, top: int) -> Reasons:
        """Return the n-grams that carry the model, and those that decide on each review, with what they add to its log-odds."""
        import numpy as np

        vocabulary, keys = ngrams.load(self.context.run)
        effects = np.sum([scales * weights for scales, weights, _ in self.views.values()], axis=0)
        carried = effects * np.exp(-self.views["rarity"][0])  # what rarity is the logarithm of: a share of the reviews
        order = np.argsort(carried)

        def told(places: NDArray[Any], values: NDArray[Any]) -> list[tuple[str, float]]:
            return list(zip(ngrams.spelt(keys[places], vocabulary), values.tolist(), strict=True))

        overall = {
            "1": told(order[::-1][:top], effects[order[::-1][:top]]),
            "0": told(order[:top], effects[order[:top]]),
        }
        held = ngrams.matrix(frame[ngrams.COLUMN], len(keys))
        added = sum(_view(held, scales).multiply(weights) for scales, weights, _ in self.views.values()).tocsr()
        rows = []
        for first, last in zip(added.indptr[:-1], added.indptr[1:], strict=True):
            values, places = added.data[first:last] / len(self.views), added.indices[first:last]
            strongest = np.argsort(-np.abs(values), kind="stable")[:top]
            rows.append(told(places[strongest], values[strongest]))
        return Reasons(overall, rows)

    def _contrast(self, held: Any, positive: NDArray[Any]) -> NDArray[float32]:
        """Return the log-ratio of each n-gram's share of the positive reviews' n-grams to that of the negative ones'."""
        import numpy as np

        shares = []
        for side in (positive, ~positive):
            counts = np.bincount(held[side].indices, minlength=held.shape[1]) + self.config.smoothing
            shares.append(np.log(counts / counts.sum()))
        ratio: NDArray[float32] = (shares[0] - shares[1]).astype(np.float32)
        return ratio


def _rarity(held: Any) -> NDArray[float32]:
    """Return the log of the inverse share of reviews that hold each n-gram."""
    import numpy as np

    rarity: NDArray[float32] = np.log(
        (1 + held.shape[0]) / (1 + np.bincount(held.indices, minlength=held.shape[1]))
    ).astype(np.float32)
    return rarity


def _view(held: Any, scales: NDArray[float32]) -> Any:
    """Return the n-grams that reviews hold, scaled, each review (row) of length one."""
    import numpy as np
    from scipy.sparse import diags_array

    scaled = held @ diags_array(scales)
    lengths = np.sqrt(scaled.multiply(scaled).sum(axis=1))
    return diags_array(1 / np.maximum(np.asarray(lengths).ravel(), _LEAST)) @ scaled
