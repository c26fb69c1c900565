"""Texts as token ids: made once for the same texts and settings, on all processors, read as memory maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from annotated_types import Ge

from common.cache import cached, entry_name
from common.data import ragged
from common.data.ragged import Ragged
from common.progress import Progress
from common.settings import PositiveInt, Settings, plain
from common.text.tokens import vocabulary as vocabularies
from common.text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMAT = 3  # of the cache; goes up with every change of what is in it


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
        cache: the folder of the cache, see `common.cache`.
        settings: kind and size of the vocabulary; the course's by default.
        vocabulary: an existing one; without it one is made of the texts.
        progress: shows how far it is.
        workers: processes; by default as many as there are processors, and none for a few texts.

    Raises:
        DeviceError: if the disk is full, or a worker is killed for want of memory.
    """
    from importlib import metadata

    import numpy as np

    from common.text.tokens import subwords
    from common.text.tokens import workers as pool

    settings, progress = settings or TextSettings(), progress or Progress()

    def make(folder: Path) -> None:
        own = vocabulary
        if settings.tokens == "subwords" if own is None else own.model is not None:
            own = own or subwords.train(texts, settings.max_vocab, progress)
            ids, lengths = subwords.encode(texts, own, progress)
        else:
            numbers, lengths, tokens = pool.tokenise(texts, progress, workers)
            own = own or _counted(numbers, tokens, settings)
            of_number = np.array([own.ids.get(token, own.unknown) for token in tokens], dtype=own.dtype)
            ids = of_number[numbers]
        ragged.save(Ragged(ids.astype(own.dtype, copy=False), ragged.offsets_of(lengths)), folder)
        own.save(folder / vocabularies.FILE)

    versions = [metadata.version(name) for name in ("spacy", "tokenizers")]
    about = [_FORMAT, plain(settings), versions, vocabulary and vocabulary.digest]
    return cached(
        cache, entry_name("text", about, texts), make, _read,
        on_wait=lambda: progress.say("tokenise: waiting for another process that does the same"),
    )  # fmt: skip


def _read(folder: Path) -> Corpus:
    return Corpus(*ragged.load(folder), Vocabulary.load(folder / vocabularies.FILE))


def _counted(numbers: NDArray[Any], tokens: list[str], settings: TextSettings) -> Vocabulary:
    """Return the vocabulary of numbered tokens, which are any numbers as yet."""
    import numpy as np
    import pandas as pd

    order = pd.unique(numbers)  # as they first appear
    counts = np.bincount(numbers, minlength=len(tokens))[order]
    return vocabularies.from_counts(
        [tokens[number] for number in order], counts, min_freq=settings.min_freq, max_vocab=settings.max_vocab
    )
