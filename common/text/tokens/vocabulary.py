"""Which id stands for which token: made from counts, kept in a file, compared by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import BackboneError
from common.files import atomic_write
from common.text.tokens.rules import SPECIAL, UNK

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FILE = "vocabulary.json"
FILLER = "xxfake"  # the course fills a vocabulary up to a multiple of eight, which suits the hardware
_MULTIPLE = 8


@dataclass(frozen=True)
class Vocabulary:
    """The tokens in the order of their ids.

    `tokens` are n distinct tokens but for the filler at the end; `model` is the JSON of a `tokenizers` model if they are
    subwords. The special tokens come first: xxunk is 0, xxpad is 1, xxbos is 2.
    """

    tokens: tuple[str, ...]
    model: str | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every token; the filler has none."""
        return {token: number for number, token in enumerate(self.tokens) if token != FILLER}

    @property
    def unknown(self) -> int:
        """The id of what is in no vocabulary."""
        return self.ids[UNK]

    @property
    def dtype(self) -> str:
        """The smallest type that holds every id: two bytes for the usual sizes, which halves what is read."""
        return "uint16" if len(self) <= 1 << 16 else "int32"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all of it: two vocabularies with the same digest are the same."""
        return hashlib.sha256(self._json().encode()).hexdigest()

    @cached_property
    def tokenizer(self) -> Any:
        """The `tokenizers` model of a vocabulary of subwords."""
        from tokenizers import Tokenizer

        return Tokenizer.from_str(self.model or "")

    def decode(self, ids: Iterable[int]) -> str:
        """Return ids as text, special tokens as words of their own."""
        if self.model is None:
            return " ".join(self.tokens[number] for number in ids)
        text = ""
        for special, group in groupby(map(int, ids), lambda number: number < len(SPECIAL)):
            numbers = list(group)
            text += "".join(f" {SPECIAL[n]}" for n in numbers) if special else self.tokenizer.decode(numbers)
        return text.strip()

    def save(self, path: Path) -> None:
        """Write a JSON file, whole or not at all."""
        with atomic_write(path, "w") as handle:
            handle.write(self._json())

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """Read what `save` wrote.

        Raises:
            BackboneError: if it is missing or broken.
        """
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(content["tokens"]), content["model"])
        except (OSError, ValueError, KeyError, TypeError):
            raise BackboneError(f"{path} is no vocabulary; it was not written whole, make it again") from None

    def _json(self) -> str:
        # Lone surrogates, which a broken file may hold, cannot be written as UTF-8 but as ASCII escapes.
        return json.dumps({"tokens": self.tokens, "model": self.model})


def from_counts(tokens: Sequence[str], counts: ArrayLike, *, min_freq: int, max_vocab: int) -> Vocabulary:
    """Return the course's vocabulary: special tokens, then the most frequent.

    Args:
        tokens: n distinct tokens in the order of their first appearance, which decides between equals.
        counts: how often each occurs (n,).
        min_freq: rarer tokens are left out.
        max_vocab: tokens in all, special ones counted, filler not.
    """
    import numpy as np

    counted = np.asarray(counts)
    order = np.argsort(-counted, kind="stable")[:max_vocab]
    frequent = [tokens[number] for number in order if counted[number] >= min_freq and tokens[number] not in SPECIAL]
    tokens = [*SPECIAL, *frequent][:max_vocab]
    return Vocabulary((*tokens, *[FILLER] * (_MULTIPLE - len(tokens) % _MULTIPLE)))
