"""The baseline: which words, pairs and triples of words a text holds, weighted in two ways, each with a linear model.

One view weights an n-gram by the log-ratio of its frequencies in the texts of a class and in the others (naive Bayes), the
other by its inverse document frequency; of texts that are short, or of a language without blanks, n-grams of characters are
a third. All scale every text to unit length; the mean of their log-odds is the prediction. Of several classes, labels or
numbers each has models of its own, a class against the rest; a number is predicted by ridge regression, without log-ratios.
Source of the first view: Wang and Manning, "Baselines and Bigrams" (2012).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from common.model import Context, Model, Reasons
from common.text import characters, ngrams
from common.text.settings import NGrams
from common.text.task import TextTask

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL = "model.npz"
# Of which n-grams each view is, and whether it weights them by the log-ratio of a class.
VIEWS = {
    "log_ratio": (ngrams.COLUMN, True),
    "idf": (ngrams.COLUMN, False),
    "characters": (characters.COLUMN, True),
    "characters_idf": (characters.COLUMN, False),
}
_MANY = 20  # outputs for which log-ratios, each with scales of its own, would take too much memory and time
_SHORTEST = 1e-12  # length of a text without n-grams, which stays without
_MAX_ITERATIONS, _TOLERANCE = 200, 0.01  # it converges in some 30; closer changes no digit that counts


class View(NamedTuple):
    """Scales and weights (n-grams,) and a bias."""

    scales: NDArray[float32]
    weights: NDArray[float32]
    bias: float

    def __call__(self, held: Any) -> NDArray[float64]:
        """Return the log-odds, or the number, of each text (n,)."""
        outputs: NDArray[float64] = _scaled(held, self.scales) @ self.weights + self.bias
        return outputs


class NGramsModel(Model):
    """Linear models of the n-grams that a text holds: the views of each output, by name."""

    def __init__(self, task: TextTask, settings: NGrams, seed: int, context: Context) -> None:
        self.task, self.settings, self.seed, self.context = task, settings, seed, context
        self.models: list[dict[str, View]] = []

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Weight the n-grams of the training rows and fit all views."""
        held = self._held(train)
        targets, idf = self.task.matrix(train), {column: _idf(counts) for column, counts in held.items()}
        names = list(self._views(held))
        with self.context.progress.task(
            f"{self.context.title} · n-grams", targets.shape[1] * len(names), "views"
        ) as task:
            for target in targets.T:
                self.models.append({})
                for name in names:
                    column, by_ratio = VIEWS[name]
                    scales = self._log_ratio(held[column], target) if by_ratio else idf[column]
                    self.models[-1][name] = self._view(held[column], scales, target)
                    task.advance(1)

    def outputs(self, frame: DataFrame) -> NDArray[float64]:
        """Return the log-odds, or the number, of each row (n, outputs)."""
        import numpy as np

        held = self._held(frame)
        return np.column_stack(
            [sum(view(held[VIEWS[name][0]]) for name, view in views.items()) / len(views) for views in self.models]
        )

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the number or the second class's probability of each row (n,), or those of all classes (n, classes)."""
        return self.task.predictions(self.outputs(frame))

    def save(self, folder: Path) -> None:
        """Write scales and weights, which hold no code; the scales that all outputs share are written once."""
        import numpy as np

        parts = {
            f"{number}_{name}_{part}": np.asarray(value)
            for number, views in enumerate(self.models)
            for name, view in views.items()
            for part, value in view._asdict().items()
            if number == 0 or part != "scales" or VIEWS[name][1]
        }
        np.savez(folder / MODEL, **parts)  # type: ignore[arg-type]

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / MODEL, allow_pickle=False) as parts:
            for number in range(self.task.outputs):
                self.models.append({})
                for name in (name for name in VIEWS if f"0_{name}_bias" in parts):
                    own = number if VIEWS[name][1] else 0
                    scales = self.models[0][name].scales if own < number else parts[f"{own}_{name}_scales"]
                    weights, bias = (parts[f"{number}_{name}_{part}"] for part in ("weights", "bias"))
                    self.models[-1][name] = View(scales, weights, float(bias))

    def explain(self, frame: DataFrame, top: int) -> Reasons:
        """Return the n-grams that carry the model, and those that decide on each row, with what they add to an output."""
        import numpy as np

        vocabulary, keys = ngrams.load(self.context.run)

        def strongest(order: NDArray[Any], places: NDArray[Any], values: NDArray[Any]) -> list[tuple[str, float]]:
            best = order[:top]
            return list(zip(ngrams.spelt(keys[places[best]], vocabulary), values[best].tolist(), strict=True))

        overall, everywhere = {}, np.arange(len(keys))
        names = self.task.names or self.task.targets
        two = self.task.names[::-1] or ("a higher number", "a lower number")
        for number, views in enumerate(self._of_words()):
            effects = np.sum([view.scales * view.weights for view in views.values()], axis=0)
            # What the idf is the logarithm of: a fraction of the texts.
            order = np.argsort(effects * np.exp(-views["idf"].scales))
            for_it, against = two if len(self.models) == 1 else (names[number], None)
            for answer, some, sign in ((for_it, order[::-1][:top], 1), (against, order[:top], -1)):
                if answer is not None:  # those that matter for the most texts, the strongest of them first
                    shown = some[np.argsort(-sign * effects[some], kind="stable")]
                    overall[answer] = strongest(shown, everywhere, effects)
        held, rows = ngrams.matrix(frame[ngrams.COLUMN], len(keys)), []
        for row, column in enumerate(self.outputs(frame).argmax(axis=1)):
            views = self._of_words()[column]
            parts = [_scaled(held[[row]], view.scales).multiply(view.weights) for view in views.values()]
            added = sum(parts).tocsr() / len(views)
            rows.append(strongest(np.argsort(-np.abs(added.data), kind="stable"), added.indices, added.data))
        return Reasons(overall, rows)

    def _of_words(self) -> list[dict[str, View]]:
        """Return the views of each output that can be put into words."""
        return [
            {name: view for name, view in views.items() if VIEWS[name][0] == ngrams.COLUMN} for views in self.models
        ]

    def _held(self, frame: DataFrame) -> dict[str, Any]:
        """Return which n-grams of each kind occur in the texts, as sparse matrices (n, n-grams)."""
        held = {ngrams.COLUMN: ngrams.matrix(frame[ngrams.COLUMN], len(ngrams.load(self.context.run)[1]))}
        if characters.COLUMN in frame:
            held[characters.COLUMN] = ngrams.matrix(frame[characters.COLUMN], len(characters.load(self.context)))
        return held

    def _views(self, held: Mapping[str, Any]) -> Iterator[str]:
        """Yield the names of the views."""
        by_ratio = self.task.log_odds and self.task.outputs <= _MANY
        for name, (column, ratio) in VIEWS.items():
            if column in held and (by_ratio if ratio else column == ngrams.COLUMN or not by_ratio):
                yield name

    def _view(self, held: Any, scales: NDArray[float32], target: NDArray[float64]) -> View:
        import numpy as np
        from scipy.sparse import vstack
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression, Ridge

        if not self.task.log_odds:
            ridge = Ridge(alpha=self.settings.alpha, solver="sparse_cg").fit(_scaled(held, scales), target)
            return View(scales, ridge.coef_.astype(np.float32), float(ridge.intercept_))
        n = len(target)
        if (count := target.sum()) in (0, n):  # of a rare class no row may be in training
            return View(scales, np.zeros_like(scales), float(np.log((count + 0.5) / (n - count + 0.5))))
        # The dual problem has a variable for each text instead of each n-gram, of which there are many more.
        model = LogisticRegression(
            C=self.settings.C, solver="liblinear", dual=True, max_iter=_MAX_ITERATIONS, tol=_TOLERANCE,
            random_state=self.seed,
        )  # fmt: skip
        texts, answers, weights = _scaled(held, scales), target > 0, None
        if not np.isin(target, (0, 1)).all():  # a probability: the row is of both classes, with these weights
            texts, answers = vstack((texts, texts)).tocsr(), np.repeat((True, False), n)
            weights = np.concatenate((target, 1 - target))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of texts that hardly differ more passes tell no more
            model.fit(texts, answers, weights)
        return View(scales, model.coef_[0].astype(np.float32), float(model.intercept_[0]))

    def _log_ratio(self, held: Any, target: NDArray[float64]) -> NDArray[float32]:
        """Return the log-ratio of each n-gram's fraction of a class's n-grams to that of the others'."""
        import numpy as np

        fractions = []
        for side in (target > 0.5, target <= 0.5):
            counts = np.bincount(held[side].indices, minlength=held.shape[1]) + self.settings.smoothing
            fractions.append(np.log(counts / counts.sum()))
        ratio: NDArray[float32] = (fractions[0] - fractions[1]).astype(np.float32)
        return ratio


def _idf(held: Any) -> NDArray[float32]:
    """Return the smoothed inverse document frequency of each n-gram."""
    import numpy as np

    idf: NDArray[float32] = np.log(
        (1 + held.shape[0]) / (1 + np.bincount(held.indices, minlength=held.shape[1]))
    ).astype(np.float32)
    return idf


def _scaled(held: Any, scales: NDArray[float32]) -> Any:
    """Return the n-grams that texts hold (n, n-grams), scaled, each text (row) of unit length."""
    import numpy as np
    from scipy.sparse import csr_matrix

    counts = np.diff(held.indptr)
    cells = scales[held.indices].astype(np.float64)
    # Of a text without any n-gram the next one's would be summed, or there is none.
    starts, filled = np.minimum(held.indptr[:-1], max(len(cells) - 1, 0)), counts > 0
    lengths = np.sqrt(np.add.reduceat(cells * cells, starts) * filled) if len(cells) else np.zeros(len(counts))
    cells *= np.repeat(1 / np.maximum(lengths, _SHORTEST), counts)
    return csr_matrix((cells, held.indices, held.indptr), shape=held.shape)
