"""A piece of a text: which words are likely to begin it, to end it and to stand in it, and the run of words that is the best bet.

Three linear models judge each word by itself, its neighbours and its place, and by what the columns beside the text say of
all of that. Together they give every run of words a probability; taken is the one of the largest expected Jaccard index.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import DataError
from common.model import Context, Model
from common.text.settings import Spans
from common.text.task import TextTask

if TYPE_CHECKING:
    from numpy import float32, float64
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL, EDGES = "model.npz", "edges.json"
_BITS = 20  # of a feature's hash
_BINS = 10  # of a number beside the text
_WORD = re.compile(r"\S+")
_EDGE = ""  # what stands before a text and after it
_CORE = re.compile(r"^\W+|\W+$")  # what a word without its punctuation is without
_TOLERANCE = 0.1  # of the regressions; closer changes no digit that counts
_CERTAIN = 10.0  # log-odds
_LIKELIEST = 60  # runs of words among which is chosen
_ENDS = 200  # words of a text, at most, with which a run may begin or end

Words = list[tuple[int, int]]  # where each begins and ends


class SpanModel(Model):
    """Logistic regressions of words: does the piece begin with it, end with it, hold it?"""

    def __init__(self, task: TextTask, settings: Spans, seed: int, context: Context) -> None:
        self.task, self.settings, self.seed, self.context = task, settings, seed, context
        self.edges: dict[str, list[float]] = {}  # between the bins of columns of numbers
        self.weights: NDArray[float32]  # (features, 3)
        self.bias: NDArray[float32]  # (3,)

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the words of the rows whose piece stands in their text.

        Raises:
            DataError: if there is none.
        """
        import numpy as np

        texts, pieces = train[self.task.texts[0]].tolist(), train[self.task.targets[0]].tolist()
        starts = [text.find(piece) if piece else -1 for text, piece in zip(texts, pieces, strict=True)]
        found = np.array(starts) >= 0
        if not found.any():
            raise DataError(f"no {self.task.targets[0]!r} is a piece of its {self.task.texts[0]!r}")
        self._learn_edges(train)
        answers = [
            answer
            for text, piece, start in zip(texts, pieces, starts, strict=True)
            if start >= 0
            for answer in _answers(_words(text), start, start + len(piece))
        ]
        with self.context.progress.task(f"{self.context.title} · words", 3, "fits") as task:
            features, parts = self._features(train[found]), []
            for column in np.array(answers, bool).T:
                parts.append(self._fitted(features, column))
                task.advance(1)
        self.weights, self.bias = np.stack([part[0] for part in parts], axis=1), np.array([part[1] for part in parts])
        self.notes = {"rows_without_their_piece": int((~found).sum())}

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return where the piece of each row's text begins and ends, in characters (n, 2)."""
        import numpy as np

        words = [_words(text) for text in frame[self.task.texts[0]].tolist()]
        ends = np.cumsum([0, *map(len, words)])
        spans = np.zeros((len(frame), 2))
        if ends[-1]:
            first_of, last_of, inside = (self._features(frame) @ self.weights + self.bias).T
            for row, (first, last) in enumerate(pairwise(ends.tolist())):
                if first < last:
                    own = slice(first, last)
                    begin, end = best_run(first_of[own], last_of[own], inside[own], self.settings.inside_weight)
                    spans[row] = words[row][begin][0], words[row][end - 1][1]
        return spans

    def save(self, folder: Path) -> None:
        """Write the weights, and what numbers beside the text are cut at."""
        import numpy as np

        np.savez(folder / MODEL, weights=self.weights, bias=self.bias)
        (folder / EDGES).write_text(json.dumps(self.edges) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        with np.load(folder / MODEL, allow_pickle=False) as parts:
            self.weights, self.bias = parts["weights"], parts["bias"]
        self.edges = json.loads((folder / EDGES).read_text(encoding="utf-8"))

    def _fitted(self, features: Any, answers: NDArray[Any]) -> tuple[NDArray[float32], float]:
        """Return the weights (features,) and the bias of one model."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        if answers.all() or not answers.any():  # all of every text
            return np.zeros(features.shape[1], np.float32), _CERTAIN if answers.all() else -_CERTAIN
        model = LogisticRegression(
            C=self.settings.C, solver="liblinear", dual=True, tol=_TOLERANCE, random_state=self.seed
        ).fit(features, answers)
        return model.coef_[0].astype(np.float32), float(model.intercept_[0])

    def _learn_edges(self, train: DataFrame) -> None:
        import numpy as np
        from pandas.api.types import is_numeric_dtype

        for name in self.task.beside:
            if is_numeric_dtype(train[name]):
                values = train[name].dropna().to_numpy(float)
                cuts = np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]) if len(values) else []
                self.edges[name] = np.unique(cuts).tolist()

    def _features(self, frame: DataFrame) -> Any:
        """Return the features of all words of all texts as a sparse matrix."""
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(1 << _BITS, input_type="string", alternate_sign=False)
        return hasher.transform(self._described(frame))

    def _described(self, frame: DataFrame) -> Iterator[list[str]]:
        """Yield what is known of each word."""
        import numpy as np

        columns = [
            np.searchsorted(self.edges[name], frame[name].to_numpy(float)).astype(str).tolist()
            if name in self.edges
            else frame[name].astype(str).tolist()
            for name in self.task.beside
        ]
        rows = zip(frame[self.task.texts[0]].tolist(), *columns, strict=True)
        for text, *beside in rows:
            for facts in _facts([text[begin:end] for begin, end in _words(text)]):
                # With what stands beside it a fact says all that it says alone, and is half the work.
                yield [f"{fact}|{place}{value}" for place, value in enumerate(beside) for fact in facts] or facts


def best_run(
    first: NDArray[Any], last: NDArray[Any], inside: NDArray[Any], inside_weight: float = 0.3
) -> tuple[int, int]:
    """Return the run of words, from the first to before the second, of the largest expected Jaccard index.

    A run is as likely as the sum of its log-odds says.

    Args:
        first: log-odds of each word that the run begins with it (n,).
        last: that it ends with it.
        inside: that it holds it.
        inside_weight: of the words inside beside the two at the ends: their log-odds are not independent of each other.
    """
    import numpy as np
    from scipy.special import softmax

    begins, ends = np.argsort(-first)[:_ENDS], np.argsort(-last)[:_ENDS]
    begin, end = (axis.ravel() for axis in np.meshgrid(begins, ends + 1, indexing="ij"))
    begin, end = begin[begin < end], end[begin < end]
    if not len(begin):
        return 0, len(first)
    summed = np.concatenate(([0.0], np.cumsum(inside)))
    scores = first[begin] + last[end - 1] + inside_weight * (summed[end] - summed[begin])
    likeliest = np.argsort(-scores, kind="stable")[:_LIKELIEST]
    begin, end, chance = begin[likeliest], end[likeliest], softmax(scores[likeliest])
    shared = np.maximum(np.minimum.outer(end, end) - np.maximum.outer(begin, begin), 0)
    best = (shared / (np.add.outer(end - begin, end - begin) - shared) @ chance).argmax()
    return int(begin[best]), int(end[best])


def _answers(words: Words, start: int, stop: int) -> list[tuple[bool, bool, bool]]:
    """Return of each word whether the piece from `start` to before `stop` begins with it, ends with it, holds it."""
    inside = [begin < stop and start < end for begin, end in words]
    places = [place for place, within in enumerate(inside) if within]
    edges = (places[0], places[-1]) if places else (-1, -1)
    return [(place == edges[0], place == edges[1], within) for place, within in enumerate(inside)]


def _words(text: str) -> Words:
    return [match.span() for match in _WORD.finditer(text)]


def _facts(words: Sequence[str]) -> Iterator[list[str]]:
    """Yield the facts about each word of a text."""
    cores = [_CORE.sub("", word.lower()) or word for word in words]
    around = [_EDGE, _EDGE, *cores, _EDGE, _EDGE]
    count = len(words)
    for place, word in enumerate(words):
        before2, before, core, after, after2 = around[place : place + 5]
        yield [
            "", f"w{core}", f"r{word}", f"b{before}", f"a{after}", f"B{before2}", f"A{after2}", f"x{before} {core}",
            f"y{core} {after}", f"p{min(place, 6)}", f"q{min(count - place, 6)}", f"n{min(count, 30)}",
            f"s{word[-1]}", f"t{words[place - 1][-1] if place else _EDGE}", f"h{core[:4]}", f"z{core[-3:]}",
        ]  # fmt: skip
