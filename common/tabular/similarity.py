"""The similarity of two texts of a row, such as two questions, or a title and what stands below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import Series

MEASURES = ("words", "within", "letters")
MOST = 5  # columns of which each two are compared
PHRASE = 1.5  # words on average, from which a category is one
SHARED = 0.1  # of the words of the column that has fewer, from which both speak of the same
LOOKED_AT = 2_000  # rows by which that is found
LONGEST = 300  # characters on average, up to which letters are compared too


def pairs(columns: Mapping[str, Series[Any]]) -> list[tuple[str, str]]:
    """Return which columns of texts, of the first few, hold the same words often enough to be compared row by row."""
    words = {name: _vocabulary(values.iloc[:LOOKED_AT]) for name, values in columns.items()}
    phrases = [name for name, (_, per_row) in words.items() if per_row >= PHRASE][:MOST]
    return [
        (one, other)
        for one, other in combinations(phrases, 2)
        if len(words[one][0] & words[other][0]) >= SHARED * min(len(words[one][0]), len(words[other][0]))
    ]


def similarities(one: Sequence[str], other: Sequence[str]) -> NDArray[float64]:
    """Return how alike the texts of each row are (n, measures), from 0 to 1.

    words: the cosine of how often they hold each word.
    within: the fraction of the first one's words that the second holds.
    letters: the cosine of how often they hold each three or four letters of a word; of long texts that of the words.
    """
    import numpy as np

    by_words, held = _counts(one, other, analyzer="word", token_pattern=r"(?u)\w+")  # noqa: S106  no password
    within = held[0].multiply(held[1]).sum(axis=1) / np.maximum(held[0].sum(axis=1), 1)
    longest = sum(map(len, one)) + sum(map(len, other)) > 2 * LONGEST * max(len(one), 1)
    letters = by_words if longest else _counts(one, other, analyzer="char_wb", ngram_range=(3, 4))[0]
    return np.column_stack((by_words, np.asarray(within).ravel(), letters))


def _vocabulary(values: Series[Any]) -> tuple[set[str], float]:
    words = [text.casefold().split() for text in values if text]
    return {word for row in words for word in row}, sum(map(len, words)) / max(len(words), 1)


def _counts(one: Sequence[str], other: Sequence[str], **how: Any) -> tuple[NDArray[float64], list[Any]]:
    """Return the cosine of each row's counts (n,), and what each side holds as sparse matrices of 0 and 1."""
    import numpy as np
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(alternate_sign=False, norm=None, dtype=np.float64, **how)
    sides = [vectorizer.transform(texts) for texts in (one, other)]
    lengths = [np.sqrt(side.multiply(side).sum(axis=1)) for side in sides]
    both = np.asarray(sides[0].multiply(sides[1]).sum(axis=1)).ravel()
    cosine = both / np.maximum(np.asarray(lengths[0]).ravel() * np.asarray(lengths[1]).ravel(), 1e-12)
    return cosine, [(side > 0).astype(np.float64) for side in sides]
