"""Metrics of texts, and of lists of labels read as sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from common.errors import MetricError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def word_jaccard(y_true: Sequence[str], y_pred: Sequence[str]) -> float:
    """Mean over the rows of shared words / all words, of sets of lower-case words split at white space.

    Two texts without words are equal and count 1, so that the truth itself scores best; competitions' own code
    differs there (0, or a division by zero).
    """
    total = 0.0
    for true, predicted in zip(y_true, y_pred, strict=True):
        a, b = set(true.lower().split()), set(predicted.lower().split())
        total += len(a & b) / len(a | b) if a or b else 1.0
    return total / len(y_true)


def levenshtein(y_true: Sequence[str], y_pred: Sequence[str]) -> float:
    """Mean over the rows of the fewest characters to insert, delete or replace (Levenshtein 1966)."""
    return float(_distances(y_true, y_pred).mean())


def character_error_rate(y_true: Sequence[str], y_pred: Sequence[str]) -> float:
    """Sum of the rows' Levenshtein distances / number of characters of the truth; may exceed 1."""
    return _by_length(y_true, y_pred)


def sequence_error_rate(y_true: Sequence[tuple[str, ...]], y_pred: Sequence[tuple[str, ...]]) -> float:
    """Sum over the rows of the fewest labels to insert, delete or replace / number of true labels; may exceed 1.

    Of texts split into words it is the word error rate.
    """
    return _by_length(y_true, y_pred)


def _by_length(y_true: Sequence[Sequence[str]], y_pred: Sequence[Sequence[str]]) -> float:
    length = sum(map(len, y_true))
    if not length:
        raise MetricError("y_true is empty in every row, so that there is no length to divide by")
    return int(_distances(y_true, y_pred).sum()) / length


def _distances(y_true: Sequence[Sequence[str]], y_pred: Sequence[Sequence[str]]) -> NDArray[Any]:
    import numpy as np

    try:
        from rapidfuzz.distance import Levenshtein
        from rapidfuzz.process import cpdist
    except ImportError:
        raise MetricError("needs the package rapidfuzz, which is not installed here") from None
    distances: NDArray[Any] = cpdist(y_true, y_pred, scorer=Levenshtein.distance, dtype=np.int64)
    return distances
