"""Competitions of masks from data to a graded submission, and what is wrong with data and submissions in one line each."""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from kit import kit
from PIL import Image

from common import data, registry
from common.competition import Split
from common.masks import files, rle
from common.model import Context
from common.report.page import MOST_BYTES
from common.runs.run import Run
from common.splits import make_folds

SIZE = (48, 64)  # of the sample's pictures


pytestmark = pytest.mark.usefixtures("home")  # whose ledgers they fill


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nuclei")
    registry.sample("nuclei").make(folder, 24, 0)
    return folder


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("camvid")
    registry.sample("camvid").make(folder, 24, 0)
    return folder


def copied(data: Path, folder: Path) -> Path:
    shutil.copytree(data, folder)
    return folder


def repacked(path: Path, change) -> None:
    """Write an archive anew with `change(name, content)`, the member's name and content, or None to leave it out."""
    with zipfile.ZipFile(path) as archive:
        members = [change(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in filter(None, members):
            archive.writestr(name, content)


def answers_of(data: Path) -> list[tuple[str, str]]:
    with (data / "answers.csv").open() as file:
        return [(row[0], row[1]) for row in csv.reader(file)][1:]


def written(path: Path, rows: list[tuple[str, str]]) -> Path:
    path.write_text("ImageId,EncodedPixels\n" + "".join(f"{id},{mask}\n" for id, mask in rows))
    return path


# From data to a score -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_nuclei_by_otsu_from_data_to_a_score(nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    said = kit(capsys, "train", "nuclei", "--profile", "baseline", "--data", str(nuclei), "--out", str(run))
    assert said.code == 0, said.err
    record = Run.open(run).record
    assert record.scores["object_precision"] > 0.25  # drawn objects touch, which a threshold cannot know
    assert (run / "figures" / "overlays.png").is_file()
    again = tmp_path / "again.csv"
    said = kit(capsys, "predict", str(run), "--data", str(nuclei), "--out", str(again))
    assert said.code == 0, said.err
    assert again.read_bytes() == (run / "submission.csv").read_bytes()
    assert kit(capsys, "validate", "nuclei", str(run), "--data", str(nuclei)).code == 0
    said = kit(capsys, "grade", "nuclei", str(again), str(nuclei / "answers.csv"))
    assert float(said.out.split()[1]) == pytest.approx(record.scores["object_precision"], abs=0.2)


@pytest.mark.slow
def test_streets_by_colours_from_data_to_a_score(
    streets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    said = kit(
        capsys, "train", "camvid", "--profile", "baseline", "--folds", "0", "--data", str(streets), "--out", str(run)
    )
    assert said.code == 0, said.err
    assert Run.open(run).record.scores["pixel_accuracy"] > 0.95
    with zipfile.ZipFile(run / "submission.zip") as archive:
        names = archive.namelist()
        mask = np.asarray(Image.open(io.BytesIO(archive.read(names[0]))))
    assert all(name.endswith("_P.png") for name in names)
    assert mask.shape == SIZE and mask.dtype == np.uint8
    assert kit(capsys, "validate", "camvid", str(run), "--data", str(streets)).code == 0
    said = kit(capsys, "grade", "camvid", str(run / "submission.zip"), str(streets / "answers.csv"))
    assert float(said.out.split()[1]) > 0.95
    other = copied(run, tmp_path / "other")
    said = kit(capsys, "blend", "camvid", str(run), str(other), "--out", str(tmp_path / "b"))
    assert said.code == 0, said.err
    assert Run.open(tmp_path / "b").record.scores == Run.open(run).record.scores
    assert kit(capsys, "validate", "camvid", str(tmp_path / "b"), "--data", str(streets)).code == 0


@pytest.mark.slow
def test_runs_of_masks_are_looked_at_and_blended(
    nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By each picture's own score; the second run sees pictures half as large, so that its masks have another size."""
    runs = [tmp_path / "whole", tmp_path / "half"]
    for run, longest in zip(runs, (0, 32), strict=True):
        command = ("train", "nuclei", "--profile", "baseline", "--data", nuclei, "--set", f"longest={longest}")
        assert kit(capsys, *command, "--out", run).code == 0
    said = kit(capsys, "compare", *runs)
    assert said.code == 0 and "bootstrap over 18 pictures" in said.out and "by each picture's own score" in said.out
    found = kit(capsys, "compare", *runs, "--json").json
    scores = [Run.open(run).record.scores["object_precision"] or 0 for run in runs]
    assert found["differences"][0]["value"] == pytest.approx(scores[1] - scores[0], abs=1e-3)
    assert kit(capsys, "check", runs[0]).code == 0
    report = kit(capsys, "report", runs[0], "--json").json
    page = Path(report["file"]).read_text()
    assert report["bytes"] < MOST_BYTES
    assert page.count('alt="Training picture') == 18 and "The most wrong rows" in page

    out = tmp_path / "blend"
    said = kit(capsys, "blend", "nuclei", *runs, "--out", out)
    assert said.code == 0 and "over " in said.out, said.err
    record = Run.open(out).record
    assert min(scores) < (record.scores["object_precision"] or 0) and record.settings["method"] == "mean"
    assert kit(capsys, "validate", "nuclei", out, "--data", nuclei).code == 0
    assert "over blend" in kit(capsys, "compare", out, runs[0]).out  # a blend keeps soft masks as any run does
    for words, message in (
        (("blend", "nuclei", *runs, "--method", "stack"), "blended by their mean: --method mean"),
        (("compare", runs[0], copied(runs[1], tmp_path / "lost")), "has lost folds"),
    ):
        shutil.rmtree(tmp_path / "lost" / "fold-0", ignore_errors=True)
        said = kit(capsys, *words)
        assert said.code == 1 and message in said.complaint


@pytest.mark.slow
def test_frames_that_a_list_names_can_validate(streets: Path, tmp_path: Path, context: Context) -> None:
    competition, models = registry.get("camvid"), registry.models("camvid")
    folder = copied(streets, tmp_path / "data")
    named = data.read(competition, folder).training["id"][1:8:3].tolist()
    (folder / "valid.txt").write_text("".join(f"{name}.jpg\n" for name in named))
    train = models.enrich(data.read(competition, folder), competition.profile("baseline"), context).training
    folds = make_folds(train, Split(kind="column", column="of_valid"))
    assert train["id"][folds == 0].tolist() == named and set(folds) == {0, -1}


@pytest.mark.slow
def test_a_unet_learns(nuclei: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    command = ("train", "nuclei", "--profile", "sample", "--data", str(nuclei), "--out", str(run), "--folds", "0")
    said = kit(capsys, *command)
    assert said.code == 0, said.err
    fold = Run.open(run).record.folds[0]
    losses = [loss for _, loss in fold.notes["curve"]]
    assert losses[-1] < 0.7 * losses[0]
    assert (run / "figures" / "learning_curve.png").is_file()
    first = (run / "fold-0" / "test.npz").read_bytes()
    said = kit(capsys, *command, "--fresh")
    assert said.code == 0, said.err
    assert (run / "fold-0" / "test.npz").read_bytes() == first


@pytest.mark.slow
def test_the_course_s_unet_from_data_to_a_submission(
    streets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    small = ("backbone=resnet18", "weights=random", "size=32,64", "epochs=1", "workers=0")
    settings = [word for setting in small for word in ("--set", setting)]
    said = kit(capsys, "train", "camvid", "--profile", "course", *settings, "--data", streets, "--out", run)
    assert said.code == 0, said.err
    assert "warning" not in said.err.lower() and len(Run.open(run).record.folds[0].notes["curve"]) > 1
    again = tmp_path / "again.zip"
    assert kit(capsys, "predict", run, "--data", streets, "--out", again).code == 0
    assert again.read_bytes() == (run / "submission.zip").read_bytes()


# Submissions ----------------------------------------------------------------------------------------------------------


def problems(capsys: pytest.CaptureFixture[str], name: str, file: Path, data: Path) -> list[str]:
    said = kit(capsys, "validate", name, str(file), "--data", str(data))
    assert said.code == 1
    return [line.strip() for line in said.out.splitlines()[1:]]


def test_a_transposed_submission_is_recognised(nuclei: Path, tmp_path: Path, capsys) -> None:
    rows = [(id, rle.encode(rle.decode(mask, SIZE), "rows")) for id, mask in answers_of(nuclei)]
    (said,) = problems(capsys, "nuclei", written(tmp_path / "t.csv", rows), nuclei)
    assert said.startswith(
        "transposed: the masks look transposed: read down the columns they overlap with what stands out"
    )
    assert "read along the rows by 1.00" in said or "read along the rows by 0.9" in said


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda mask: f"{mask} 3072 4", "mask_end: "),
        (lambda mask: f"{mask} 9", "mask: "),
        (lambda mask: "1 2 2 2", "mask: "),
    ],
)
def test_wrong_run_lengths_are_said(change, says: str, nuclei: Path, tmp_path: Path, capsys) -> None:
    rows = answers_of(nuclei)
    rows[0] = (rows[0][0], change(rows[0][1]))
    (said,) = problems(capsys, "nuclei", written(tmp_path / "t.csv", rows), nuclei)
    assert said.startswith(says)


def test_objects_that_overlap_are_said(nuclei: Path, tmp_path: Path, capsys) -> None:
    rows = answers_of(nuclei)
    (said,) = problems(capsys, "nuclei", written(tmp_path / "t.csv", [*rows, rows[0]]), nuclei)
    assert said == f"overlap: 1 picture with objects that overlap: {rows[0][0]}. Give each pixel to one object"


def test_what_is_wrong_with_an_archive_of_masks_is_said(streets: Path, tmp_path: Path, capsys) -> None:
    masks = {id: np.zeros(SIZE, np.uint8) for id, _ in answers_of(streets)}
    first, second, third, *_ = masks
    masks[first] = masks[first].T
    masks[second] = masks[second] + 99
    masks["stranger"] = masks.pop(third)
    folder = tmp_path / "masks"
    folder.mkdir()
    for id, mask in masks.items():
        (folder / f"{id}_P.png").write_bytes(files.to_png(mask))
    said = "\n".join(problems(capsys, "camvid", folder, streets))
    assert f"missing_ids: 1 picture without a mask: {third}. Add NAME_P.png for each" in said
    assert "unknown_ids: 1 mask that no picture has: stranger" in said
    assert f"mask_size: 1 mask that does not fit: {first}: the mask has 48 × 64 pixels, its picture 64 × 48" in said
    assert f"mask: 1 mask that does not fit: {second}: label 99 is none of 0 to 11" in said


# Data -----------------------------------------------------------------------------------------------------------------


def refusal(capsys, name: str, data: Path, tmp_path: Path) -> str:
    said = kit(capsys, "train", name, "--profile", "baseline", "--data", str(data), "--out", str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    return said.complaint


def test_pictures_without_mask_and_masks_without_picture_are_named(streets: Path, tmp_path: Path, capsys) -> None:
    data = copied(streets, tmp_path / "data")
    with zipfile.ZipFile(data / "labels.zip") as archive:
        first = archive.namelist()[0]
    repacked(data / "labels.zip", lambda name, content: None if name == first else (name, content))
    said = refusal(capsys, "camvid", data, tmp_path)
    assert said.startswith("kit: 1 row of images.zip without a file in ") and said.endswith(f": {first[7:-6]}")
    repacked(data / "images.zip", lambda name, content: None if name[7:] == f"{first[7:-6]}.jpg" else (name, content))
    stranger = "labels/stranger_P.png"
    repacked(data / "labels.zip", lambda name, content: (name, content))
    with zipfile.ZipFile(data / "labels.zip", "a") as archive:
        archive.writestr(stranger, files.to_png(np.zeros(SIZE, np.uint8)))
    said = refusal(capsys, "camvid", data, tmp_path)
    assert said.startswith("kit: 1 file in ") and said.endswith(" without one in images.zip: stranger_P.png")


def test_masks_that_do_not_fit_are_refused_before_a_run_begins(streets: Path, tmp_path: Path, capsys) -> None:
    data = copied(streets, tmp_path / "data")
    repacked(data / "labels.zip", lambda name, content: (name, files.to_png(np.zeros((4, 4), np.uint8))))
    said = refusal(capsys, "camvid", data, tmp_path)
    assert "masks do not fit: " in said and "the mask has 4 × 4 pixels, its picture 64 × 48" in said


def test_labels_of_pictures_that_are_not_there_are_refused(nuclei: Path, tmp_path: Path, capsys) -> None:
    data = copied(nuclei, tmp_path / "data")
    labels = data / "stage1_train_labels.csv"
    whole = labels.read_text()
    labels.write_text(f"{whole}stranger,1 2\n")
    said = refusal(capsys, "nuclei", data, tmp_path)
    assert said == "kit: stage1_train_labels.csv has cells for 1 row without a file or a line: stranger"
    first = whole.splitlines()[1].partition(",")[0]
    labels.write_text("".join(line for line in whole.splitlines(keepends=True) if not line.startswith(first)))
    assert refusal(capsys, "nuclei", data, tmp_path) == f"kit: stage1_train_labels.csv has nothing for 1 row: {first}"
    labels.write_text(f"{whole}{first},3070 9\n")
    said = refusal(capsys, "nuclei", data, tmp_path)
    assert said.endswith(f"{first}.png: it runs to pixel 3,078 of a picture of 64 × 48, which has 3,072")
