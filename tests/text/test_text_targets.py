"""The baseline of texts for every kind of target, its classes those of the run."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.competition import Config
from common.data.frames import Frames
from common.errors import DataError, SettingError
from common.model import Context, Model
from common.settings import override
from common.text import TextModels, TextTask
from common.text.settings import NGrams, profiles
from common.text.spans import best_run

WORDS = {"art": ("paint", "song", "stage"), "money": ("bank", "price", "market"), "sport": ("goal", "match", "team")}
OTHER = ("the", "and", "of", "one", "day", "again", "there", "some")
BASELINE = override(profiles("kind")["baseline"], {"ngrams.min_df": "1"})


BEST = override(
    profiles("kind")["best"],
    {
        "backbone": "tiny-random",
        "recipe": "cpu",
        "cpu.frozen_layers": "0",
        "cpu.precision": "float32",
        "ngrams.min_df": "1",
    },
)


def rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Return rows whose texts name some subjects; the first is the kind, `word` a piece of the text."""
    rng, made = random.Random(seed), []
    for _ in range(n):
        subjects = rng.sample(list(WORDS), rng.choice((1, 1, 1, 2)))
        kind, words = subjects[0], rng.choices(OTHER, k=6)
        piece = rng.choice(WORDS[kind])
        text = " ".join([*words[:3], piece, *words[3:], *(rng.choice(WORDS[subject]) for subject in subjects[1:])])
        made.append(
            {"text": text, "kind": kind, "two": kind == "sport", "all": " ".join(subjects), "word": piece,
             **{subject: float(subject in subjects) for subject in WORDS},
             "n": 3.0 * ("art" in subjects), "m": 100.0 * ("money" in subjects),
             "share": 0.9 if "art" in subjects else 0.2}
        )  # fmt: skip
    return pd.DataFrame(made)


TASKS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[int, ...]]] = {
    "two classes": ({"target": "two", "predicts": "class"}, ("False", "True"), (40,)),
    "classes": ({"target": "kind", "predicts": "class"}, tuple(WORDS), (40, 3)),
    "a list of labels": ({"target": "all", "predicts": "labels"}, tuple(WORDS), (40, 3)),
    "columns of labels": ({"target": tuple(WORDS), "predicts": "labels"}, tuple(WORDS), (40, 3)),
    "a number": ({"target": "n"}, (), (40,)),
    "numbers": ({"target": ("n", "m")}, (), (40, 2)),
    "a probability": ({"target": "share", "probability": True}, (), (40,)),
    "probabilities": ({"target": ("art", "sport"), "probability": True}, (), (40, 2)),
    "a piece": ({"target": "word", "predicts": "span"}, (), (40, 2)),
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for all tests: the same texts are tokenised once."""
    return tmp_path_factory.mktemp("tokens")


def fitted(
    task: TextTask, classes: tuple[str, ...], context: Context, config: Config = BASELINE
) -> tuple[TextModels, Model, Frames]:
    models, frames = TextModels(task), Frames(train=rows(160), test=rows(40, seed=1))
    frames = models.enrich(frames, config, context)
    context = replace(context, classes=classes)
    frames = models.prepare(frames, config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[30:], frames.training.iloc[:30])
    return models, model, frames


@pytest.mark.slow
@pytest.mark.parametrize("kind", TASKS)
def test_the_baseline_learns_is_saved_and_predicts_the_same(
    kind: str, context: Context, tokens: Path, tmp_path: Path
) -> None:
    context = replace(context, cache=tokens)
    about, classes, shape = TASKS[kind]
    task = TextTask(texts=("text",), **about)
    models, model, frames = fitted(task, classes, context)
    predicted = model.predict(frames.test)
    assert predicted.shape == shape
    if kind == "a piece":
        cut = [text[int(a) : int(b)] for text, (a, b) in zip(frames.test["text"], predicted, strict=True)]
        assert np.mean([one == other for one, other in zip(cut, frames.test["word"], strict=True)]) > 0.5
    else:
        known = task.resolved(replace(context, classes=classes)).matrix(frames.test)
        close = np.abs(predicted.reshape(len(known), -1) - known)
        assert close.mean() < 0.6 * np.abs(known - known.mean(axis=0)).mean()
    if task.predicts == "class" and len(shape) == 2:
        assert np.allclose(predicted.sum(axis=1), 1)
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", BASELINE, replace(context, classes=classes))
    assert np.array_equal(loaded.predict(frames.test), predicted)
    assert loaded.predict(frames.test.iloc[:0]).shape == (0, *shape[1:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["columns of labels", "numbers"])
def test_the_blend_predicts_labels_and_numbers(kind: str, context: Context, tokens: Path, tmp_path: Path) -> None:
    context = replace(context, cache=tokens)
    about, classes, shape = TASKS[kind]
    task = TextTask(texts=("text",), **about)
    models, model, frames = fitted(task, classes, context, BEST)
    predicted, known = model.predict(frames.test), task.resolved(replace(context, classes=classes)).matrix(frames.test)
    assert predicted.shape == shape
    assert np.abs(predicted - known).mean() < 0.8 * np.abs(known - known.mean(axis=0)).mean()
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", BEST, replace(context, classes=classes))
    assert np.array_equal(loaded.predict(frames.test), predicted)


@pytest.mark.slow
def test_texts_without_blanks_are_told_apart_by_their_characters(context: Context) -> None:
    rng = random.Random(0)
    signs = {"a": "猫狗鸟", "b": "天地人"}
    made = [
        {"text": "".join(rng.choice(("一", "二", rng.choice(signs[kind]))) for _ in range(500)), "kind": kind}
        for kind in rng.choices("ab", k=80)
    ]
    frame = pd.DataFrame(made)
    task = TextTask(target="kind", texts=("text",), predicts="class", classes=("a", "b"), names=("a", "b"))
    models = TextModels(task)
    frames = models.prepare(Frames(train=frame, test=frame[:20]), BASELINE, context).frames
    model = models.build(BASELINE, frames, context)
    model.fit(frames.training[20:], frames.training[:20])
    assert ((model.predict(frames.test) > 0.5) == (frame["kind"][:20] == "b")).all()


def test_characters_are_those_that_scikit_learn_counts(context: Context) -> None:
    from sklearn.feature_extraction.text import CountVectorizer

    from common.text import characters

    frame = pd.DataFrame({"text": ["a  good film", "", "A good\nfilm", "猫", "x" * 40]})
    task, settings = TextTask(target="kind", texts=("text",)), NGrams(min_df=1, max_characters=3)
    prepared = characters.prepare(Frames(train=frame, test=frame), task, settings, context).training
    counter = CountVectorizer(analyzer="char", ngram_range=(2, 3), lowercase=False)
    counted = counter.fit_transform([f" {' '.join(text.split())} " if text else "" for text in frame["text"]])
    assert [len(row) for row in prepared["characters"]] == counted.getnnz(axis=1).tolist()
    assert len(characters.load(context)) == len(counter.vocabulary_)


def test_long_texts_with_blanks_have_no_characters(context: Context) -> None:
    from common.text import characters

    frame = pd.DataFrame({"text": ["some words of a long text " * 40] * 4})
    frames = Frames(train=frame, test=frame)
    task = TextTask(target="kind", texts=("text",))
    assert characters.prepare(frames, task, NGrams(), context) is frames


def test_the_best_run_of_words_is_that_of_the_largest_expected_index() -> None:
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 7):
        first, last, inside = rng.normal(0, 2, (3, size))
        runs = [(begin, end) for begin in range(size) for end in range(begin + 1, size + 1)]
        weights = {(b, e): np.exp(first[b] + last[e - 1] + 0.3 * inside[b:e].sum()) for b, e in runs}

        def index(one: tuple[int, int], weights: dict[tuple[int, int], float] = weights) -> float:
            total = 0.0
            for other, weight in weights.items():
                both, either = set(range(*one)) & set(range(*other)), set(range(*one)) | set(range(*other))
                total += weight * len(both) / len(either)
            return total

        assert index(best_run(first, last, inside)) == pytest.approx(max(map(index, runs)))
    # Of a long text, whose likeliest end stands before its likeliest beginning.
    first, last, inside = rng.normal(0, 1, (3, 3000))
    begin, end = best_run(first, last, inside)
    assert 0 <= begin < end <= 3000


def test_columns_beside_a_text_steer_its_piece(context: Context) -> None:
    rng, made = random.Random(0), []
    for _ in range(200):
        good, bad = rng.choice(("fine", "great")), rng.choice(("sad", "poor"))
        mood = rng.choice(("up", "down"))
        made.append(
            {"text": f"so {good} but {bad}", "mood": mood, "size": rng.random(), "piece": good if mood == "up" else bad}
        )
    frame = pd.DataFrame(made)
    task = TextTask(target="piece", texts=("text",), predicts="span", beside=("mood", "size"))
    models = TextModels(task)
    model = models.build(BASELINE, Frames(train=frame, test=frame), context)
    model.fit(frame[50:], frame[:50])
    test = pd.concat([frame[:50], pd.DataFrame([{"text": "", "mood": "new", "size": 2.0}])], ignore_index=True)
    spans = model.predict(test).astype(int)
    assert [text[a:b] for text, (a, b) in zip(test["text"][:50], spans, strict=False)] == frame["piece"][:50].tolist()
    assert spans[-1].tolist() == [0, 0]
    with pytest.raises(DataError, match="no 'piece' is a piece of its 'text'"):
        model.fit(frame.assign(piece="elsewhere"), frame)


def test_what_a_profile_does_not_predict_is_refused(context: Context) -> None:
    for about, profile, says in (
        ({"target": "all", "predicts": "labels"}, "sample", "take --profile baseline"),
        ({"target": "word", "predicts": "span"}, "best", "cuts no texts"),
    ):
        models = TextModels(TextTask(texts=("text",), **about))  # type: ignore[arg-type]
        with pytest.raises(SettingError, match=says):
            models.enrich(Frames(train=rows(9), test=rows(3)), profiles("kind")[profile], context)
