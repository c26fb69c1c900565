"""Rows that are nearly the same, found in time linear in the rows.

Text is compared by the Jaccard similarity of its character n-grams. MinHash estimates it, rows that may be alike meet in
the buckets of locality-sensitive hashing (Broder 1997; Indyk and Motwani 1998), and what that proposes is verified.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Signatures = NDArray[np.uint32]

_HASHES, _BANDS = 32, 8  # bands of four: texts of similarity 0.8 meet with 98 %, of 0.3 with 6 %
_ALIKE = 0.7  # one letter changed in a phrase of fifteen; different reviews of a film stay below 0.4
_PROPOSED = 0.6  # by the hashes, whose estimate of 0.7 has a standard error of 0.08
_LONG = 200  # characters from which 5-grams are compared: long texts share most 3-grams by chance
_CHUNK = 1 << 19  # characters hashed at once, so that the work stays in the processor's cache
_PRECISION = 0.001  # of a number column's standard deviation
_WORD = re.compile(r"\w+")


def near_duplicates(rows: pd.DataFrame, folds: NDArray[Any], ordered: bool) -> NDArray[np.intp]:
    """Return for each validation row a nearly identical row that its fold trains on, or -1; shape (n,).

    Text columns of several words are alike from a Jaccard similarity of 0.7 on, once case, punctuation and the order
    of words are taken away; other columns must agree, numbers to a thousandth of their standard deviation. The hashes
    only propose pairs: each one is verified on its n-grams, so that no pair is invented. A row is compared with at most
    two others per bucket, so that some near duplicates may be missed.
    """
    import numpy as np

    exact, texts = np.zeros(len(rows), dtype=np.uint64), []
    for name in rows:
        codes, words = _read(rows[name])
        if words is None:
            exact = _mixed(exact, codes)
        else:
            texts.append((codes, words, _signatures(words)))

    # Rows in order of their folds: a stable sort by bucket keeps each fold's rows of a bucket together.
    by_fold = np.argsort(folds, kind="stable")
    duplicate_of = np.full(len(rows), -1, dtype=np.intp)
    for band in range(_BANDS if texts else 1):
        bucket = exact
        for codes, _, signatures in texts:
            bucket = _mixed(bucket, _band(signatures, band)[codes])
        for row, other in _neighbours(bucket, folds, by_fold):
            useful = (folds[row] >= 0) & (duplicate_of[row] < 0)
            if ordered:
                useful &= folds[other] < folds[row]
            row, other = row[useful], other[useful]
            for codes, words, signatures in texts:
                alike = (signatures[codes[row]] == signatures[codes[other]]).mean(axis=1) >= _PROPOSED
                row, other = row[alike], other[alike]
                alike = _similar(words, codes[row], codes[other])
                row, other = row[alike], other[alike]
            duplicate_of[row] = other
    return duplicate_of


def _similar(words: list[str], left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return which pairs of texts, given by their codes, share enough of their n-grams; every pair is looked at once."""
    import numpy as np

    pairs, positions = np.unique(np.stack((left, right), axis=1), axis=0, return_inverse=True)
    alike = [one == other or _jaccard(words[one], words[other]) >= _ALIKE for one, other in pairs.tolist()]
    return np.array(alike, dtype=bool)[positions.reshape(-1)]


def _jaccard(left: str, right: str) -> float:
    one, other = _grams(left), _grams(right)
    return len(one & other) / len(one | other)


def _grams(text: str) -> set[str]:
    size = _gram_size(text)
    padded = _padded(text, size)
    return {padded[start : start + size] for start in range(len(padded) - size + 1)}


def _gram_size(text: str) -> int:
    return 3 if len(text) < _LONG else 5


def _padded(text: str, size: int) -> str:
    """Return a text whose first and last word are whole n-grams; one of no letters still has one."""
    return f" {text}{' ' * (size - 1)}"


def _neighbours(
    bucket: NDArray[np.uint64], folds: NDArray[Any], by_fold: NDArray[np.intp]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield pairs of rows in the same bucket but different folds: each row with the nearest fold below and above."""
    import numpy as np

    order = by_fold[np.argsort(bucket[by_fold], kind="stable")]
    keys, sides = bucket[order], folds[order]
    starts = np.flatnonzero(np.r_[True, (keys[1:] != keys[:-1]) | (sides[1:] != sides[:-1])])  # of (bucket, fold)
    run = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(keys)]))
    ends = np.r_[starts[1:], len(keys)] - 1
    before, after = ends[np.maximum(run - 1, 0)], starts[np.minimum(run + 1, len(starts) - 1)]
    for other in (before, after):
        pair = (keys[other] == keys) & (sides[other] != sides)
        yield order[pair], order[other[pair]]


def _read(values: pd.Series[Any]) -> tuple[NDArray[np.intp], list[str] | None]:
    """Return codes of a column's values, and for text the normalised text of each code (None: compare codes)."""
    import numpy as np
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        spread = np.std(numbers[np.isfinite(numbers)]) if np.isfinite(numbers).any() else 0.0
        return pd.factorize(np.round(numbers / (spread * _PRECISION or 1.0)))[0], None
    if pd.api.types.is_datetime64_any_dtype(values):
        return pd.factorize(values)[0], None
    codes, names = pd.factorize(values.astype(object))
    raw = [str(name) for name in names] + [""]  # -1, a missing value, is the last
    if sum(map(_has_space, raw)) * 2 > len(raw):
        return codes, [" ".join(sorted(set(_WORD.findall(text.casefold())))) for text in raw]
    # Names, codes and paths: what differs in one character is another thing.
    return pd.factorize(np.array([text.casefold().strip() for text in raw], dtype=object))[0][codes], None


def _has_space(text: str) -> bool:
    return any(map(str.isspace, text.strip()))


def _mixed(key: NDArray[np.uint64], value: NDArray[Any]) -> NDArray[np.uint64]:
    """Return a key of both, spread over 64 bits (the finaliser of SplitMix64)."""
    import numpy as np

    mixed = (key * np.uint64(0x9E3779B97F4A7C15)) ^ value.astype(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _band(signatures: Signatures, band: int) -> NDArray[np.uint64]:
    import numpy as np

    key = np.zeros(len(signatures), dtype=np.uint64)
    for hashed in signatures[:, band::_BANDS].T:
        key = _mixed(key, hashed)
    return key


def _signatures(texts: list[str]) -> Signatures:
    """Return the MinHash signature of each text, shape (texts, hashes)."""
    import numpy as np

    signatures = np.empty((len(texts), _HASHES), dtype=np.uint32)
    sizes = np.fromiter(map(_gram_size, texts), dtype=np.intp, count=len(texts))
    for size in set(sizes.tolist()):
        chosen = np.flatnonzero(sizes == size)
        padded = [_padded(texts[number], size) for number in chosen]
        ends = np.fromiter(accumulate(map(len, padded)), dtype=np.intp, count=len(padded))
        cuts = np.flatnonzero(np.diff(ends // _CHUNK, prepend=0)).tolist()
        for first, last in zip([0, *cuts], [*cuts, len(padded)], strict=True):
            if first < last:
                signatures[chosen[first:last]] = _minhash(padded[first:last], size)
    return signatures


def _minhash(texts: list[str], size: int) -> Signatures:
    """Return the least value of each hash function over the n-grams of each text."""
    import numpy as np

    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    lengths = np.fromiter(map(len, texts), dtype=np.intp, count=len(texts))
    grams = np.zeros(len(letters) - size + 1, dtype=np.uint64)
    for shift in range(size):
        grams = grams * np.uint64(0x100000001B3) + letters[shift : len(grams) + shift]
    inside = np.ones(len(letters), dtype=bool)  # n-grams that would reach into the next text are left out
    for shift in range(1, size):
        inside[np.cumsum(lengths) - shift] = False
    hashed = (_mixed(np.zeros_like(grams), grams) >> np.uint64(32)).astype(np.uint32)[inside[: len(grams)]]
    starts = np.r_[0, np.cumsum(lengths - size + 1)[:-1]]

    rng = np.random.default_rng(0)
    factors, shifts = rng.integers(0, 2**32, (2, _HASHES), dtype=np.uint32)
    least = [np.minimum.reduceat(hashed * (a | np.uint32(1)) + b, starts) for a, b in zip(factors, shifts, strict=True)]
    return np.stack(least, axis=1)
