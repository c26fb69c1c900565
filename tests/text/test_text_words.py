"""Words: the course's rules and spaCy's tokenizer, token by token as fastai's default path gives them."""

from __future__ import annotations

import random
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.text.tokens import rules
from common.text.tokens.words import Words

TRICKY = (
    "", " ", "\n\n", "a", "I", "I AM HERE", "A.B.C. and U.S.A.", "Great movie", "GREAT!!!", "so gooooood!!!! ...", "Hmm.....",
    "very very very good", "no no", "no no no", "No no no no!", "ha ha ha. ha ha ha", "the the\nthe end", "go\ngo\ngo\n",
    "first<br /><br />Second<br />third", "end.<br /><br />!!! start", "one<br /> two <br />three", "x<br />/ y",
    "he said \\\"hi\\\" &amp; left&nbsp;now &quot;ok&quot; #39;s &#39;t", "10/10, 9.5/10 #1 C:\\dir\\n", "AT&T; &lt;b&gt;",
    "don't can't won't I'm you're it's y'all gonna cannot", ":) :-) :D xD <3 (^_^) ¯\\(ツ)/¯", "e.g. i.e. Mr. Dr. p.m. 5pm 10km",
    "well-made, half-baked -- and---more", "www.imdb.com http://x.org/a_b me@mail.com",
    "naïve Café ÉCOLE ÀB straße İstanbul ΑΣ ΣΑΣ",
    "\x85dot\x85dot\xa0nbsp\tTab\x0bVT \u3000wide \u2028line", "\x96dash\x10",
    "a  b   c", "  lead and trail  ", "\ue0fa \ue0fa x\ue0fay",
    "xxmaj xxbos XXUP xxrep 3 x", "<unk> @.@ a @.@ b @-@ c", "1.000,50 $5.99 £3 5%", "''quoted'' \"double\" ‘curly’ “curly”",
    "(a)[b]{c}", "it.Then,what;now", "O'Brien's rock'n'roll 'cause 90's", "aaa aaa aaa", "333 33 3 3 3", "qzqzqz, (qzqzqz).",
    "word" * 500, "mailto:someone's", "C++ c# .NET",
    "( :)the end", "a ( :)", "( :) ( :)", ": ( :) ( :( ) : x", "Pair'' ''their BACK'' ''return", "Ol 's ol' 's", "( \n:)the",
    ": ( (:- ",
)  # fmt: skip


@cache
def fastai() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fastai's own import, which is not what is tested
        from fastai.text.all import SpacyTokenizer, TokenizeWithRules
    return TokenizeWithRules(SpacyTokenizer())


class Tokenizer:
    """Words, and the tokens that they have met so far."""

    def __init__(self) -> None:
        self.words, self.known = Words(), list[str]()

    def __call__(self, texts: list[str]) -> list[list[str]]:
        batch = self.words(texts)
        self.known += batch.new
        ends = np.cumsum(batch.lengths)
        return [
            [self.known[n] for n in batch.numbers[end - length : end]]
            for end, length in zip(ends, batch.lengths, strict=True)
        ]


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer()


def theirs(texts: list[str]) -> list[list[str]]:
    return [list(tokens) for tokens in fastai()(texts)]


def ours(texts: list[str]) -> list[list[str]]:
    return tokenizer()(texts)


@pytest.mark.parametrize("text", TRICKY, ids=range(len(TRICKY)))
def test_tricky_texts_have_the_courses_tokens(text: str) -> None:
    assert ours([text]) == theirs([text])


# A12: each of these took from 15 seconds to minutes
@pytest.mark.parametrize("unit", [".,", "()", "!?", ":)", "&#39;", "'s", ": ( ", "( :"])
def test_thousands_of_signs_or_endings_in_a_row(unit: str) -> None:
    (short,), (shorter,) = ours([unit * 40]), theirs([unit * 40])
    assert short == shorter
    (tokens,) = ours([unit * 9_000])
    assert "".join(tokens[1:]) == (unit * 9_000).replace("#39;", "'").replace(" ", "")


def test_texts_in_one_batch_do_not_touch_each_other() -> None:
    texts = [*TRICKY, *TRICKY]
    random.Random(0).shuffle(texts)
    assert Tokenizer()(texts) == theirs(texts)


SHOWN = (
    "the The THE a I it's don't U.S. Mr. movie movie's well-made 10 1.5 9/10 so so Ha ha :) ... . , ! ?! !!! -- - \" ' ( ) "
    '/ # \\ & &amp; <br /> xxmaj naïve É e.g. gonna cannot 1990s o\'clock "good" *bad* (so)'
)
WORDS = st.sampled_from((*SHOWN.split(), "\n", "\t", "\xa0", "<br\xa0/>"))
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from((" ", " ", " ", "", "  ", "\n", "<br /><br />"))), max_size=25)


SIGNED = "( ) : ; - = 8 < 3 ' '' . _ o s (: :) :( the X"
EMOTICONS = st.sampled_from(SIGNED.split())


@settings(max_examples=150)
@given(st.lists(st.tuples(EMOTICONS, st.sampled_from((" ", " ", "", "\n"))), max_size=15))
def test_emoticons_in_pieces_have_the_courses_tokens(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in parts)
    assert ours([text, "x", text]) == theirs([text, "x", text])


@settings(max_examples=150)
@given(TEXTS)
def test_any_text_of_such_pieces_has_the_courses_tokens(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + space for word, space in parts)
    assert ours([text]) == theirs([text])


@settings(max_examples=150)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cn")), max_size=60))
def test_any_text_has_the_courses_tokens(text: str) -> None:
    assert ours([text]) == theirs([text])


SIGNS = "!\"$%&'()*+,-.:;<=>?@[]^_`{|}~…“”‘’–—«»°€£"


@settings(max_examples=200)
@given(
    st.text(SIGNS, max_size=4),
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9),
    st.text(SIGNS, max_size=4),
)
def test_a_word_between_signs_is_split_as_any_other(before: str, word: str, after: str) -> None:
    piece = before + word + after
    assert ours([piece]) == theirs([piece])


def test_the_rules_name_the_courses_special_tokens() -> None:
    fastai()
    from fastai.text.all import defaults

    assert list(rules.SPECIAL) == list(defaults.text_spec_tok)


def test_a_token_is_new_once() -> None:
    made = Words()
    first, second = made(["good film", "good"]), made(["film bad good"])
    assert sorted(first.new) == ["film", "good", "xxbos"]
    assert second.new == ["bad"]
    assert first.lengths.tolist() == [3, 2] and second.lengths.tolist() == [4]


def test_no_texts_are_no_tokens() -> None:
    batch = Words()([])
    assert batch.numbers.tolist() == [] and batch.lengths.tolist() == [] and batch.new == []
