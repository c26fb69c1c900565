"""Pictures as competitions have them: masks that are files or objects, rows of kinds, clean pictures, and what no model fits."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import competitions
from common import data, registry
from common.config import resolve
from common.data import Frames
from common.discovery import writing
from common.discovery.discover import Discovery, discover
from common.discovery.findings import Hints
from common.environment import detect
from common.masks import objects, rle
from common.pipeline.inference import predict
from common.pipeline.request import Request
from common.pipeline.steps import run
from common.progress import Progress
from common.runs.run import Run
from common.vision.segmentation import MaskModels

RNG = np.random.default_rng(0)
SHAPE = (24, 40)  # rows and columns
Scene = tuple[bytes, np.ndarray[Any, Any]]


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def scene(*sides: int) -> Scene:
    """A picture with bright squares on a dark ground, of which the first is the brightest, and their numbers."""
    numbers = np.zeros(SHAPE, np.int32)
    for number, side in enumerate(sides, 1):
        y, x = RNG.integers(0, SHAPE[0] - side), 20 * (number - 1) + RNG.integers(0, 20 - side)
        numbers[y : y + side, x : x + side] = number
    shade = np.array([40, 230, 150])[numbers] + RNG.normal(0, 6, SHAPE)
    return png(shade.clip(0, 255).astype(np.uint8)), numbers


class Folder:
    """A competition's folder, written file by file, and what `kit new` makes of it."""

    def __init__(self, root: Path) -> None:
        self.root, self.files = root, root / "data" / "toy"

    def put(self, name: str, content: bytes | str) -> None:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def table(self, name: str, header: str, rows: list[str]) -> None:
        self.put(name, "\n".join([header, *rows]) + "\n")

    def found(self, **hints: Any) -> Discovery:
        found = discover(self.files, "toy", "toy", Hints(**hints))
        writing.write(found, self.root / "competitions", self.root / "kernels")
        importlib.invalidate_caches()
        return found

    def trained(self, **settings: Any) -> Run:
        competition = registry.get("toy")
        config = resolve(competition, "baseline", [f"{key}={value}" for key, value in settings.items()], folds=(0,))
        return run(Request(
            competition=competition, profile="baseline", config=config, data=self.files, environment=detect(),
            progress=Progress(silent=True), out=self.root / "run", mode="fresh",
        ))  # fmt: skip

    def again(self, made: Run) -> Any:
        """Return what the saved run predicts of the test set, as the hidden rerun does."""
        competition = registry.get("toy")
        frames: Frames = data.read(competition, self.files, train=False)
        return predict(competition, made.folder, frames, detect(), Progress(silent=True))


@pytest.fixture
def folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    (home / "competitions").mkdir()
    monkeypatch.setattr(competitions, "__path__", [str(home / "competitions")])
    monkeypatch.delattr(MaskModels, "illustrate")  # figures take longer than all else, and are tested elsewhere
    yield Folder(home)
    for name in [name for name in sys.modules if name.startswith("competitions.toy")]:
        del sys.modules[name]


def test_masks_that_are_files_train_a_model(folder: Folder) -> None:
    for number in range(10):
        picture, numbers = scene(14)
        folder.put(f"train/images/p{number}.png", picture)
        folder.put(f"train/masks/p{number}.png", png(((numbers > 0) * 255).astype(np.uint8)))
    for number in range(3):
        folder.put(f"test/images/q{number}.png", scene(14)[0])
    folder.table("sample_submission.csv", "id,rle_mask", [f"q{number},1 1" for number in range(3)])
    found = folder.found()
    assert (found.application, found.competition.predicts, found.competition.metric) == ("masks", "masks", "dice")
    made = folder.trained()
    assert made.record.submission is not None and (made.record.scores["dice"] or 0) > 0.9
    sample = registry.sample("toy").make(folder.root / "sample", 24, 0)
    assert sample["answers.csv"] and len(data.read(registry.get("toy"), folder.root / "sample").training) > 10


@pytest.mark.parametrize("along", ["columns", "rows"])
def test_a_row_for_each_object_is_gathered_and_read_the_right_way(folder: Folder, along: rle.Along) -> None:
    rows = []
    for number in range(8):
        picture, numbers = scene(10, 8) if number else scene(10)
        folder.put(f"train/p{number}.png", picture)
        rows += [f"p{number}.png,{cell}" for cell in objects.to_cell(numbers, along, 1).split(";")]
    folder.put("test/q0.png", scene(10, 8)[0])
    folder.table("train.csv", "ImageId,EncodedPixels", rows)
    folder.table("sample_submission.csv", "ImageId,EncodedPixels", ["q0.png,"])
    found = folder.found()
    cell = found.competition.submission.cell
    assert (found.application, found.competition.metric) == ("masks", "object_precision")
    assert cell.objects and (cell.along, cell.first) == (along, 1)
    frame = data.read(registry.get("toy"), folder.files).training
    assert len(frame) == 8 and sorted({text.count(";") for text in frame["EncodedPixels"]}) == [0, 1]


def test_rows_of_kinds_have_a_model_each(folder: Folder) -> None:
    def rows(number: int, numbers: np.ndarray[Any, Any] | None) -> list[str]:
        cells = ["" if numbers is None else rle.encode(numbers == kind) for kind in (1, 2)]
        return [f"p{number}.png_{kind},{cell}" for kind, cell in zip(("bright", "dim"), cells, strict=True)]

    scenes = [scene(14, 12) for _ in range(13)]
    for number, (picture, _) in enumerate(scenes):
        folder.put(f"{'train' if number < 10 else 'test'}_images/p{number}.png", picture)
    answers = [rows(number, numbers) for number, (_, numbers) in enumerate(scenes)]
    folder.table("train.csv", "Image_Label,EncodedPixels", [row for one in answers[:10] for row in one])
    folder.table(
        "sample_submission.csv", "Image_Label,EncodedPixels", [row for n in (10, 11, 12) for row in rows(n, None)]
    )
    found = folder.found()
    split = found.competition.split
    assert (found.application, found.kinds, split.kind, split.group) == ("masks", "Label", "group", "Image")
    made = folder.trained()
    submitted = folder.again(made).set_index("Image_Label")["EncodedPixels"]
    assert (made.folder / "submission.csv").read_text().count("\n") == 7
    for number in (10, 11, 12):
        for kind, name in ((1, "bright"), (2, "dim")):
            truth, said = scenes[number][1] == kind, rle.decode(submitted[f"p{number}.png_{name}"], SHAPE)
            assert (truth & said).sum() > 0.6 * (truth | said).sum()


def test_clean_pictures_are_made_of_soiled_ones(folder: Folder) -> None:
    def page(rows: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        clean = np.where(RNG.random((rows, 20)) < 0.2, 0, 255).astype(np.uint8)
        return (clean * 0.6 + RNG.normal(30, 4, clean.shape)).clip(0, 255).astype(np.uint8), clean

    for number in range(1, 7):
        soiled, clean = page(16)
        folder.put(f"train/{number}.png", png(soiled))
        folder.put(f"train_cleaned/{number}.png", png(clean))
    pages = {number: page(12 + number) for number in (7, 8)}
    for number, (soiled, _) in pages.items():
        folder.put(f"test/{number}.png", png(soiled))
    ids = [f"{n}_{y + 1}_{x + 1}" for n, (_, clean) in pages.items() for y in range(len(clean)) for x in range(20)]
    folder.table("sampleSubmission.csv", "id,value", [f"{id},1" for id in ids])
    found = folder.found()
    assert (found.application, found.competition.split.group) == ("restoring", "picture")
    made = folder.trained(pixels=200, iterations=30)
    submitted = folder.again(made)
    truth = np.concatenate([clean.ravel() for _, clean in pages.values()]) / 255
    assert list(submitted["id"]) == ids
    assert np.sqrt(np.mean((submitted["value"].to_numpy() - truth) ** 2)) < 0.1 < truth.std()


def test_boxes_in_another_form_end_in_the_cells_of_the_sample_submission(folder: Folder) -> None:
    for number in range(6):
        folder.put(f"{'train' if number < 4 else 'test'}/p{number}.png", scene(9)[0])
    folder.table("train.csv", "image_id,bbox", [f'p{n // 2},"[1.0, {n}.0, 5.0, 6.0]"' for n in range(8)])
    sample = ["p4,1.0 0 0 50 50", "p5,1.0 0 0 50 50"]
    folder.table("sample_submission.csv", "image_id,PredictionString", sample)
    found = folder.found()
    assert (found.application, found.competition.predicts) == ("nothing", "nothing")
    assert any("lists boxes" in each.why for each in found.findings)
    made = folder.trained()
    assert (made.record.scores, made.record.outcome) == ({}, "finished")
    assert (made.folder / "submission.csv").read_text().splitlines()[1:] == sample
    assert folder.again(made)["PredictionString"].tolist() == ["1.0 0 0 50 50"] * 2


def test_rows_that_nothing_is_known_of_get_the_shares_of_classes(folder: Folder) -> None:
    folder.table("train.csv", "id,target", [f"a{n},{int(n % 4 == 0)}" for n in range(40)])
    folder.table("sample_submission.csv", "id,target", ["b1,0.5", "b2,0.5"])
    found = folder.found(metric="log_loss")
    assert (found.application, found.competition.predicts) == ("nothing", "class")
    made = folder.trained()
    assert made.record.scores["log_loss"] == pytest.approx(0.5623, abs=0.01)
    assert folder.again(made)["target"].tolist() == pytest.approx([0.25, 0.25])


def test_files_of_colours_are_one_picture(folder: Folder) -> None:
    for number in range(4):
        for place, colour in enumerate(("yellow", "blue", "green", "red")):
            pixels = np.full((8, 8), 60 * place, np.uint8)
            folder.put(f"{'train' if number < 3 else 'test'}/p{number}_{colour}.png", png(pixels))
    folder.table("train.csv", "Id,Target", ["p0,1", "p1,0", "p2,1"])
    folder.table("sample_submission.csv", "Id,Target", ["p3,0"])
    assert folder.found().channels == ("_red", "_green", "_blue")
    from common.vision.pictures.cache import open_cache

    path = data.read(registry.get("toy"), folder.files).training["picture"].iloc[0]
    cache = open_cache([path], folder.root / "cache", size=4, channels=("_red", "_green", "_blue"))
    assert Path(path).name == "p0_red.png" and cache.pixels[0, 0, 0].tolist() == [180, 120, 60]


def test_pictures_beside_many_columns_are_summarised_for_the_table(folder: Folder) -> None:
    columns, rows = [f"c{place}" for place in range(24)], []
    for number in range(60):
        side, label = "train" if number < 40 else "test", number % 2
        folder.put(f"{side}/p{number}.png", scene(6 + 8 * label)[0])
        cells = ",".join(f"{each:.3f}" for each in RNG.normal(size=24))
        rows.append(f"p{number}.png,{cells},{label}")
    folder.table("train.csv", f"id,{','.join(columns)},target", rows[:40])
    folder.table("test.csv", f"id,{','.join(columns)}", [row.rpartition(",")[0] for row in rows[40:]])
    folder.table("sample_submission.csv", "id,target", [f"p{number}.png,0.5" for number in range(40, 60)])
    found = folder.found(metric="roc_auc")
    assert found.application == "tabular"
    frames = data.read(registry.get("toy"), folder.files)
    varies = frames.training.groupby(frames.training["target"].astype(str))["green_varies"].median()
    assert varies.iloc[1] > 1.3 * varies.iloc[0]  # the squares of the second class are larger
    assert frames.test["width"].eq(SHAPE[1]).all() and frames.test["height"].eq(SHAPE[0]).all()
    registry.sample("toy").make(folder.root / "sample", 24, 0)
    assert "red_0_0" in data.read(registry.get("toy"), folder.root / "sample").test
