"""Cats and dogs, and breeds: profiles end to end, files as they come, twins in one fold, runs that were cut off."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kit import kit
from PIL import Image

from common import data, registry
from common.competition import Column, Competition, Folder, Table
from common.config import resolve
from common.data.zipped import members
from common.environment import detect
from common.errors import DataError
from common.pipeline.request import Request
from common.pipeline.steps import run
from common.progress import Progress
from common.vision import VisionModels
from common.vision.drawn import animal
from common.vision.guarded import GuardedModel

PETS, BREEDS = registry.get("pets"), registry.get("pet_breeds")
LIGHT = ["size=32", "cell=4", "components=16", "landmarks=40", "split.n_splits=2"]
TINY = ["backbone=test_resnet", "weights=random", "batch_size=16", "workers=0"]
SETTINGS = {
    "baseline": LIGHT,
    "course": [*TINY, "size=64"],
    "sample": ["tuning.epochs=1", "sizes=64", "tuning.size=48"],
    "best": [*TINY, "sizes=32,40", "split.n_splits=2"],
}


def options(profile: str) -> list[str]:
    return ["--profile", profile, *(word for setting in SETTINGS[profile] for word in ("--set", setting))]


@pytest.fixture(scope="module")
def pets_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pets")
    registry.sample("pets").make(folder, 80, 0)
    return folder


@pytest.fixture(scope="module")
def breeds_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("breeds")
    registry.sample("pet_breeds").make(folder, 64, 0)
    return folder


@pytest.fixture
def without_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out figures, which take longer than a small training, where a test is not about them."""
    monkeypatch.delattr(VisionModels, "illustrate")


@pytest.mark.parametrize("name", ["pets", "pet_breeds"])
def test_the_sample_is_the_same_every_time(name: str, tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        registry.sample(name).make(folder, 30, 3)
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    registry.sample(name).make(tmp_path / "third", 30, 4)
    assert (tmp_path / "third" / "train.zip").read_bytes() != made[0]["train.zip"]


def test_the_sample_has_kaggles_layout(pets_data: Path) -> None:
    assert members(pets_data / "train.zip")[:2] == ["train/cat.0.jpg", "train/cat.1.jpg"]
    assert members(pets_data / "test.zip")[:2] == ["test/1.jpg", "test/2.jpg"]
    assert (pets_data / "sample_submission.csv").read_text().startswith("id,label\n1,0.5\n")


@pytest.mark.slow
@pytest.mark.parametrize("profile", [*SETTINGS])
def test_every_profile_trains_predicts_and_shows(
    profile: str, pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    said = kit(capsys, "train", "pets", "--data", pets_data, *options(profile), "--json")
    assert said.code == 0, said.err
    record = said.json
    assert record["status"] == "finished"
    assert 0 < record["scores"]["log_loss"] < 3
    run = Path(record["run"])
    figures = {path.name for path in (run / "figures").iterdir()}
    assert {"batch.png", "confusion.png", "calibration.png", "top_losses.png"} <= figures
    assert ("learning_curve.png" in figures) == (profile in ("course", "sample"))
    assert ("learning_curve_by_rows.png" in figures) == (profile in ("best", "sample"))
    for path in (run / "figures").iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 250 and np.asarray(picture.convert("L")).std() > 10

    if profile == "baseline":  # C5
        explained = kit(capsys, "explain", "pets", "--run", run, "--rows", 2, "--json").json
        assert all(str(pets_data / "train.zip" / "train") in str(row["inputs"]) for row in explained["mistakes"])
        assert str(run / "figures" / "top_losses.png") in explained["figures"]
    out = tmp_path / "again.csv"
    said = kit(capsys, "predict", "pets", "--run", run, "--data", pets_data, "--out", out)
    assert said.code == 0, said.err
    trained, again = (pd.read_csv(path, index_col="id")["label"] for path in (run / "submission.csv", out))
    assert trained.between(1e-5, 1 - 1e-5).all() and trained.nunique() > 5
    np.testing.assert_allclose(again, trained, atol=1e-6)


@pytest.mark.slow
def test_an_id_may_have_any_name(pets_data: Path, home: Path, tmp_path: Path) -> None:
    """A16: all folds were trained, then the figures failed."""
    files, key = PETS.files, Column(name="key", kind="id")

    def renamed(source: Folder | Table) -> Any:
        return replace(source, columns=(key, *source.columns[1:]))

    sources = {name: renamed(getattr(files, name)) for name in ("train", "test", "sample_submission")}
    pets = replace(PETS, files=replace(files, **sources), submission=replace(PETS.submission, id="key"))
    for name in ("train.zip", "test.zip"):
        (tmp_path / name).symlink_to(pets_data / name)
    sample = (pets_data / "sample_submission.csv").read_text()
    (tmp_path / "sample_submission.csv").write_text(sample.replace("id", "key", 1))
    request = Request(
        competition=pets, profile="baseline", config=resolve(pets, "baseline", LIGHT), data=tmp_path,
        environment=detect(), progress=Progress(silent=True), out=tmp_path / "run",
    )  # fmt: skip
    done = run(request)
    assert done.record.status == "finished" and not [text for text in done.record.warnings if "figures" in text]
    assert (done.folder / "figures" / "top_losses.png").is_file()
    assert (done.folder / "submission.csv").read_text().startswith("key,label\n1,")


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_a_vision_transformer_that_takes_any_size_learns_and_predicts(
    pets_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*options("course"), "--set", "backbone=test_vit.r160_in1k"]  # drawn at 64 pixels, not at its own 160
    said = kit(capsys, "train", "pets", "--data", pets_data, *words, "--json")
    assert said.code == 0, said.err
    out = tmp_path / "again.csv"
    said = kit(capsys, "predict", "pets", "--run", said.json["run"], "--data", pets_data, "--out", out)
    assert said.code == 0 and len(pd.read_csv(out)) == 20


UNFIT = {
    "vit_tiny_patch16_224": (
        64,
        "takes no pictures of 64 pixels (Input height (64) doesn't match model (224)); choose",
    ),
    "torchvision/vit_b_16": (
        224,
        "fastai's head does not fit torchvision's vit_b_16 (it has no layer that pools); choose",
    ),
    "test_mambaout": (64, "fastai's head does not fit timm's test_mambaout ("),  # colours are the last axis of its maps
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "backbone"), [*(("train", backbone) for backbone in UNFIT), ("lr-find", "test_mambaout")]
)
def test_a_network_that_cannot_be_trained_on_these_pictures_is_told_before_training(
    command: str, backbone: str, pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size, says = UNFIT[backbone]
    settings = ("--set", f"backbone={backbone}", "--set", f"size={size}")
    said = kit(capsys, command, "pets", "--data", pets_data, *options("course"), *settings)
    assert said.code == 1 and says in said.complaint
    assert "steps/s" not in said.err, "nothing was trained"


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["baseline", "best"])
def test_breeds_are_the_same_models_for_more_classes(
    profile: str, breeds_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "train", "pet_breeds", "--data", breeds_data, *options(profile), "--json")
    assert said.code == 0, said.err
    assert said.json["scores"]["log_loss"] < np.log(37) and set(said.json["scores"]) == {"log_loss", "accuracy"}
    made = pd.read_csv(Path(said.json["run"]) / "submission.csv", index_col="id")
    assert list(made) == list(BREEDS.submission.targets)
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-6)


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_the_baseline_learns_the_difference(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registry.sample("pets").make(tmp_path, 200, 1)
    said = kit(capsys, "train", "pets", "--data", tmp_path, *options("baseline"), "--set", "size=64", "--json")
    assert said.json["scores"]["error_rate"] < 0.3


# Files as they come -----------------------------------------------------------------------------------------------------


def picture(number: int, kind: str = "cat") -> Image.Image:
    import random

    return Image.open(io.BytesIO(animal(random.Random(number), kind)))  # type: ignore[arg-type]


def encoded(image: Image.Image, form: str, **more: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **more)
    return buffer.getvalue()


def odd_files() -> dict[str, bytes]:
    """Every kind of file that is found under the name of a JPEG, and can be read."""
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = picture(4).convert("RGBA")
    clear.putalpha(128)
    return {
        "gif": encoded(picture(1), "GIF"),
        "png": encoded(picture(2), "PNG"),
        "grey": encoded(picture(3).convert("L"), "JPEG"),
        "transparent": encoded(clear, "PNG"),
        "cmyk": encoded(picture(5).convert("CMYK"), "JPEG"),
        "turned": encoded(picture(6), "JPEG", exif=turned),
    }


def broken_files() -> dict[str, bytes]:
    """What cannot be read, whatever its name."""
    whole = encoded(picture(7), "JPEG")
    return {
        "cut": whole[: len(whole) // 5],
        "empty": b"",
        "text": b"this is no picture\n",
        "noise": b"\xff\xd8" + bytes(999),
    }


@pytest.fixture
def messy(pets_data: Path, tmp_path: Path) -> Path:
    """The sample with every odd and every broken file in training and test, in folders."""
    folder = tmp_path / "messy"
    for part in ("train", "test"):
        (folder / part).mkdir(parents=True)
        with zipfile.ZipFile(pets_data / f"{part}.zip") as archive:
            archive.extractall(folder)
    files = [*odd_files().values(), *broken_files().values()]
    for number, content in enumerate(files):
        (folder / "train" / f"{('cat', 'dog')[number % 2]}.{900 + number}.jpg").write_bytes(content)
        (folder / "test" / f"{900 + number}.jpg").write_bytes(content)
    for name in ("annotations.mat", ".DS_Store", "._cat.1.jpg", "Thumbs.db"):
        (folder / "train" / name).write_bytes(b"not a picture")
    sample = (pets_data / "sample_submission.csv").read_text()
    more = "".join(f"{900 + number},0.5\n" for number in range(len(files)))
    (folder / "sample_submission.csv").write_text(sample + more)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["baseline", "course"])
def test_no_row_is_missing_whatever_the_files_hold(
    profile: str, messy: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "train", "pets", "--data", messy, *options(profile), "--json")
    assert said.code == 0, said.err
    assert "training pictures that cannot be read are left out (4): " in said.err
    assert "test pictures that cannot be read are predicted as the class frequencies (4): " in said.err
    assert "empty file" in said.err and "907.jpg" in said.err
    run = Path(said.json["run"])
    assert len(said.json["warnings"]) >= 2
    assert len(pd.read_csv(run / "oof.csv")) == 60 + len(odd_files())
    out = tmp_path / "made.csv"
    assert kit(capsys, "predict", "pets", "--run", run, "--data", messy, "--out", out).code == 0
    for path in (run / "submission.csv", out):
        made = pd.read_csv(path, index_col="id")["label"]
        assert len(made) == 20 + 10
        assert (made.loc[906:] - 0.5).abs().max() < 0.02, "the prior"


@pytest.mark.parametrize("kind", [*odd_files()])
def test_each_odd_file_alone_is_trained_on(kind: str, pets_data: Path, home: Path) -> None:
    frames = enriched(PETS, pets_data, {"train/dog.900.jpg": odd_files()[kind]}, home)
    assert "dog.900" in set(frames.training["id"])


@pytest.mark.parametrize("kind", [*broken_files()])
def test_each_broken_file_alone_is_left_out_and_named(
    kind: str, pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = enriched(PETS, pets_data, {"train/dog.900.jpg": broken_files()[kind]}, home)
    assert "dog.900" not in set(frames.training["id"]) and len(frames.training) == 60
    assert "training pictures that cannot be read are left out (1): dog.900.jpg (" in capsys.readouterr().err


def test_pictures_without_a_label_are_counted_and_named(
    pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nameless = {f"train/{name}": encoded(picture(1), "JPEG") for name in ("horse.jpg", "cat.1 (1).jpg", "cat.jpg")}
    frames = enriched(PETS, pets_data, nameless | {"train/dog.900.jpg": b""}, home)
    assert len(frames.training) == 60
    said = capsys.readouterr().err
    assert "training pictures with names that no labelling rule matches are left out (3): cat.1 (1).jpg, " in said
    assert "training pictures that cannot be read are left out (1): dog.900.jpg (" in said


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_folder_that_was_copied_in_part_is_refused_at_once(
    part: str, pets_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in pets_data.iterdir():
        (tmp_path / path.name).symlink_to(path)
    with zipfile.ZipFile(pets_data / f"{part}.zip") as archive:
        archive.extractall(tmp_path, archive.namelist()[:15])
    said = kit(capsys, "train", "pets", "--data", tmp_path, *options("baseline"))
    whole, missing = {
        "train": (60, "cat.15.jpg, cat.16.jpg, cat.17.jpg and 42 more"),
        "test": (20, "16.jpg, 17.jpg, 18.jpg and 2 more"),
    }[part]
    assert said.code == 1
    assert f"{part} holds 15 files, {part}.zip beside it {whole}; the folder lacks {missing}. " in said.complaint
    assert not (home / "submissions").exists()


def test_nothing_to_train_on_is_said_in_one_line(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("train/cat.1.jpg", "train/dog.1.jpg", "test/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"nothing")
    (tmp_path / "sample_submission.csv").write_text("id,label\n1,0.5\n")
    said = kit(capsys, "train", "pets", "--data", tmp_path, "--profile", "baseline")
    assert said.code == 1 and "none of the 2 training pictures can be read" in said.complaint


# Layouts ----------------------------------------------------------------------------------------------------------------


def test_oxfords_folder_is_extra_or_sole_training_data(tmp_path: Path, pets_data: Path) -> None:
    for folder in (tmp_path / "both", tmp_path / "alone"):
        (folder / "images").mkdir(parents=True)
        for name in (
            "Abyssinian_1.jpg",
            "Egyptian_Mau_12.jpg",
            "beagle_3.jpg",
            "american_pit_bull_terrier_4.jpg",
            "x.mat",
        ):
            (folder / "images" / name).write_bytes(b"")
        for name in ("test.zip", "sample_submission.csv"):
            (folder / name).symlink_to(pets_data / name)
    (tmp_path / "both" / "train.zip").symlink_to(pets_data / "train.zip")
    alone, both = (data.read(PETS, tmp_path / name).training for name in ("alone", "both"))
    found = dict(zip(alone["id"], alone["label"], strict=True))
    assert found == {"Abyssinian_1": 0, "Egyptian_Mau_12": 0, "beagle_3": 1, "american_pit_bull_terrier_4": 1}
    assert len(both) == 60 + 4 and both["label"].sum() == 30 + 2


def test_cats_and_dogs_may_have_capitals(tmp_path: Path) -> None:
    for name in ("train/Cat.1.jpg", "train/Dog_2.jpg", "train/DOG.3.jpg", "test/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    train = data.read_rows(tmp_path, PETS.files.train)
    assert dict(zip(train["id"], train["label"], strict=True)) == {"Cat.1": 0, "Dog_2": 1, "DOG.3": 1}


def test_an_unknown_backbone_is_told_before_anything_is_decoded_or_written(
    pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "train", "pets", "--data", pets_data, *options("course"), "--set", "backbone=resnet43")
    assert said.code == 1 and "unknown backbone 'resnet43'. Did you mean resnet34" in said.complaint
    assert "pictures" not in said.err and not (home / "submissions").exists()


def test_pictures_of_one_class_are_told_before_anything_is_decoded_or_written(
    pets_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(pets_data / "train.zip") as archive:
        archive.extractall(tmp_path, [name for name in archive.namelist() if "cat" in name])
    for name in ("test.zip", "sample_submission.csv"):
        (tmp_path / name).symlink_to(pets_data / name)
    said = kit(capsys, "train", "pets", "--data", tmp_path, *options("baseline"))
    assert said.code == 1 and "all 30 training rows are of one class, 'cat'" in said.complaint
    assert len(said.err.splitlines()) == 1 and not (home / "submissions").exists()


def test_files_of_another_competition_are_told_with_an_example(pets_data: Path, home: Path) -> None:
    with pytest.raises(
        DataError, match=r"none of 60 files in .*train\.zip is named like .*, for example .*/train/cat\.0\.jpg"
    ):
        data.read_rows(pets_data, BREEDS.files.train)


def test_breeds_are_read_from_names(tmp_path: Path) -> None:
    names = ("Abyssinian_1", "Egyptian_Mau_12", "beagle_3", "american_pit_bull_terrier_4", "unknown_5", "cat.1")
    for name in (*(f"images/{each}.jpg" for each in names), "test/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    train = data.read(BREEDS, tmp_path).training
    assert sorted(train["breed"]) == ["Abyssinian", "Egyptian_Mau", "american_pit_bull_terrier", "beagle"]


def test_copies_stay_in_one_fold_and_are_reported(
    pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(pets_data / "train.zip") as archive:
        copies = {}
        for number in range(20):
            image = Image.open(io.BytesIO(archive.read(f"train/cat.{number}.jpg")))
            copies[f"train/cat.{500 + number}.jpg"] = encoded(image.resize((120, 100)), "JPEG", quality=60)
    frames = enriched(PETS, pets_data, copies, home)
    train = frames.training.set_index("id")
    group = train["duplicate_group"]
    assert all(group[f"cat.{number}"] == group[f"cat.{500 + number}"] for number in range(20))
    said = capsys.readouterr().err
    assert "near duplicates: training pictures that look like another and stay in its fold: 40 (" in said

    from common.splits.folds import make_folds

    folds = pd.Series(make_folds(frames.training, PETS.split), index=train.index)
    assert all(folds[f"cat.{number}"] == folds[f"cat.{500 + number}"] for number in range(20))


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
def test_a_run_that_was_cut_off_goes_on(
    pets_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("train", "pets", "--data", pets_data, *options("baseline"))
    assert kit(capsys, *words, "--out", tmp_path / "whole").code == 0
    fit = GuardedModel.fit

    def interrupted(self: GuardedModel, train: pd.DataFrame, valid: pd.DataFrame) -> None:
        if "fold 1" in self.model.context.title:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        fit(self, train, valid)

    with monkeypatch.context() as patched:
        patched.setattr(GuardedModel, "fit", interrupted)
        said = kit(capsys, *words, "--out", tmp_path / "cut")
    assert said.code == 1 and "interrupted; finished folds are kept" in said.err
    finished = (tmp_path / "cut" / "fold-0" / "fold.json").stat().st_mtime_ns
    said = kit(capsys, *words, "--out", tmp_path / "cut")
    assert said.code == 0 and "kept from before: 0" in said.err
    assert (tmp_path / "cut" / "fold-0" / "fold.json").stat().st_mtime_ns == finished
    one, other = ((tmp_path / name / "submission.csv").read_bytes() for name in ("whole", "cut"))
    assert one == other


@pytest.mark.slow
def test_the_kernel_runs_here_and_keeps_its_run(
    pets_data: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runpy

    monkeypatch.setenv("KIT_DATA", str(pets_data))
    monkeypatch.setenv("KIT_PROFILE", "baseline")
    monkeypatch.setenv("KIT_SET", " ".join(LIGHT))
    runpy.run_path(str(Path(registry.__file__).parents[1] / "kernels" / "pets" / "kernel.py"))
    output = home / "build" / "kernels" / "pets" / "output"
    assert {path.name for path in output.iterdir()} == {"run.zip", "submission.csv", "oof.csv", "manifest.json"}
    assert json.loads((output / "manifest.json").read_text())["profile"] == "baseline"
    said = capsys.readouterr().out
    assert "60 pictures to learn from, 20 to predict" in said and "The ten largest losses" in said


def enriched(competition: Competition, source: Path, more: dict[str, bytes], home: Path) -> data.Frames:
    """Return the frames of a folder of data with further files, as the split sees them."""
    from common.config import resolve
    from common.environment import detect
    from common.model import Context
    from common.progress import Progress

    folder = home / "data-of-the-test"
    folder.mkdir()
    for part in ("train", "test"):
        with zipfile.ZipFile(source / f"{part}.zip") as archive:
            archive.extractall(folder)
    for name, content in more.items():
        (folder / name).write_bytes(content)
    (folder / "sample_submission.csv").write_bytes((source / "sample_submission.csv").read_bytes())
    context = Context.of(competition.name, detect(), home, progress=Progress(live=False))
    config = resolve(competition, "baseline", LIGHT)
    return registry.models(competition.name).enrich(data.read(competition, folder), config, context)


def test_the_disk_for_pictures_has_a_bound(pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "train", "pets", "--data", pets_data, "--profile", "baseline", "--set", "cache_gb=0.001")
    assert said.code == 1
    assert "0.00 GB allowed" in said.complaint and "--set cache_gb=" in said.complaint
