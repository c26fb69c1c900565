"""The n-grams of texts: counted once for all folds, without looking at an answer.

`prepare` gives every row a column of the numbers of its n-grams, which is all that the linear model reads.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.errors import DataError, RunError
from common.files import atomic_folder
from common.model import Context
from common.text.settings import NGrams
from common.text.task import TextTask
from common.text.tokens.corpus import Corpus, TextSettings, numericalise
from common.text.tokens.rules import SPECIAL
from common.text.tokens.vocabulary import FILE, Vocabulary

if TYPE_CHECKING:
    from numpy import int64
    from numpy.typing import NDArray
    from pandas import DataFrame

COLUMN = "ngrams"
FOLDER, KEYS = "ngrams", "keys.npy"  # in a run's folder
# Ids are put side by side in 63 bits: up to `settings.MAX_N` words from two million.
_BITS = 21
_SETTINGS = TextSettings(min_freq=2, max_vocab=(1 << _BITS) - 16)


def prepare(frames: Frames, task: TextTask, settings: NGrams, context: Context) -> Frames:
    """Return the frames with the numbers of each row's n-grams, and keep in the run's folder which n-grams count.

    The training rows alone decide which do, so that a run means the same for every test set; once decided, the run's own
    vocabulary counts, in whichever order the same rows come again.

    Raises:
        DataError: if no word is in enough of the training rows.
        RunError: if there is nothing to train on, and the run has no n-grams.
    """
    folder, corpus = context.run / FOLDER, None

    def tokenised(frame: DataFrame, vocabulary: Vocabulary | None) -> Corpus:
        return numericalise(
            task.joined(frame), cache=context.cache, settings=_SETTINGS, vocabulary=vocabulary,
            progress=context.progress,
        )  # fmt: skip

    if not folder.is_dir():
        if frames.train is None:
            raise RunError(f"{context.run} holds no n-grams; the run is not whole, train it again")
        corpus = tokenised(frames.train, None)
        with atomic_folder(folder) as part:
            corpus.vocabulary.save(part / FILE)
            _save_frequent(corpus, settings, part)
    vocabulary, keys = load(context.run)

    def numbered(frame: DataFrame, corpus: Corpus | None = None) -> DataFrame:
        return _numbered(frame, corpus or tokenised(frame, vocabulary), keys, settings.max_n)

    train = None if frames.train is None else numbered(frames.train, corpus)
    return replace(frames, train=train, test=numbered(frames.test))


def load(run: Path) -> tuple[Vocabulary, NDArray[int64]]:
    """Return a run's vocabulary and the keys of its n-grams (k,), sorted."""
    import numpy as np

    return Vocabulary.load(run / FOLDER / FILE), np.load(run / FOLDER / KEYS, allow_pickle=False)


def matrix(rows: Any, size: int) -> Any:
    """Return which n-grams occur in n texts as a sparse matrix (n, size) of ones, from their numbers."""
    import numpy as np
    from scipy.sparse import csr_matrix

    rows = list(rows)
    ends = np.cumsum([0, *map(len, rows)])
    numbers = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    return csr_matrix((np.ones(len(numbers), np.float32), numbers, ends), shape=(len(rows), size))


def spelt(keys: NDArray[int64], vocabulary: Vocabulary) -> list[str]:
    """Return n-grams as text."""
    return [
        " ".join(
            vocabulary.tokens[word - 1] for place in (2, 1, 0) if (word := int(key) >> place * _BITS & (1 << _BITS) - 1)
        )
        for key in keys
    ]


def _save_frequent(corpus: Corpus, settings: NGrams, folder: Path) -> None:
    """Write the n-grams that occur in enough texts."""
    import numpy as np
    import pandas as pd

    keys, rows = _keys(corpus, settings.max_n)
    codes, distinct = pd.factorize(keys)
    # A pair of text and n-gram counts once.
    pairs = pd.unique(rows * len(distinct) + codes)
    texts = np.bincount(pairs % len(distinct), minlength=len(distinct)) if len(pairs) else np.zeros(0)
    if not (enough := texts >= settings.min_df).any():
        raise DataError(
            f"no word is in {settings.min_df} of the {len(corpus):,} training texts; if they are not empty, --set ngrams.min_df=1"
        )
    np.save(folder / KEYS, np.sort(distinct[enough]), allow_pickle=False)


def _numbered(frame: DataFrame, corpus: Corpus, keys: NDArray[int64], max_n: int) -> DataFrame:
    """Return the frame with the numbers of each row's n-grams, each once, sorted."""
    import numpy as np
    import pandas as pd

    own, rows = _keys(corpus, max_n)
    numbers = pd.Index(keys).get_indexer(pd.Index(own))
    counts = numbers >= 0
    pairs = np.sort(pd.unique(rows[counts] * (len(keys) or 1) + numbers[counts]))
    of_row, numbers = np.divmod(pairs, len(keys) or 1)
    ends = np.searchsorted(of_row, np.arange(len(frame) + 1))
    numbers = numbers.astype(np.int32)
    by_row = [numbers[first:last] for first, last in pairwise(ends)]
    return frame.assign(**{COLUMN: pd.Series(by_row, index=frame.index, dtype=object)})


def _keys(corpus: Corpus, max_n: int) -> tuple[NDArray[int64], NDArray[int64]]:
    """Return the key of every n-gram of up to `max_n` words, and the text in which it stands.

    The marks of capitals and repetitions are no words; what is unknown is one, as it keeps its neighbours apart.
    """
    import numpy as np

    words = corpus.flat.astype(np.int64)
    rows = np.repeat(np.arange(len(corpus)), corpus.lengths)
    is_word = (words >= len(SPECIAL)) | (words == corpus.vocabulary.unknown)
    words, rows = words[is_word] + 1, rows[is_word]
    key, keys, texts = words, [words], [rows]
    for length in range(2, max_n + 1):
        key = key[:-1] << _BITS | words[length - 1 :]
        within = rows[: len(key)] == rows[length - 1 :]
        keys.append(key[within])
        texts.append(rows[: len(key)][within])
    return np.concatenate(keys), np.concatenate(texts)
