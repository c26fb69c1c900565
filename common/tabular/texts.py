"""A column of text as a few numbers: what a linear model of its words says, cross-fitted, and its place in a small space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.tabular.settings import Features

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray
    from pandas import Series

UNSPACED = 20  # characters between blanks from which a language has no blanks between words


class TextFeatures:
    """Words and pairs of words, weighted by inverse document frequency, their main directions, and a ridge regression."""

    def __init__(self, settings: Features, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.words: Any = None  # none of a column without a word
        self.space: Any = None
        self.ridge: Any = None

    def fit_transform(self, texts: Series[Any], signals: NDArray[float64], folds: NDArray[Any]) -> NDArray[float32]:
        """Learn from the texts of n rows and return what they are described by (n, signals + components)."""
        import numpy as np
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import Ridge

        texts = texts.astype(object)
        blanks = texts.str.count(r"\s").sum()
        spaced = texts.str.len().sum() < UNSPACED * (blanks + len(texts))
        kind: dict[str, Any] = (
            {"ngram_range": (1, 2), "token_pattern": r"(?u)\b\w+\b"}
            if spaced
            else {"analyzer": "char", "ngram_range": (1, 3)}
        )
        self.words = TfidfVectorizer(
            min_df=2, max_features=self.settings.words, sublinear_tf=True, dtype=np.float32, **kind
        )
        try:
            held = self.words.fit_transform(texts)
        except ValueError:  # no word is in two texts
            self.words = None
            return np.empty((len(texts), 0), np.float32)
        said = np.empty_like(signals)
        for fold in np.unique(folds):
            inside = folds == fold
            ridge = Ridge(alpha=self.settings.alpha, solver="sparse_cg", tol=1e-3).fit(held[~inside], signals[~inside])
            said[inside] = ridge.predict(held[inside]).reshape(-1, signals.shape[1])
        self.ridge = Ridge(alpha=self.settings.alpha, solver="sparse_cg", tol=1e-3).fit(held, signals)
        components = min(self.settings.components, min(held.shape) - 1)
        if components > 0:
            self.space = TruncatedSVD(components, random_state=self.seed).fit(held)
        return self._described(held, said)

    def transform(self, texts: Series[Any]) -> NDArray[float32]:
        """Return what other texts are described by."""
        import numpy as np

        if self.words is None or not len(texts):
            return np.empty((len(texts), self._width), np.float32)
        held = self.words.transform(texts.astype(object))
        return self._described(held, self.ridge.predict(held).reshape(len(texts), -1))

    def save(self, path: Path) -> None:
        """Write what was learnt, without code."""
        estimators.save([self.words, self.space, self.ridge, self._width], path)

    def read(self, path: Path) -> None:
        """Read what `save` wrote."""
        self.words, self.space, self.ridge, self._width = estimators.load(path)

    _width = 0

    def _described(self, held: Any, said: NDArray[float64]) -> NDArray[float32]:
        import numpy as np

        parts = [said] if self.space is None else [said, self.space.transform(held)]
        described = np.column_stack(parts).astype(np.float32)
        self._width = described.shape[1]
        return described
