"""A piece of a text: how likely each of its words belongs to it, and the run of words that is the best bet.

A linear model judges each word by itself, its neighbours and its place, each alone and with the columns beside the text.
The run of words is that of the largest expected Jaccard index, the one's probabilities being taken for counts.
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
_STEPS = 20  # it takes some four

Words = list[tuple[int, int]]  # where each begins and ends


class SpanModel(Model):
    """A logistic regression of words."""

    def __init__(self, task: TextTask, settings: Spans, seed: int, context: Context) -> None:
        self.task, self.settings, self.seed, self.context = task, settings, seed, context
        self.edges: dict[str, list[float]] = {}  # between the bins of columns of numbers
        self.weights: NDArray[float32]
        self.bias: float

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the words of the rows whose piece stands in their text.

        Raises:
            DataError: if there is none.
        """
        import numpy as np
        from sklearn.linear_model import LogisticRegression

        texts, pieces = train[self.task.texts[0]].tolist(), train[self.task.targets[0]].tolist()
        starts = [text.find(piece) if piece else -1 for text, piece in zip(texts, pieces, strict=True)]
        found = np.array(starts) >= 0
        if not found.any():
            raise DataError(f"no {self.task.targets[0]!r} is a piece of its {self.task.texts[0]!r}")
        self._learn_edges(train)
        answers = [
            start < end_of_word and begin < start + len(piece)
            for text, piece, start in zip(texts, pieces, starts, strict=True)
            if start >= 0
            for begin, end_of_word in _words(text)
        ]
        with self.context.progress.task(f"{self.context.title} · words", 1, "fits") as task:
            features = self._features(train[found])
            if len(set(answers)) < 2:  # all of every text
                self.weights, self.bias = np.zeros(1 << _BITS, np.float32), 10.0 if answers[0] else -10.0
            else:
                model = LogisticRegression(
                    C=self.settings.C, solver="liblinear", dual=True, tol=0.01, random_state=self.seed
                ).fit(features, answers)
                self.weights, self.bias = model.coef_[0].astype(np.float32), float(model.intercept_[0])
            task.advance(1)
        self.notes = {"rows_without_their_piece": int((~found).sum())}

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return where the piece of each row's text begins and ends, in characters (n, 2)."""
        import numpy as np
        from scipy.special import expit

        words = [_words(text) for text in frame[self.task.texts[0]].tolist()]
        ends = np.cumsum([0, *map(len, words)])
        spans = np.zeros((len(frame), 2))
        if ends[-1]:
            probabilities = expit(self._features(frame) @ self.weights + self.bias).tolist()
            for row, (first, last) in enumerate(pairwise(ends.tolist())):
                if first < last:
                    begin, end = best_run(probabilities[first:last])
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
            self.weights, self.bias = parts["weights"], float(parts["bias"])
        self.edges = json.loads((folder / EDGES).read_text(encoding="utf-8"))

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
                yield [*facts, *(f"{fact}|{place}{value}" for place, value in enumerate(beside) for fact in facts)]


def best_run(probabilities: Sequence[float]) -> tuple[int, int]:
    """Return the run of words, from the first to before the second, of the largest expected Jaccard index.

    Of a run of n words, in which k are expected and m outside it, that is k / (n + m). The largest ratio is found by looking
    for the largest sum again and again, as Dinkelbach, "On Nonlinear Fractional Programming" (1967), has it.

    Args:
        probabilities: of each word, one at least.
    """
    total, ratio, best = sum(probabilities), 0.0, (0, len(probabilities))
    for _ in range(_STEPS):
        begin, end, inside = _largest([(1 + ratio) * each - ratio for each in probabilities], probabilities)
        reached = inside / max(end - begin + total - inside, 1e-9)
        if reached <= ratio:
            break
        ratio, best = reached, (begin, end)
    return best


def _largest(values: Sequence[float], probabilities: Sequence[float]) -> tuple[int, int, float]:
    """Return the run of the largest sum of values (Kadane's algorithm), and the sum of its probabilities."""
    best, total, start, found = -float("inf"), 0.0, 0, (0, 1)
    for place, value in enumerate(values):
        if total <= 0:
            total, start = 0.0, place
        total += value
        if total > best:
            best, found = total, (start, place + 1)
    return *found, sum(probabilities[found[0] : found[1]])


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
