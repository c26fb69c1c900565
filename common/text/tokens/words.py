"""Words as spaCy's English tokenizer makes them, each distinct piece of text looked at once.

spaCy's tokenizer splits a text at whitespace and treats every piece for itself, so that a table from piece to tokens
gives the very tokens; natural language repeats its pieces, so that the table answers nearly always. One thing looks
across a space: an emoticon or abbreviation of spaCy's list whose tokens stand in two pieces ("( :") is not one token, and
yet keeps those tokens from being part of another ("( :)"). Such neighbours are looked at as one piece.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from common.text.tokens.rules import SPECIAL, cased, pieces

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

# A word with signs before and after it, as nearly all pieces are.
_WITH_SIGNS = re.compile(r"([^\w\s]*)([a-z]{2,})([^\w\s]*)").fullmatch
_ANY_WORD = "qzqzqz"
# Between pieces that are tokenised together: a character for private use, which no rule of spaCy's knows.
_BETWEEN = "\ue0fa"
_PIECES_AT_ONCE = 20_000
# spaCy takes signs and endings off a piece one by one, and looks at the whole rest each time: 10,000 would take a minute.
_SIGNS, _LONG = re.compile(r"(?:[^\w\s]|_){100}(?=[^\w\s]|_)"), re.compile(r"\S{500}(?=\S)")


class Batch(NamedTuple):
    """The tokens of some texts: numbers of all of them, how many each text has, the tokens that are new."""

    numbers: NDArray[int32]
    lengths: NDArray[int32]
    new: list[str]


class Words:
    """Texts to numbered tokens; a token gets the next number when it is first met."""

    def __init__(self) -> None:
        self._spacy = _spacy_tokenizer()
        self._pieces, self._names = Numbers(), list[str]()  # of the distinct pieces of text
        self._tokens = Numbers()
        # The words in spaCy's list of exceptions, and how signs before and after any other word are split from it.
        self._exceptions = {word for rule in self._spacy.rules for word in re.findall("[a-z]+", rule.lower())}
        self._around: dict[tuple[str, str], list[str]] = {}
        self._bridges = Bridges(self._spacy.rules)
        # The tokens of piece p are _flat[_starts[p]:_starts[p + 1]].
        self._flat, self._starts = array("i"), array("q", [0])

    def __call__(self, texts: Sequence[str]) -> Batch:
        """Return the tokens of n texts."""
        import numpy as np

        n_tokens, n_pieces = len(self._tokens), len(self._pieces)
        numbers, counts = array("i"), []
        for text in texts:
            split = pieces(text)
            counts.append(len(split))
            numbers.extend(map(self._pieces.__getitem__, split))
        self._learn(_latest(self._pieces, len(self._pieces) - n_pieces))
        numbered = np.frombuffer(numbers, dtype=np.int32)
        if len(suspects := self._bridges.suspects(numbered)):
            numbered, counts = self._bridged(numbered, counts, suspects)
        starts = np.frombuffer(self._starts, dtype=np.int64)
        lengths = starts[numbered + 1] - starts[numbered]
        ends = np.cumsum(lengths)
        places = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts[numbered] - ends + lengths, lengths)
        of_text = ends[np.cumsum(counts, dtype=np.int64) - 1] if counts else np.zeros(0, np.int64)
        flat = np.frombuffer(self._flat, dtype=np.int32)[places] if len(places) else np.zeros(0, np.int32)
        return Batch(
            flat, np.diff(of_text, prepend=0).astype(np.int32), _latest(self._tokens, len(self._tokens) - n_tokens)
        )

    def _learn(self, new: Sequence[str]) -> None:
        """Put the tokens of pieces into the table."""
        self._names += new
        for first in range(0, len(new), _PIECES_AT_ONCE):
            parts = [_cased(piece) for piece in new[first : first + _PIECES_AT_ONCE]]
            for (special, lowered), tokens in zip(parts, self._split([lowered for _, lowered in parts]), strict=True):
                self._bridges.learn(special, lowered)
                if special:
                    self._flat.append(self._tokens[special])
                self._flat.extend(map(self._tokens.__getitem__, tokens))
                self._starts.append(len(self._flat))

    def _bridged(
        self, numbered: NDArray[int32], counts: Sequence[int], suspects: NDArray[int64]
    ) -> tuple[NDArray[int32], list[int]]:
        """Return the pieces and how many each text has, with those as one between which a listed word stands."""
        import numpy as np

        merged, gone = numbered.copy(), np.zeros(len(numbered), bool)
        joined: dict[int, list[str]] = {}  # by the place of the first piece
        first = -1
        for left in suspects.tolist():
            piece, following = self._names[numbered[left]], self._names[numbered[left + 1]]
            if self._bridges.between(piece.lower(), following.lower()):
                first = first if gone[left] else left
                joined.setdefault(first, [piece]).append(following)
                gone[left + 1] = True
        n_pieces = len(self._pieces)
        for first, parts in joined.items():
            merged[first] = self._pieces[" ".join(parts)]
        self._learn(_latest(self._pieces, len(self._pieces) - n_pieces))
        lost = np.add.reduceat(gone, np.cumsum([0, *counts[:-1]]), dtype=np.int64)
        return merged[~gone], (np.asarray(counts) - lost).tolist()

    def _split(self, lowered: Sequence[str]) -> Iterator[list[str]]:
        """Yield the tokens of each piece.

        Whitespace is a token. A word is split from the signs around it as any other word, unless spaCy lists it among
        its exceptions: to its rules a letter is just a letter. The rest spaCy splits itself.
        """
        matches = map(_WITH_SIGNS, lowered)
        words = [match if match and match[2] not in self._exceptions else None for match in matches]
        unseen = {(match[1], match[3]): None for match in words if match and (match[1], match[3]) not in self._around}
        others = [
            _LONG.sub(r"\g<0> ", _SIGNS.sub(r"\g<0> ", piece)) if len(piece) > 100 else piece
            for piece, match in zip(lowered, words, strict=True)
            if not match and not piece[0].isspace()
        ]
        tokens_of = self._by_spacy([*(before + _ANY_WORD + after for before, after in unseen), *others])
        self._around |= {signs: next(tokens_of) for signs in unseen}
        for piece, match in zip(lowered, words, strict=True):
            if match:
                yield [token.replace(_ANY_WORD, match[2]) for token in self._around[match[1], match[3]]]
            else:
                yield [piece] if piece[0].isspace() else next(tokens_of)

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


class Bridges:
    """Which neighbouring pieces must be tokenised together; `learn` is told of every piece in the order of its number.

    Few pairs can: those whose last and first characters stand side by side, between two tokens, in a listed word. That
    is read from a table for all pieces of a batch at once.
    """

    def __init__(self, rules: Iterable[str]) -> None:
        import numpy as np

        self._halves = _halves(frozenset(rule.lower() for rule in rules))
        # A character's number is its place among those that meet; 0 is any other.
        self._lasts = {character: n for n, character in enumerate(sorted({last for last, _ in self._halves}), 1)}
        self._firsts = {character: n for n, character in enumerate(sorted({first for _, first in self._halves}), 1)}
        self._meet = np.zeros((len(self._lasts) + 1, len(self._firsts) + 1), bool)
        for last, first in self._halves:
            self._meet[self._lasts[last], self._firsts[first]] = True
        self._last, self._first = array("B"), array("B")

    def learn(self, special: str | None, lowered: str) -> None:
        """Take note of the next piece; what has a special token before it, or is one, begins no half of a word."""
        self._last.append(self._lasts.get(lowered[-1], 0))
        self._first.append(0 if special or lowered in SPECIAL else self._firsts.get(lowered[0], 0))

    def suspects(self, pieces: NDArray[int32]) -> NDArray[int64]:
        """Return the places of those pieces whose last character and the next one's first meet in a listed word."""
        import numpy as np

        last, first = np.frombuffer(self._last, dtype=np.uint8), np.frombuffer(self._first, dtype=np.uint8)
        return np.flatnonzero(self._meet[last[pieces[:-1]], first[pieces[1:]]])

    def between(self, left: str, right: str) -> bool:
        """Return whether a listed word may begin in `left`, or before it, and go on in `right`, or beyond it."""
        return any(
            (left.endswith(before) or before.endswith(left)) and (right.startswith(after) or after.startswith(right))
            for before, after in self._halves[left[-1], right[0]]
        )


@cache  # a process may tokenise several times, always by the same list
def _halves(rules: frozenset[str]) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """Return what stands left and right of each place where a listed word can be cut, by the characters that meet there."""
    from spacy.lang.en import English

    plain: Any = English().tokenizer
    plain.rules = {}
    halves: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for rule in rules:
        tokens = [token.text for token in plain(rule)]
        for n in range(1, len(tokens)):
            left, right = "".join(tokens[:n]), "".join(tokens[n:])
            halves.setdefault((left[-1], right[0]), set()).add((left, right))
    return halves


class Numbers(dict[str, int]):
    """Numbers for texts: each gets the next when it is first asked for."""

    def __missing__(self, key: str) -> int:
        self[key] = number = len(self)
        return number


def _cased(piece: str) -> tuple[str | None, str]:
    """`cased`, also of neighbours that are looked at as one: only the first may have a special token."""
    first, space, following = piece.partition(" ")
    special, lowered = cased(first)
    return special, lowered + space + following.lower()


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
