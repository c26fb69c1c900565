"""Pieces of words: a byte-level BPE model trained on the texts themselves.

Rare words are spelt out of pieces instead of becoming xxunk, so that a vocabulary half as large knows every word. The course's
rules run first, as they do before words. Source: Sennrich et al. 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.progress import Progress, Task
from common.text.tokens.rules import SPECIAL, cased, pieces
from common.text.tokens.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray

_TEXTS_AT_ONCE = 1_000


def train(texts: Sequence[str], size: int, progress: Progress) -> Vocabulary:
    """Return a vocabulary of at most `size` subwords of n texts, special tokens first."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken(token, lstrip=True) for token in SPECIAL],  # the space before it is no token
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # every byte, so that nothing is unknown
        show_progress=False,
    )
    with progress.task("train subwords", len(texts), "texts") as task:
        model.train_from_iterator((_counted(text, task) for text in texts), trainer, length=len(texts))
    ids = model.get_vocab()
    return Vocabulary(tuple(sorted(ids, key=ids.__getitem__)), model.to_str())


def encode(texts: Sequence[str], vocabulary: Vocabulary, progress: Progress) -> tuple[NDArray[int32], NDArray[int32]]:
    """Return the ids of all texts, one after another, and how many each has."""
    import numpy as np

    flat, lengths = [np.zeros(0, np.int32)], []
    with progress.task("tokenise", len(texts), "texts") as task:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            block = [prepared(text) for text in texts[start : start + _TEXTS_AT_ONCE]]
            for encoding in vocabulary.tokenizer.encode_batch_fast(block):
                flat.append(np.array(encoding.ids, dtype=np.int32))
                lengths.append(len(encoding.ids))
            task.advance(len(block))
    return np.concatenate(flat), np.array(lengths, dtype=np.int32)


def prepared(text: str) -> str:
    """Return a text as the model sees it: the course's rules applied, pieces joined by spaces."""
    words = (f"{special} {lowered}" if special else lowered for special, lowered in map(cased, pieces(text)))
    return " ".join(words)


def _counted(text: str, task: Task) -> str:
    task.advance(1)
    return prepared(text)
