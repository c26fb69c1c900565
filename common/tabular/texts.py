"""A column of text as a few numbers: what a linear model of its words says, cross-fitted, and its place in a small space."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.tabular.settings import Features

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray
    from pandas import Series

WORDS, WEIGHTS = "words.json", "weights.npz"
UNSPACED = 20  # characters between blanks from which a language has no blanks between words


class TextFeatures:
    """Words and pairs of words, weighted by inverse document frequency, their main directions, and a ridge regression."""

    def __init__(self, settings: Features, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.spaced = True
        self.words: list[str] = []  # none of a column without a word
        self.idf: NDArray[float64]
        self.space: NDArray[float32]  # (words, components)
        self.ridge: NDArray[float64]  # (words + 1, signals), at last what is said of a text without any of them

    def fit_transform(self, texts: Series[Any], signals: NDArray[float64], folds: NDArray[Any]) -> NDArray[float32]:
        """Learn from the texts of n rows and return what they are described by (n, signals + components)."""
        import numpy as np
        from sklearn.decomposition import TruncatedSVD

        texts = texts.astype(object)
        blanks = texts.str.count(r"\s").sum()
        self.spaced = bool(texts.str.len().sum() < UNSPACED * (blanks + len(texts)))
        vectorizer = self._vectorizer(min_df=2, max_features=self.settings.words)
        try:
            held = vectorizer.fit_transform(texts)
        except ValueError:  # no word is in two texts
            return np.empty((len(texts), 0), np.float32)
        self.words, self.idf = vectorizer.get_feature_names_out().tolist(), vectorizer.idf_
        said = np.empty_like(signals)
        for fold in np.unique(folds):
            inside = folds == fold
            said[inside] = _said(held[inside], self._weights(held[~inside], signals[~inside]))
        self.ridge = self._weights(held, signals)
        components = min(self.settings.components, min(held.shape) - 1)
        self.space = np.zeros((held.shape[1], 0), np.float32)
        if components > 0:
            self.space = TruncatedSVD(components, random_state=self.seed).fit(held).components_.T
        return self._described(held, said)

    def transform(self, texts: Series[Any]) -> NDArray[float32]:
        """Return what other texts are described by."""
        import numpy as np

        if not self.words or not len(texts):
            width = self.ridge.shape[1] + self.space.shape[1] if self.words else 0
            return np.empty((len(texts), width), np.float32)
        vectorizer = self._vectorizer(vocabulary=self.words)
        vectorizer.idf_ = self.idf
        held = vectorizer.transform(texts.astype(object))
        return self._described(held, _said(held, self.ridge))

    def save(self, folder: Path) -> None:
        """Write what was learnt, without code."""
        import numpy as np

        (folder / WORDS).write_text(json.dumps([self.spaced, self.words]), encoding="utf-8")
        if self.words:
            np.savez(folder / WEIGHTS, idf=self.idf, space=self.space, ridge=self.ridge)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        self.spaced, self.words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        if self.words:
            with np.load(folder / WEIGHTS, allow_pickle=False) as weights:
                self.idf, self.space, self.ridge = weights["idf"], weights["space"], weights["ridge"]

    def _vectorizer(self, **more: Any) -> Any:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        kind: dict[str, Any] = {"analyzer": "char", "ngram_range": (1, 3)}
        if self.spaced:
            kind = {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
        return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **kind, **more)

    def _weights(self, held: Any, signals: NDArray[float64]) -> NDArray[float64]:
        """Return the weights of a ridge regression, with its intercepts below."""
        import numpy as np
        from sklearn.linear_model import Ridge

        ridge = Ridge(alpha=self.settings.alpha, solver="sparse_cg", tol=1e-3).fit(held, signals)
        weights: NDArray[float64] = np.vstack((np.atleast_2d(ridge.coef_).T, np.atleast_1d(ridge.intercept_)))
        return weights

    def _described(self, held: Any, said: NDArray[float64]) -> NDArray[float32]:
        import numpy as np

        return np.column_stack((said, held @ self.space)).astype(np.float32)


def _said(held: Any, weights: NDArray[float64]) -> NDArray[float64]:
    said: NDArray[float64] = held @ weights[:-1] + weights[-1]
    return said
