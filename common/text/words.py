"""Words as spaCy's English tokenizer makes them, each distinct piece of text looked at once.

spaCy's tokenizer splits a text at whitespace and treats every piece for itself, so that a table from piece to tokens
gives the very tokens; natural language repeats its pieces, so that the table answers nearly always.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from common.text.rules import SPECIAL, cased, pieces

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray

# A word with signs before and after it, as nearly all pieces are.
_WITH_SIGNS = re.compile(r"([^\w\s]*)([a-z]{2,})([^\w\s]*)").fullmatch
_ANY_WORD = "qzqzqz"
# Between pieces that are tokenised together: a character for private use, which no rule of spaCy's knows.
_BETWEEN = "\ue0fa"
_PIECES_AT_ONCE = 20_000


class Batch(NamedTuple):
    """The tokens of some texts: numbers of all of them, how many each text has, the tokens that are new."""

    numbers: NDArray[int32]
    lengths: NDArray[int32]
    new: list[str]


class Words:
    """Texts to numbered tokens; a token gets the next number when it is first met."""

    def __init__(self) -> None:
        self._spacy = _spacy_tokenizer()
        self._pieces = Numbers()  # of the distinct pieces of text
        self._tokens = Numbers()
        # The words in spaCy's list of exceptions, and how signs before and after any other word are split from it.
        self._exceptions = {word for rule in self._spacy.rules for word in re.findall("[a-z]+", rule.lower())}
        self._around: dict[tuple[str, str], list[str]] = {}
        # The tokens of piece p are _flat[_starts[p]:_starts[p + 1]].
        self._flat, self._starts = array("i"), array("q", [0])

    def __call__(self, texts: Sequence[str]) -> Batch:
        """Return the tokens of n texts."""
        import numpy as np

        known, seen = len(self._tokens), len(self._pieces)
        numbers, counts = array("i"), []
        for text in texts:
            found = pieces(text)
            counts.append(len(found))
            numbers.extend(map(self._pieces.__getitem__, found))
        self._learn(_latest(self._pieces, len(self._pieces) - seen))
        each = np.frombuffer(numbers, dtype=np.int32)
        starts = np.frombuffer(self._starts, dtype=np.int64)
        lengths = starts[each + 1] - starts[each]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[each] - ends + lengths, lengths)
        of_text = ends[np.cumsum(counts, dtype=np.int64) - 1] if counts else np.zeros(0, np.int64)
        flat = np.frombuffer(self._flat, dtype=np.int32)[places] if len(places) else np.zeros(0, np.int32)
        return Batch(
            flat, np.diff(of_text, prepend=0).astype(np.int32), _latest(self._tokens, len(self._tokens) - known)
        )

    def _learn(self, new: Sequence[str]) -> None:
        """Put the tokens of pieces into the table."""
        for first in range(0, len(new), _PIECES_AT_ONCE):
            parts = [cased(piece) for piece in new[first : first + _PIECES_AT_ONCE]]
            for (special, _), tokens in zip(parts, self._split([lowered for _, lowered in parts]), strict=True):
                if special:
                    self._flat.append(self._tokens[special])
                self._flat.extend(map(self._tokens.__getitem__, tokens))
                self._starts.append(len(self._flat))

    def _split(self, lowered: Sequence[str]) -> Iterator[list[str]]:
        """Yield the tokens of each piece.

        Whitespace is a token. A word is split from the signs around it as any other word, unless spaCy lists it among
        its exceptions: to its rules a letter is just a letter. The rest spaCy splits itself.
        """
        matches = map(_WITH_SIGNS, lowered)
        words = [match if match and match[2] not in self._exceptions else None for match in matches]
        unseen = {(match[1], match[3]): None for match in words if match and (match[1], match[3]) not in self._around}
        others = [piece for piece, match in zip(lowered, words, strict=True) if not match and not piece[0].isspace()]
        found = self._by_spacy([*(before + _ANY_WORD + after for before, after in unseen), *others])
        self._around |= {signs: next(found) for signs in unseen}
        for piece, match in zip(lowered, words, strict=True):
            if match:
                yield [token.replace(_ANY_WORD, match[2]) for token in self._around[match[1], match[3]]]
            else:
                yield [piece] if piece[0].isspace() else next(found)

    def _by_spacy(self, pieces: Sequence[str]) -> Iterator[list[str]]:
        """Yield the tokens of each piece; one document for all, since making one costs more than splitting a piece."""
        if any(_BETWEEN in piece for piece in pieces):
            yield from ([token.text for token in self._spacy(piece)] for piece in pieces)
        elif pieces:
            tokens: list[str] = []
            for token in self._spacy(f" {_BETWEEN} ".join(pieces)):
                if token.text == _BETWEEN:
                    yield tokens
                    tokens = []
                else:
                    tokens.append(token.text)
            yield tokens


class Numbers(dict[str, int]):
    """Numbers for texts: each gets the next when it is first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


def _latest(numbers: Numbers, count: int) -> list[str]:
    return list(islice(reversed(numbers), count))[::-1]


def _spacy_tokenizer() -> Any:
    """Return spaCy's English tokenizer, which leaves the special tokens whole."""
    from spacy.lang.en import English

    tokenizer: Any = English().tokenizer
    tokenizer.vocab.lex_attr_getters = {}  # shape, prefix and the like of every new word, which nobody asks for
    for token in SPECIAL:
        tokenizer.add_special_case(token, [{"ORTH": token}])
    return tokenizer
