"""Corpora: the course's ids, made once, on all processors, whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import registry
from common.errors import BackboneError, DeviceError, SettingError
from common.text import Corpus, TextSettings, Vocabulary, numericalise
from common.text.tokens import workers
from common.text.tokens.rules import SPECIAL
from common.text.tokens.vocabulary import from_counts

TEXTS = [
    "A good film, a GOOD one.<br /><br />Really good!!!", "Bad, bad, bad.", "", "Not a bad film: the ending is good...",
    "I don't know; it's a film.", "good", "\n\n",
]  # fmt: skip


def made(
    texts: list[str], cache: Path, workers: int | None = None, vocabulary: Vocabulary | None = None, **changes: Any
) -> Corpus:
    settings = TextSettings(**{"min_freq": 1, **changes})
    return numericalise(texts, cache=cache, settings=settings, vocabulary=vocabulary, workers=workers)


def same(one: Corpus, other: Corpus) -> bool:
    return (
        np.array_equal(one.flat, other.flat)
        and np.array_equal(one.offsets, other.offsets)
        and one.vocabulary.digest == other.vocabulary.digest
    )


def fastai() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fastai's own import, which is not what is tested
        from fastai.text import all as everything
    return everything


@pytest.mark.slow
@pytest.mark.parametrize("min_freq", [1, 2, 3])
def test_vocabulary_and_ids_are_the_courses(tmp_path: Path, min_freq: int) -> None:
    text = fastai()
    corpus = made(TEXTS, tmp_path, min_freq=min_freq)
    tokens = [list(review) for review in text.TokenizeWithRules(text.SpacyTokenizer())(TEXTS)]
    vocabulary = text.make_vocab(Counter(token for review in tokens for token in review), min_freq=min_freq)
    assert list(corpus.vocabulary.tokens) == vocabulary
    numericalise = text.Numericalize(vocabulary)
    for row, review in enumerate(tokens):
        assert corpus.ids(row).tolist() == numericalise(review).tolist()
    assert corpus.lengths.tolist() == [len(review) for review in tokens]


@settings(max_examples=60)
@given(st.lists(st.sampled_from("abcdefghijkl"), max_size=60), st.integers(1, 3), st.integers(10, 24))
def test_any_counts_give_the_courses_vocabulary(tokens: list[str], min_freq: int, max_vocab: int) -> None:
    counts = Counter([*tokens, "xxmaj", "xxbos"])
    found = from_counts(list(counts), list(counts.values()), min_freq=min_freq, max_vocab=max_vocab)
    assert list(found.tokens) == fastai().make_vocab(counts, min_freq=min_freq, max_vocab=max_vocab)


def test_a_corpus_is_a_map_of_two_bytes_a_token(tmp_path: Path) -> None:
    corpus = made(TEXTS, tmp_path)
    assert isinstance(corpus.flat, np.memmap) and corpus.flat.dtype == np.uint16
    assert len(corpus) == len(TEXTS)
    assert corpus.ids(1).base is not None
    assert corpus.vocabulary.decode(corpus.ids(1)) == "xxbos xxmaj bad , bad , bad ."
    assert corpus.vocabulary.decode(corpus.ids(2)) == corpus.vocabulary.decode(corpus.ids(6)) == "xxbos"
    assert corpus.joined([1, 5]).tolist() == [*corpus.ids(1).tolist(), *corpus.ids(5).tolist()]
    assert corpus.joined([]).tolist() == []


@pytest.mark.slow
def test_processes_give_what_one_gives(tmp_path: Path) -> None:
    texts = [f"{text} {number} and {number % 7} of it" for number in range(700) for text in TEXTS[:2]]
    one, two = made(texts, tmp_path / "one", workers=0), made(texts, tmp_path / "two", workers=2)
    assert same(one, two)


def test_a_second_time_nothing_is_tokenised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(TEXTS, tmp_path)
    monkeypatch.setattr(workers, "tokenise", lambda *_: pytest.fail("tokenised again"))
    assert same(first, made(TEXTS, tmp_path))
    for changed in (lambda: made(TEXTS[:-1], tmp_path), lambda: made(TEXTS, tmp_path, min_freq=2)):
        with pytest.raises(pytest.fail.Exception, match="tokenised again"):
            changed()
    with pytest.raises(pytest.fail.Exception, match="tokenised again"):
        made(TEXTS, tmp_path, vocabulary=first.vocabulary)


def test_where_a_text_ends_is_part_of_the_cache(tmp_path: Path) -> None:
    assert not same(made(["a b", "c"], tmp_path), made(["a", "b c"], tmp_path))


def test_a_given_vocabulary_is_kept_and_the_rest_is_unknown(tmp_path: Path) -> None:
    vocabulary = made(TEXTS, tmp_path).vocabulary
    corpus = made(["a good crocodile"], tmp_path, vocabulary=vocabulary)
    assert corpus.vocabulary.digest == vocabulary.digest
    assert vocabulary.decode(corpus.ids(0)) == "xxbos a good xxunk"


def test_no_texts_make_an_empty_corpus(tmp_path: Path) -> None:
    for _ in range(2):
        corpus = made([], tmp_path)
        assert len(corpus) == 0 and corpus.flat.tolist() == [] and corpus.vocabulary.tokens[:9] == SPECIAL


KILLED = """
import os, signal, sys
from pathlib import Path
import numpy as np
from common.text import TextSettings, Vocabulary, numericalise
from common.text.tokens import workers

workers.tokenise = lambda texts, *_: (np.zeros(len(texts), np.int32), np.ones(len(texts), np.int32), ["xxbos"])
Vocabulary.save = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
numericalise(["a"] * 1000, cache=Path(sys.argv[1]), settings=TextSettings())
"""


@pytest.mark.slow
def test_a_kill_leaves_no_half_cache(tmp_path: Path) -> None:
    root = Path(registry.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert [path.name for path in tmp_path.glob("*/*.npy")], "it was killed before anything was written"
    assert not list(tmp_path.glob("text-*"))
    corpus = numericalise(["a"] * 1000, cache=tmp_path, settings=TextSettings(), workers=0)
    assert len(corpus) == 1000 and len(corpus.flat) == 2000


@pytest.mark.slow
def test_a_process_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "CODE", "raise SystemExit('out of luck')")
    with pytest.raises(DeviceError, match="ended with code 1: out of luck"):
        made(TEXTS, tmp_path, workers=2)
    assert not list(tmp_path.glob("text-*"))


def test_a_vocabulary_is_read_as_it_was_written(tmp_path: Path) -> None:
    for vocabulary in (
        made(TEXTS, tmp_path).vocabulary,
        made(TEXTS, tmp_path, tokens="subwords", max_vocab=300).vocabulary,
    ):
        vocabulary.save(tmp_path / "vocabulary.json")
        read = Vocabulary.load(tmp_path / "vocabulary.json")
        assert read == vocabulary and read.digest == vocabulary.digest
    other = Vocabulary((*vocabulary.tokens[:-1], "another"), vocabulary.model)
    assert other.digest != vocabulary.digest


@pytest.mark.parametrize("content", [None, "", "{}", '{"tokens": 3, "model": null}', "[]"])
def test_a_broken_vocabulary_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "vocabulary.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BackboneError, match="is no vocabulary"):
        Vocabulary.load(path)


def test_subwords_spell_every_word(tmp_path: Path) -> None:
    corpus = made(TEXTS * 5, tmp_path, tokens="subwords", max_vocab=320)
    vocabulary = corpus.vocabulary
    assert vocabulary.tokens[: len(SPECIAL)] == SPECIAL and len(vocabulary) <= 320
    assert vocabulary.decode(corpus.ids(1)) == "xxbos xxmaj bad, bad, bad."
    unseen = made(["A crocodile, naïve & 鰐!"], tmp_path, vocabulary=vocabulary)
    assert vocabulary.decode(unseen.ids(0)) == "xxbos xxup a crocodile, naïve & 鰐!".replace("xxup ", "")
    assert vocabulary.unknown not in unseen.flat
    assert same(corpus, made(TEXTS * 5, tmp_path / "again", tokens="subwords", max_vocab=320))


@pytest.mark.parametrize("wrong", [{"min_freq": 0}, {"max_vocab": 3}])
def test_wrong_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(SettingError, match=next(iter(wrong))):
        TextSettings(**wrong)  # type: ignore[arg-type]
