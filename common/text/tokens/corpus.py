"""Texts as token ids: made once for the same texts and settings, on all processors, read as memory maps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from common.data import ragged
from common.data.ragged import Ragged
from common.files import made_once
from common.progress import Progress
from common.settings import PositiveInt, Settings
from common.text.tokens import vocabulary as vocabularies
from common.text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMAT = 2  # of the cache; goes up with every change of what is in it


@dataclass(frozen=True, kw_only=True)
class TextSettings(Settings):
    """How texts become ids."""

    tokens: Literal["words", "subwords"] = "words"
    """Subwords need no xxunk, and a smaller vocabulary does."""
    min_freq: PositiveInt = 3
    """Rarer words become xxunk: two occurrences teach nothing."""
    max_vocab: Annotated[int, Ge(16)] = 60_000
    """More would be rare words, whose rows are most of the model."""


@dataclass(frozen=True)
class Corpus(Ragged):
    """The ids of n texts, a row each, and what they stand for."""

    vocabulary: Vocabulary

    def ids(self, row: int) -> NDArray[Any]:
        """Return the ids of one text, a view."""
        return self[row]


def numericalise(
    texts: Sequence[str],
    *,
    cache: Path,
    settings: TextSettings | None = None,
    vocabulary: Vocabulary | None = None,
    progress: Progress | None = None,
    workers: int | None = None,
) -> Corpus:
    """Return the ids of each text, from the cache if they were made before.

    Args:
        texts: n texts; any may be empty.
        cache: the folder of the cache; one folder per texts and settings is made in it.
        settings: kind and size of the vocabulary; the course's by default.
        vocabulary: one that is there already; without it one is made of the texts.
        progress: told how far it is.
        workers: processes; by default as many as there are processors, and none for a few texts.

    Raises:
        DeviceError: if the disk is full, or a worker is killed for want of memory.
    """
    settings, progress = settings or TextSettings(), progress or Progress()

    def make(folder: Path) -> None:
        made = _make(texts, settings, vocabulary, progress, workers)
        ragged.save(made, folder)
        made.vocabulary.save(folder / vocabularies.FILE)

    folder = cache / f"text-{_key(texts, settings, vocabulary)}"
    made_once(folder, make, lambda: progress.say("tokenise: waiting for another process's texts"))
    return Corpus(*ragged.load(folder), Vocabulary.load(folder / vocabularies.FILE))


def _make(
    texts: Sequence[str], settings: TextSettings, vocabulary: Vocabulary | None, progress: Progress, workers: int | None
) -> Corpus:
    from common.text.tokens import subwords
    from common.text.tokens import workers as pool

    kind = settings.tokens if vocabulary is None else vocabulary.kind
    if kind == "subwords":
        vocabulary = vocabulary or subwords.train(texts, settings.max_vocab, progress)
        return _corpus(*subwords.encode(texts, vocabulary, progress), vocabulary)
    numbers, lengths, tokens = pool.tokenise(texts, progress, workers)
    return _numericalised(numbers, lengths, tokens, settings, vocabulary)


def _numericalised(
    numbers: NDArray[Any],
    lengths: NDArray[Any],
    tokens: list[str],
    settings: TextSettings,
    vocabulary: Vocabulary | None,
) -> Corpus:
    """Return the ids of numbered tokens, which are any numbers as yet."""
    import numpy as np
    import pandas as pd

    if vocabulary is None:
        order = pd.unique(numbers)  # as they first appear
        counts = np.bincount(numbers, minlength=len(tokens))[order]
        vocabulary = vocabularies.from_counts(
            [tokens[place] for place in order], counts, min_freq=settings.min_freq, max_vocab=settings.max_vocab
        )
    ids, unknown = vocabulary.ids, vocabulary.unknown
    of_number = np.array([ids.get(token, unknown) for token in tokens], dtype=_smallest(vocabulary))
    return _corpus(of_number[numbers], lengths, vocabulary)


def _corpus(flat: NDArray[Any], lengths: NDArray[Any], vocabulary: Vocabulary) -> Corpus:
    return Corpus(flat.astype(_smallest(vocabulary), copy=False), ragged.offsets_of(lengths), vocabulary)


def _smallest(vocabulary: Vocabulary) -> str:
    """Return the type that holds every id: two bytes for the usual sizes, which halves what is read."""
    return "uint16" if len(vocabulary) <= 1 << 16 else "int32"


def _key(texts: Sequence[str], settings: TextSettings, vocabulary: Vocabulary | None) -> str:
    """Return what tells one cached corpus from another: texts, settings, and the libraries that split words."""
    from importlib import metadata

    versions = [metadata.version(name) for name in ("spacy", "tokenizers")]
    what = [_FORMAT, settings.__dict__, versions, vocabulary and vocabulary.digest]
    digest = hashlib.sha256(json.dumps(what).encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d " % len(raw))  # so that where one text ends is part of it
        digest.update(raw)
    return digest.hexdigest()[:24]
