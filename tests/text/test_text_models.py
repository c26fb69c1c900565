"""Any text: two or several classes or a number, of one or two columns, by every profile's model."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.data.frames import Frames
from common.errors import DataError, SettingError
from common.model import Context, Model, Models
from common.settings import override
from common.text import TextModels, TextTask
from common.text.settings import profiles

WORDS = {"sport": ("goal", "match", "team"), "money": ("bank", "price", "market"), "art": ("paint", "song", "stage")}
OTHER = ("the", "and", "of", "one", "day", "again", "there", "some")
TINY = {
    "baseline": {"ngrams.min_df": "1"},
    "sample": {
        "network.embedding": "12", "network.hidden": "16", "language_model.epochs": "1", "language_model.sequence": "8",
        "classifier.epochs": "8", "classifier.dropout": "0.05",
    },
    "best": {
        "backbone": "tiny-random", "recipe": "cpu", "cpu.frozen_layers": "0", "cpu.epochs": "2", "cpu.batch_size": "8",
        "cpu.precision": "float32", "ngrams.min_df": "1",
    },
}  # fmt: skip
TASKS = {
    "classes": TextTask(target="kind", texts=("title", "body"), classes=tuple(WORDS), names=tuple(WORDS)),
    "number": TextTask(target="price", texts=("body",)),
    "two": TextTask(target="sport", texts=("title", "body"), classes=(False, True), names=("other", "sport")),
}


def rows(n: int, seed: int = 0) -> pd.DataFrame:
    """Return rows whose kind is told by the words of title or body, and whose price by the body's "goal"s and "bank"s."""
    rng = random.Random(seed)
    made = []
    for number in range(n):
        kind = list(WORDS)[number % 3]
        title, body = rng.choices(OTHER, k=3), rng.choices(OTHER, k=8)
        for text in (title, body):
            text.insert(rng.randrange(len(text)), rng.choice(WORDS[kind]))
        high = number % 2
        body += ["dear"] * 2 if high else ["cheap"] * 2
        made.append(
            {"title": " ".join(title), "body": " ".join(body), "kind": kind, "sport": kind == "sport",
             "price": 1000.0 + 500 * high + rng.gauss(0, 20)}
        )  # fmt: skip
    return pd.DataFrame(made)


def fitted(models: Models, config: Any, context: Context) -> tuple[Model, Frames]:
    frames = Frames(train=rows(150), test=rows(45, seed=1))
    frames = models.prepare(models.enrich(frames, config, context), config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[30:], frames.training.iloc[:30])
    return model, frames


@pytest.mark.slow
@pytest.mark.parametrize("profile", TINY)
@pytest.mark.parametrize("kind", TASKS)
def test_a_model_learns_is_saved_and_predicts_the_same(
    kind: str, profile: str, context: Context, tmp_path: Path
) -> None:
    task = TASKS[kind]
    models, config = TextModels(task), override(profiles(task.target)[profile], TINY[profile])
    model, frames = fitted(models, config, context)
    predicted, truth = model.predict(frames.test), frames.test[task.target]
    if kind == "classes":
        assert predicted.shape == (45, 3) and np.allclose(predicted.sum(axis=1), 1, atol=1e-6)
        assert (predicted.argmax(axis=1) == task.codes(frames.test)).mean() > 0.8
    elif kind == "number":
        assert predicted.shape == (45,) and abs(predicted.mean() - truth.mean()) < 100
        assert np.abs(predicted - truth).mean() < 0.5 * np.abs(truth - truth.mean()).mean()
    else:
        assert predicted.shape == (45,) and predicted[truth].mean() > 0.3 + predicted[~truth].mean()
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", config, context)
    assert np.array_equal(loaded.predict(frames.test), predicted)
    assert loaded.predict(frames.test.iloc[:0]).shape == (0, *predicted.shape[1:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "answers"),
    [("classes", tuple(WORDS)), ("number", ("a higher number", "a lower number")), ("two", ("sport", "other"))],
)
def test_the_baseline_explains_any_answer(kind: str, answers: tuple[str, ...], context: Context) -> None:
    task = TASKS[kind]
    config = override(profiles(task.target)["baseline"], TINY["baseline"])
    model, frames = fitted(TextModels(task), config, context)
    reasons = model.explain(frames.test.iloc[:6], top=4)
    assert reasons is not None and set(reasons.overall) == set(answers)
    for strongest in reasons.overall.values():  # C5
        values = [value for _, value in strongest]
        assert values in (sorted(values), sorted(values, reverse=True))
    words = {answer: " ".join(word for word, _ in strongest) for answer, strongest in reasons.overall.items()}
    if kind == "number":
        assert "dear" in words["a higher number"] and "cheap" in words["a lower number"]
    else:
        assert any(word in words["sport"] for word in WORDS["sport"])
    assert len(reasons.rows) == 6 and all(len(row) == 4 for row in reasons.rows)
    assert all(value > 0 for row in reasons.rows for _, value in row[:1]) or kind != "classes"


def test_several_columns_are_marked_as_the_course_marks_them() -> None:
    frame = pd.DataFrame({"title": ["Good"], "body": ["A film."]})
    assert TASKS["classes"].joined(frame) == ["xxfld 1 Good xxfld 2 A film."]
    assert TASKS["number"].joined(frame) == ["A film."]


def test_what_cannot_be_trained_is_refused_before_there_is_a_run(context: Context) -> None:
    models, config = TextModels(TASKS["classes"]), profiles("kind")["baseline"]
    frames = Frames(train=rows(30).assign(kind="art"), test=rows(3))
    with pytest.raises(DataError, match="all 30 training rows are of one class, 'art'"):
        models.enrich(frames, config, context)
    with pytest.raises(DataError, match="'kind' holds 'poetry'; known: sport, money, art"):
        models.enrich(replace(frames, train=rows(30).assign(kind="poetry")), config, context)
    for wrong in ({"texts": ()}, {"classes": ("a",), "names": ("A",)}, {"classes": ("a", "b"), "names": ()}):
        with pytest.raises(SettingError):
            TextTask(**{"target": "kind", "texts": ("text",), **wrong})
    with pytest.raises(SettingError, match="no language model"):
        models.generate("x", config, context, words=1, temperature=1.0)
