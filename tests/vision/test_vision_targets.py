"""The baseline of pictures for every kind of target, and columns beside them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from common.data.frames import Frames
from common.model import Context, Model
from common.settings import override
from common.vision import Task, VisionModels
from common.vision.settings import profiles

pytestmark = pytest.mark.slow  # each trains
BASELINE = override(
    profiles("colour")["baseline"], {"size": "32", "cell": "4", "landmarks": "40", "components": "20", "C": "0.3"}
)
COLOURS = {"blue": (30, 40, 200), "green": (20, 180, 60), "red": (200, 30, 40)}
TRAIN, TEST = 80, 20


NETWORKS = {
    # Random features and two epochs on 70 pictures learn little: what is tried here is that every part fits.
    "sample": override(profiles("colour")["sample"], {"sizes": "64", "tuning.epochs": "1"}),
    "course": override(
        profiles("colour")["course"],
        {"backbone": "test_resnet", "weights": "random", "size": "64", "batch_size": "16", "workers": "0"},
    ),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Rows of tiny pictures of one colour, some with a bright bar, and of what can be seen there."""
    folder, rng, made = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0), []
    for number in range(TRAIN + TEST):
        colour, bar = list(COLOURS)[number % 3], bool(rng.integers(2))
        pixels = rng.normal(COLOURS[colour], 12, (32, 32, 3))
        if bar:
            pixels[:, 10:20] += 90
        path = folder / f"{number}.png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
        words = [colour, *(["bar"] if bar else [])]
        made.append(
            {"picture": str(path), "colour": colour, "bar": float(bar), "words": " ".join(words), "size": 50.0 + 20 * bar,
             "blue": float(colour == "blue"), "light": 10.0 * (colour == "green"), "hint": "yes" if bar else "no",
             "weight": 3.0 if number % 7 else np.nan}
        )  # fmt: skip
    return pd.DataFrame(made)


TASKS: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[int, ...]]] = {
    "two classes": ({"target": "bar", "predicts": "class"}, ("0", "1"), (TEST,)),
    "classes": ({"target": "colour", "predicts": "class"}, tuple(COLOURS), (TEST, 3)),
    "a list of labels": ({"target": "words", "predicts": "labels"}, ("bar", *COLOURS), (TEST, 4)),
    "columns of labels": ({"target": ("bar", "blue"), "predicts": "labels"}, ("bar", "blue"), (TEST, 2)),
    "a number": ({"target": "size"}, (), (TEST,)),
    "numbers": ({"target": ("size", "light")}, (), (TEST, 2)),
    "a probability": ({"target": "bar", "probability": True}, (), (TEST,)),
}


def fitted(
    task: Task, classes: tuple[str, ...], table: pd.DataFrame, context: Context, config: Any = BASELINE
) -> tuple[VisionModels, Model, Frames]:
    models = VisionModels(task)
    frames = models.enrich(Frames(train=table[:TRAIN], test=table[TRAIN:].reset_index(drop=True)), config, context)
    context = replace(context, classes=classes)
    frames = models.prepare(frames, config, context).frames
    model = models.build(config, frames, context)
    model.fit(frames.training.iloc[10:], frames.training.iloc[:10])
    return models, model, frames


def require_learnt(predicted: np.ndarray, known: np.ndarray) -> None:
    """Require half of the error that the mean would make, at most."""
    predicted = predicted.reshape(len(predicted), -1)
    known = known[:, -predicted.shape[1] :]  # of two classes the second
    assert np.abs(predicted - known).mean() < 0.5 * np.abs(known - known.mean(axis=0)).mean()


@pytest.mark.parametrize("kind", TASKS)
def test_the_baseline_learns_is_saved_and_predicts_the_same(
    kind: str, table: pd.DataFrame, context: Context, tmp_path: Path
) -> None:
    about, classes, shape = TASKS[kind]
    task = Task(picture="picture", **about)
    models, model, frames = fitted(task, classes, table, context)
    predicted = model.predict(frames.test)
    assert predicted.shape == shape
    require_learnt(predicted, task.resolved(replace(context, classes=classes)).matrix(frames.test))
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", BASELINE, replace(context, classes=classes))
    assert np.array_equal(loaded.predict(frames.test), predicted)
    unreadable = frames.test.assign(row=-1)
    assert np.isfinite(loaded.predict(unreadable)).all() and len(np.unique(loaded.predict(unreadable), axis=0)) == 1


def test_columns_beside_a_picture_help(table: pd.DataFrame, context: Context, tmp_path: Path) -> None:
    plain = table.assign(
        picture=[table["picture"][row % 3] for row in range(len(table))]
    )  # which say nothing of the bar
    task = Task(target="size", picture="picture", beside=("hint", "weight"))
    models, model, frames = fitted(task, (), plain, context)
    predicted = model.predict(frames.test)
    require_learnt(predicted, task.matrix(frames.test))
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", BASELINE, context)
    assert np.array_equal(loaded.predict(frames.test), predicted)
    assert np.isfinite(loaded.predict(frames.test.assign(hint="never seen"))).all()


@pytest.mark.parametrize("profile", NETWORKS)
@pytest.mark.parametrize("kind", ["a list of labels", "numbers", "a probability"])
def test_networks_predict_labels_and_numbers(
    profile: str, kind: str, table: pd.DataFrame, context: Context, tmp_path: Path
) -> None:
    about, classes, shape = TASKS[kind]
    task = Task(picture="picture", beside=("hint", "weight") if profile == "sample" else (), **about)
    models, model, frames = fitted(task, classes, table, context, NETWORKS[profile])
    predicted = model.predict(frames.test)
    assert predicted.shape == shape
    known = task.resolved(replace(context, classes=classes)).matrix(frames.test)
    low, high = known.min(axis=0), known.max(axis=0)
    values = predicted.reshape(known.shape)
    assert (values > 2 * low - high).all() and (values < 2 * high - low).all(), "in the units of the task"
    (tmp_path / "model").mkdir()
    model.save(tmp_path / "model")
    loaded = models.load(tmp_path / "model", NETWORKS[profile], replace(context, classes=classes))
    np.testing.assert_allclose(loaded.predict(frames.test), predicted, rtol=1e-5, atol=1e-6)
