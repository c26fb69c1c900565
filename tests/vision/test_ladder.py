"""From pixels up: every rung learns, pixels in columns are pictures, and what is wrong with them is said."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from common.data.frames import Frames
from common.errors import DataError, SettingError
from common.model import Context
from common.settings import override
from common.vision import Task, VisionModels, figures
from common.vision.digits import SIDE, digit
from common.vision.ladder.networks import batch_accuracy, course_loss
from common.vision.ladder.settings import profiles
from common.vision.pixel_rows import as_files
from common.vision.rows import pixels

TASK = Task(target="label", picture="picture", pixels="pixel", alike=False, predicts="class")
RUNGS = {
    "pixels": {}, "sgd": {"batch_size": "20", "learning_rate": "0.3"}, "linear": {"batch_size": "20", "learning_rate": "0.3"},
    "net": {"batch_size": "20", "learning_rate": "0.5"},
    "baseline": {"landmarks": "60", "components": "20"}, "sample": {},
    "course": {
        "backbone": "test_resnet", "size": "32", "batch_size": "20", "workers": "0", "epochs": "2", "learning_rate": "1e-2",
    },
}  # fmt: skip


def table(labels: str, n: int, seed: int = 0) -> pd.DataFrame:
    """Return n drawn digits as rows of pixels, before their labels."""
    rng = Random(seed)
    answers = [labels[number % len(labels)] for number in range(n)]
    values = np.array([np.asarray(digit(rng, label)).reshape(-1) for label in answers], float)
    frame = pd.DataFrame(values, columns=[f"pixel{number}" for number in range(SIDE * SIDE)])
    return frame.assign(label=answers)


@pytest.mark.slow
@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("labels", ["37", "012"])
def test_a_rung_learns_is_saved_and_predicts_the_same(rung: str, labels: str, context: Context, tmp_path: Path) -> None:
    models, config = VisionModels(TASK), override(profiles("label")[rung], RUNGS[rung])
    every = table(labels, 150)
    frames = Frames(train=every[:120], test=every[120:].drop(columns="label").reset_index(drop=True))
    frames = models.enrich(frames, config, context)
    context = replace(context, classes=tuple(labels))
    train = frames.training
    model = models.build(config, frames, context)
    model.fit(train[:100], train[100:])
    predicted = model.predict(frames.test)
    assert predicted.shape == ((30,) if len(labels) == 2 else (30, 3))
    answers = (predicted > 0.5).astype(int) if len(labels) == 2 else predicted.argmax(axis=1)
    right = np.mean([labels[answer] for answer in answers] == every["label"][120:].to_numpy())
    # Batch normalisation of random layers needs more than the ten steps that a test of seconds takes.
    assert right > (0.9 if rung not in ("sample", "course") else 0.6 if rung == "sample" else 0.0)
    (folder := tmp_path / "model").mkdir()
    model.save(folder)
    np.testing.assert_allclose(
        models.load(folder, config, context).predict(frames.test), predicted, rtol=1e-5, atol=1e-6
    )


def test_pixels_in_columns_are_the_same_as_files(context: Context) -> None:
    rows = table("37", 12)
    shuffled = rows[[*rows.columns[::-1]]]  # their numbers give the order, not their places
    frames = as_files(Frames(train=shuffled, test=rows.drop(columns="label")), "pixel", "picture", 10**9, context)
    assert list(frames.training) == ["label", "picture"]
    models, config = VisionModels(TASK), profiles("label")["pixels"]
    read = models.enrich(Frames(train=rows, test=rows.drop(columns="label")), config, context).training
    expected = rows.drop(columns="label").to_numpy().reshape(-1, SIDE, SIDE)
    np.testing.assert_array_equal(pixels(read), np.repeat(expected[..., None], 3, axis=3))


def test_pixels_may_stand_in_one_cell_or_have_three_colours(context: Context) -> None:
    rows = table("37", 6)
    grey = rows.drop(columns="label").astype(int)
    cells = pd.DataFrame({"pixel": [" ".join(map(str, row)) for row in grey.to_numpy()]})

    def made(frame: pd.DataFrame) -> list[str]:
        return as_files(Frames(train=frame, test=frame), "pixel", "picture", 10**9, context).test["picture"].tolist()

    assert made(cells) == made(grey)  # the same entry of the cache
    with pytest.raises(DataError, match="row 2 of the train table has no 784 pixels in 'pixel': '1 2'"):
        made(cells.assign(pixel=[cells["pixel"][0], *["1 2"] * 5]))
    colours = pd.DataFrame(np.full((2, 3 * 64), 7)).add_prefix("pixel")
    with zipfile.ZipFile(Path(made(colours)[0]).parent) as archive:
        assert Image.open(archive.open("1.png")).mode == "RGB"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows.drop(columns="pixel5"), "rows of the train table have 783 pixels, those of the test table 784"),
        (lambda rows: rows.assign(pixel7=np.where(rows.index == 2, np.nan, 3)), "row 3 of the train table has 1 pixel that"),
        (lambda rows: rows.assign(pixel7=256.0), "row 1 of the train table has 1 pixel that are empty or not from 0 to 255"),
        (lambda rows: rows.assign(pixel7="x"), "column 'pixel7' of the train table holds something else than numbers"),
    ],
)  # fmt: skip
def test_rows_of_pixels_with_a_fault_are_refused(change: object, says: str, context: Context) -> None:
    rows = table("37", 4)
    with pytest.raises(DataError, match=says):
        as_files(Frames(train=change(rows), test=rows), "pixel", "picture", 10**9, context)  # type: ignore[operator]


def test_pixels_that_make_no_square_are_refused(context: Context) -> None:
    rows = table("37", 4).drop(columns=["pixel783"])
    with pytest.raises(DataError, match="783 pixels, which make no square"):
        as_files(Frames(train=rows, test=rows), "pixel", "picture", 10**9, context)


def test_rungs_tell_classes_from_each_other(context: Context) -> None:
    with pytest.raises(SettingError, match="take --profile baseline"):
        VisionModels(Task(target="size", picture="picture")).enrich(
            Frames(train=pd.DataFrame(), test=pd.DataFrame()), profiles("label")["sgd"], context
        )


def test_the_loss_is_the_course_s() -> None:
    outputs, targets = torch.tensor([[0.0], [100.0], [-100.0]]), torch.tensor([1, 1, 1])
    assert course_loss(outputs, targets).item() == pytest.approx(0.5)
    assert batch_accuracy(outputs, targets).item() == pytest.approx(1 / 3)
    of_classes = torch.tensor([[0.0, 0.0], [0.0, 100.0], [100.0, 0.0]])
    surprise = (np.log(2) + 0 + 100) / 3
    assert course_loss(of_classes, targets).item() == pytest.approx(surprise)
    assert batch_accuracy(of_classes, torch.tensor([0, 1, 1])).item() == pytest.approx(2 / 3)


def test_learning_curves_side_by_side_have_the_scale_of_what_comes_after_the_first_epoch() -> None:
    def run(*accuracies: float) -> Any:
        epochs = [{"batch_accuracy": accuracy} for accuracy in accuracies] or [{"error_rate": 0.1}]
        return SimpleNamespace(record=SimpleNamespace(folds={0: SimpleNamespace(notes={"epochs": epochs})}))

    axes = figures.accuracies({"net": run(0.1, 0.8, 0.9), "course": run()}.items()).axes[0]
    assert [(line.get_label(), np.asarray(line.get_ydata()).tolist()) for line in axes.lines] == [
        ("net", [0.1, 0.8, 0.9])
    ]
    low, high = axes.get_ylim()
    assert 0.75 < low < 0.8 and 0.9 < high < 0.95
