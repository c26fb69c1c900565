"""Questions with several answers to choose from: how well the words of each answer fit those of the question.

Each answer of a row is described by what it shares with the question and with the other answers, and by its length, beside
how that compares with the others'. A logistic regression of these tells right answers from wrong ones, whatever their letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context, Model
from common.text.task import TextTask

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL = "model.npz"
_KINDS: tuple[dict[str, Any], ...] = (
    {"token_pattern": r"(?u)\b\w+\b"},
    {"analyzer": "char_wb", "ngram_range": (3, 5)},
)
_FEATURES = 1 << 18  # places of words, and of pieces of words, that are found by hashes


class ChoicesModel(Model):
    """A logistic regression of pairs: a question, and one of its answers."""

    def __init__(self, task: TextTask, context: Context) -> None:
        self.task, self.context = task, context
        self.idf: list[NDArray[float64]] = []  # of words, and of pieces of words
        self.parts: dict[str, NDArray[float64]]  # means, scales and weights (features,)

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn what right answers have in common."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        questions, answers = self._texts(train)
        every = [*questions, *(text for column in answers for text in column)]
        self.idf = [_idf(_hashed(every, kind)) for kind in _KINDS]
        described = self._described(questions, answers)
        pairs, right = described.reshape(-1, described.shape[2]), self.task.matrix(train).ravel()
        means, scales = pairs.mean(axis=0), np.maximum(pairs.std(axis=0), 1e-9)
        model = LogisticRegression(max_iter=1000).fit((pairs - means) / scales, right)
        self.parts = {"means": means, "scales": scales, "weights": model.coef_[0]}

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the probability that each answer is the right one (n, answers), of two answers the second's (n,)."""
        import numpy as np
        from scipy.special import softmax

        if frame.empty:
            return np.empty((0, len(self.task.classes)))[:, 1 if len(self.task.classes) == 2 else slice(None)]
        pairs = (self._described(*self._texts(frame)) - self.parts["means"]) / self.parts["scales"]
        said: NDArray[np.float64] = softmax(pairs @ self.parts["weights"], axis=1)
        return said[:, 1] if said.shape[1] == 2 else said

    def save(self, folder: Path) -> None:
        """Write numbers, which hold no code."""
        import numpy as np

        np.savez(folder / MODEL, words=self.idf[0], pieces=self.idf[1], **self.parts)  # type: ignore[arg-type]

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / MODEL, allow_pickle=False) as parts:
            self.idf = [parts["words"], parts["pieces"]]
            self.parts = {name: parts[name] for name in ("means", "scales", "weights")}

    def _texts(self, frame: DataFrame) -> tuple[list[str], list[list[str]]]:
        """Return the question of each row, and the answers of all rows for each class."""
        columns = [f"{self.task.options}{label}" for label in self.task.classes]
        asked = [frame[name].tolist() for name in self.task.texts if name not in columns]
        questions = [" ".join(row) for row in zip(*asked, strict=True)] if asked else [""] * len(frame)
        return questions, [frame[name].astype(str).tolist() for name in columns]

    def _described(self, questions: Sequence[str], answers: Sequence[Sequence[str]]) -> NDArray[float64]:
        """Return what describes each answer of each question (n, answers, features)."""
        import numpy as np

        lengths = np.log1p([[len(text.split()) for text in column] for column in answers]).T
        columns = [lengths]
        for kind, idf in zip(_KINDS, self.idf, strict=True):
            asked, *given = (_weighted(_hashed(texts, kind), idf) for texts in (questions, *answers))
            alike = np.array([[_shared(one, other) for other in given] for one in given])  # answers, answers, n
            others = alike.sum(axis=1) - alike[np.arange(len(given)), np.arange(len(given))]
            columns += [np.array([_shared(asked, each) for each in given]).T, others.T / max(len(given) - 1, 1)]
        own = np.stack(columns, axis=2)
        ranks = own.argsort(axis=1).argsort(axis=1) / max(own.shape[1] - 1, 1)
        return np.concatenate((own, own - own.mean(axis=1, keepdims=True), ranks), axis=2)


def _hashed(texts: Sequence[str], kind: dict[str, Any]) -> Any:
    """Return how often words, or pieces of words, stand in texts (n, places), as a sparse matrix."""
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(n_features=_FEATURES, alternate_sign=False, norm=None, **kind).transform(texts)


def _idf(held: Any) -> NDArray[float64]:
    import numpy as np

    idf: NDArray[np.float64] = (
        np.log((1 + held.shape[0]) / (1 + np.bincount(held.indices, minlength=held.shape[1]))) + 1
    )
    return idf


def _weighted(held: Any, idf: NDArray[float64]) -> Any:
    """Return texts of unit length, in which rare words count more."""
    import numpy as np
    from sklearn.preprocessing import normalize

    held.data = np.log1p(held.data) * idf[held.indices]
    return normalize(held)


def _shared(one: Any, other: Any) -> NDArray[float64]:
    """Return the cosine of each two texts (n,)."""
    import numpy as np

    cosines: NDArray[np.float64] = np.asarray(one.multiply(other).sum(axis=1)).ravel()
    return cosines
