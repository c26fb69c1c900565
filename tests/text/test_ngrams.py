"""The n-grams of texts, and the linear model on them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from common.data.frames import Frames
from common.errors import DataError, RunError, SettingError
from common.model import Context
from common.text import TextTask, ngrams
from common.text.linear import NGramsModel
from common.text.settings import NGrams

TASK = TextTask(target="kind", texts=("text",), classes=("a", "b", "c"), names=("A", "B", "C"))


def test_ngrams_are_those_that_scikit_learn_counts(context: Context) -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["a good film , a good one .", "not a good film", "bad film !", "good", "so bad it is a good film"]
    frame = pd.DataFrame({"text": texts})
    prepared = ngrams.prepare(Frames(train=frame, test=frame.iloc[:2]), TASK, NGrams(min_df=2), context)
    vocabulary, keys = ngrams.load(context.run)
    # A word that occurs once is unknown to both.
    known = {word for word in vocabulary.tokens if not word.startswith("xx")}
    plain = [" ".join(word if word in known else "xxunk" for word in text.split()) for text in texts]
    counter = CountVectorizer(ngram_range=(1, 3), min_df=2, binary=True, token_pattern=r"\S+").fit(plain)  # noqa: S106
    assert set(ngrams.spelt(keys, vocabulary)) == set(counter.vocabulary_)
    held = ngrams.matrix(prepared.training[ngrams.COLUMN], len(keys)).toarray()
    order = [counter.vocabulary_[name] for name in ngrams.spelt(keys, vocabulary)]
    assert np.array_equal(held, counter.transform(plain).toarray()[:, order])
    assert [row.tolist() for row in prepared.test[ngrams.COLUMN]] == [
        row.tolist() for row in prepared.training[ngrams.COLUMN].iloc[:2]
    ]


def test_prediction_needs_the_runs_ngrams(context: Context) -> None:
    with pytest.raises(RunError, match="holds no n-grams"):
        ngrams.prepare(Frames(train=None, test=pd.DataFrame({"text": ["a"]})), TASK, NGrams(), context)


def test_texts_without_words_are_refused(context: Context) -> None:
    """D10: reviews that are all empty."""
    frame = pd.DataFrame({"text": ["", " ", ""]})
    with pytest.raises(DataError, match=r"no word is in 2 of the 3 training texts; if they are not empty, --set"):
        ngrams.prepare(Frames(train=frame, test=frame), TASK, NGrams(min_df=2), context)
    assert not (context.run / ngrams.FOLDER).exists()


def test_ngrams_of_four_words_are_refused() -> None:
    with pytest.raises(SettingError, match="max_n must be <= 3, got 4"):
        NGrams(max_n=4)


@pytest.mark.slow
def test_a_class_without_training_rows_is_unlikely_and_another_is_still_found(context: Context) -> None:
    frame = pd.DataFrame({"text": ["one fish", "two fish", "one cat", "two cats"] * 5, "kind": list("aabb") * 5})
    frames = ngrams.prepare(Frames(train=frame, test=frame), TASK, NGrams(min_df=1), context)
    model = NGramsModel(TASK, NGrams(), 0, context)
    model.fit(frames.training, frames.training)
    predicted = model.predict(frames.test)
    assert np.allclose(predicted.sum(axis=1), 1)
    assert (predicted.argmax(axis=1) == TASK.codes(frame)).all() and predicted[:, 2].max() < 0.1
