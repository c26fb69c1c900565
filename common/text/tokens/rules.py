r"""The course's rules for text, in the course's order, made to cost little where they change nothing.

    &amp; &quot; <br /> …     HTML and the remains of it become characters
    !!!!                      → xxrep 4 !
    very very very            → xxwrep 3 very
    / # \                     get spaces around them; runs of spaces become one
    GREAT                     → xxup great
    Great                     → xxmaj great
    everything                → xxbos and lower case

Source: fastai's default rules (Howard and Gugger, "fastai: A Layered API for Deep Learning", 2020, section 5.2). The tests
hold what is written here against them, text by text.
"""

from __future__ import annotations

import html
import re
from itertools import islice
from operator import eq

UNK, PAD, BOS, EOS, FLD, REP, WREP, UP, MAJ = SPECIAL = (
    "xxunk",
    "xxpad",
    "xxbos",
    "xxeos",
    "xxfld",
    "xxrep",
    "xxwrep",
    "xxup",
    "xxmaj",
)

SPACE = "▁"  # stands for a space inside a token: tokens are joined by spaces

# Signs of HTML and of what is left of it, in this order: "amp;#39;" does not become "'" in the course's recipe either.
# The first of each is looked for first, since finding one character is all but free and most texts have no remains.
_REMAINS = (
    (";", "#39;", "'"), (";", "amp;", "&"), (";", "#146;", "'"), (";", "nbsp;", " "), (";", "#36;", "$"),
    ("\\", "\\n", "\n"), (";", "quot;", "'"), ("<", "<br />", "\n"), ("\\", '\\"', '"'), ("<", "<unk>", UNK),
    ("@", " @.@ ", "."), ("@", " @-@ ", "-"), ("...", "...", " …"),
)  # fmt: skip
_THRICE = re.compile(r"(\S)\1\1+")
_SAME_WORDS = re.compile(r"(?:\s|^)(\w+)\s+((?:\1\s+)+)\1(\s|\W|$)")
_SPACES = re.compile(r" {2,}")
_OTHER_SPACE = re.compile(r"([^\S ]\s*)")  # whitespace from the first on that is no space
_CAPITALS = re.compile(r"[A-Z]+[^a-z\s]*").fullmatch
_CAPITALISED = re.compile(r"[A-Z][^A-Z\s]*").fullmatch


def pieces(text: str) -> list[str]:
    """Return what stands between spaces in a text once the rules that look beyond one piece are through.

    Whitespace other than a single space is a piece of its own, as it is a token of its own; spaces in it are `SPACE`.
    """
    for sign, remains, character in _REMAINS:
        if sign in text:
            text = text.replace(remains, character)
    text = html.unescape(text)
    if _THRICE.search(text):
        text = _THRICE.sub(_counted, text)
    words, twice = _split(text)
    if twice and _SAME_WORDS.search(text):
        words, _ = _split(_SAME_WORDS.sub(_counted_words, text))
    return words


def _split(text: str) -> tuple[list[str], bool]:
    """Return the pieces of a text, and whether one stands twice in a row, be it across lines."""
    for mark in "/#\\":
        if mark in text:
            text = text.replace(mark, f" {mark} ")
    if "  " in text:
        text = _SPACES.sub(" ", text)
    text = text.strip()
    if not text:
        return [BOS], False
    if text.isprintable():  # every whitespace but the space is unprintable
        words = [BOS, *text.split(" ")]
        return words, any(map(eq, words, islice(words, 1, None)))
    first, *rest = _OTHER_SPACE.split(text)
    words = [BOS, *first.rstrip(" ").split(" ")]
    across = False
    for space, line in zip(rest[::2], rest[1::2], strict=True):
        following = line.rstrip(" ").split(" ")
        across |= words[-1] == following[0]
        words += space.replace(" ", SPACE), *following
    return words, across or any(map(eq, words, islice(words, 1, None)))


def cased(piece: str) -> tuple[str | None, str]:
    """Return the special token that says how a piece was written, if any, and the piece in lower case."""
    lowered = piece.lower()
    if _CAPITALS(piece):
        return (UP if len(piece) > 1 else None), lowered
    return (MAJ if _CAPITALISED(piece) else None), lowered


def _counted(match: re.Match[str]) -> str:
    return f" {REP} {len(match[0])} {match[1]} "


def _counted_words(match: re.Match[str]) -> str:
    return f" {WREP} {len(match[2].split()) + 2} {match[1]} {match[3]}"
