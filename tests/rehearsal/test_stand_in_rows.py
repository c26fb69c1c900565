"""Competitions whose rows are files: what the stand-in serves, hides and grades of them."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stand_in_world import read_csv, toy, write_csv

from common import data as kit_data
from common import registry
from common.competition import Cell, Column, Competition, Files, Folder, Split, SubmissionFormat, Table
from common.data.zipped import read_bytes
from common.errors import DataError
from common.rehearsal.stand_in import rows
from common.rehearsal.stand_in.grading import grade
from common.rehearsal.stand_in.hidden import prepare

ID, PICTURE = Column(name="id", kind="id"), Column(name="picture", kind="file")
LABEL = Column(name="label", kind="number", low=0, high=1)
RULES = {r"(?:.*/)?cat\.\d+": "0", r"(?:.*/)?dog\.\d+": "1"}


def animals(submitted_as: str = "csv", **changes: Any) -> Competition:
    """A competition of pictures: train.zip and test.zip, as dogs against cats."""
    files = Files(
        train=Folder(
            folders=("train", "images"), suffixes=(".jpg",), columns=(ID, PICTURE, LABEL), label="label", labels=RULES
        ),
        test=Folder(folders=("test",), suffixes=(".jpg",), columns=(ID, PICTURE)),
        sample_submission=Table(file="sample.csv", columns=(ID, LABEL), optional=True),
    )
    values: dict[str, Any] = {
        "files": files,
        "submission": SubmissionFormat(id="id", targets=("label",), cell=Cell(low=0, high=1)),
        "split": Split(kind="stratified", stratify="label", n_splits=4),
        "target": "label",
        "inputs": (),
        "metric": "rmse",
    }
    return toy(submitted_as, **{**values, **changes})


def picture(name: str) -> bytes:
    return f"picture of {name}".encode() * 3


def write_animals(folder: Path, each: int = 20, tests: int = 8, packed: bool = True, answers: bool = False) -> Path:
    names = {
        "train": [f"{kind}.{number}.jpg" for kind in ("cat", "dog") for number in range(each)],
        "test": [f"{number}.jpg" for number in range(1, tests + 1)],
    }
    folder.mkdir(parents=True)
    for part, files in names.items():
        if packed:
            with zipfile.ZipFile(folder / f"{part}.zip", "w") as archive:
                for name in files:
                    archive.writestr(f"{part}/{name}", picture(name))
                archive.writestr(f"{part}/readme.txt", "about")
        else:
            (folder / part).mkdir()
            for name in files:
                (folder / part / name).write_bytes(picture(name))
    if answers:
        write_csv(folder / "sample.csv", ("id", "label"), [(number, 0.5) for number in range(tests, 0, -1)])
        write_csv(folder / "answers.csv", ("id", "label"), [(number, number % 2) for number in range(1, tests + 1)])
    return folder


def names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return opened.namelist()


@pytest.mark.parametrize("packed", [True, False])
def test_a_hidden_test_is_cut_and_its_names_tell_nothing(tmp_path: Path, packed: bool) -> None:
    data, made = write_animals(tmp_path / "data", packed=packed), tmp_path / "made"
    competition = animals()
    prepare(competition, data, made)
    served = kit_data.read(competition, made / "served")
    assert (len(served.training), len(served.test)) == (30, 10)
    assert served.training["label"].sum() == 15  # stratified, as the competition's split is
    assert names(made / "served" / "test.zip") == [f"test/{number}.jpg" for number in range(1, 11)]
    assert not (made / "served" / "test").exists()  # the test set without known labels has given way
    # Every hidden picture is one of the training set, of the label that the answers give, and is gone from there.
    of_content = {picture(f"{kind}.{number}.jpg"): kind for kind in ("cat", "dog") for number in range(20)}
    shown = {read_bytes(path) for path in served.training["picture"]}
    hidden = [read_bytes(path) for path in served.test["picture"]]
    assert len(set(hidden)) == 10 and not set(hidden) & shown and shown | set(hidden) == set(of_content)
    answers = {row["id"]: row["label"] for row in read_csv(made / "answers.csv")}
    right = [str(int(of_content[content] == "dog")) for content in hidden]
    assert [answers[row] for row in served.test["id"]] == right
    assert len(set(right[:5])) > 1  # nor does their order
    if packed:
        assert "train/readme.txt" in names(made / "served" / "train.zip")
        assert {info.date_time[0] for info in zipfile.ZipFile(made / "served" / "test.zip").infolist()} == {1980}
    sample = read_csv(made / "served" / "sample.csv")
    assert [row["id"] for row in sample] == list(served.test["id"]) and {row["label"] for row in sample} == {"0"}
    assert grade(competition, made, made / "answers.csv").public == 0


def test_an_archive_whose_names_begin_with_a_point_is_cut_as_it_is(tmp_path: Path) -> None:
    """Some programs put `./` before every name, and what is served of their archive does so too."""
    data, made = write_animals(tmp_path / "data", packed=False), tmp_path / "made"
    with zipfile.ZipFile(data / "train.zip", "w") as archive:
        for path in sorted((data / "train").iterdir()):
            archive.writestr(zipfile.ZipInfo(f"./train/{path.name}", (2013, 9, 20, 0, 0, 0)), path.read_bytes())
    shutil.rmtree(data / "train")
    prepare(animals(), data, made)
    served = kit_data.read(animals(), made / "served")
    assert (len(served.training), len(served.test)) == (30, 10)
    assert [read_bytes(path) for path in served.training["picture"]] == [
        picture(f"{name}.jpg") for name in served.training["id"]
    ]
    with zipfile.ZipFile(made / "served" / "train.zip") as archive:
        assert {info.filename[:8] for info in archive.infolist()} == {"./train/"}
        assert {info.date_time[0] for info in archive.infolist()} == {2013}


def test_with_answers_everything_is_served_as_it_is(tmp_path: Path) -> None:
    data, made = write_animals(tmp_path / "data", answers=True), tmp_path / "made"
    prepare(animals(), data, made)
    assert sorted(path.name for path in (made / "served").iterdir()) == ["sample.csv", "test.zip", "train.zip"]
    for name in ("sample.csv", "test.zip", "train.zip"):
        assert (made / "served" / name).read_bytes() == (data / name).read_bytes()
    right = write_csv(tmp_path / "s.csv", ("id", "label"), [(number, number % 2) for number in range(1, 9)])
    assert grade(animals(), made, right).private == 0


@pytest.mark.parametrize("answers", [True, False])
def test_a_code_competition_shows_a_quarter(tmp_path: Path, answers: bool) -> None:
    data, made = write_animals(tmp_path / "data", each=32, tests=16, answers=answers), tmp_path / "made"
    competition = animals("kernel")
    prepare(competition, data, made)
    visible, hidden = (kit_data.read(competition, made / view) for view in ("served", "rerun"))
    assert (len(visible.test), len(hidden.test)) == (4, 12)
    assert not set(visible.test["id"]) & set(hidden.test["id"])
    assert list(hidden.test["id"]) == [row["id"] for row in read_csv(made / "answers.csv")]
    assert list(visible.training["id"]) == list(hidden.training["id"])
    assert {row["id"] for row in read_csv(made / "served" / "sample.csv")} == set(visible.test["id"])


def test_groups_that_only_the_model_code_knows_are_cut_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that look alike are found before the split; one that cannot be read is left out there, and stays."""
    monkeypatch.setenv("KIT_CACHE", str(tmp_path / "cache"))

    def enrich(frames: kit_data.Frames, config: Any, context: Any) -> kit_data.Frames:
        number = frames.training["id"].str.extract(r"(\d+)")[0].astype(int)
        readable = frames.training["id"] != "cat.3"
        return replace(frames, train=frames.training.assign(look=number // 4)[readable].reset_index(drop=True))

    monkeypatch.setattr(registry, "models", lambda name: SimpleNamespace(enrich=enrich))
    data, made = write_animals(tmp_path / "data"), tmp_path / "made"
    competition = animals(split=Split(kind="group", group="look", n_splits=5))
    prepare(competition, data, made)
    shown = set(kit_data.read(competition, made / "served").training["id"])
    assert "cat.3" in shown
    gone = {f"{kind}.{number}" for kind in ("cat", "dog") for number in range(20)} - shown
    assert len(gone - {"cat.3"}) in (7, 8)
    assert len({int(name.split(".")[1]) // 4 for name in gone}) == 1


def test_classes_are_answered_in_columns(tmp_path: Path) -> None:
    files = animals().files
    assert isinstance(files.train, Folder)
    kind = Column(name="kind", kind="category")
    rules = {r"(?:.*/)?(cat|dog)\.\d+": r"\1"}
    competition = animals(
        metric="log_loss",
        files=replace(files, train=replace(files.train, columns=(ID, PICTURE, kind), label="kind", labels=rules)),
        submission=SubmissionFormat(id="id", targets=("bird", "cat", "dog"), rows_sum_to=1.0),
        split=Split(kind="stratified", stratify="kind", n_splits=4),
        target="kind",
    )
    data, made = write_animals(tmp_path / "data"), tmp_path / "made"
    prepare(competition, data, made)
    answers = read_csv(made / "answers.csv")
    assert (
        sorted((row["bird"], row["cat"], row["dog"]) for row in answers)
        == [("0", "0", "1")] * 5 + [("0", "1", "0")] * 5
    )
    assert float(read_csv(made / "served" / "sample.csv")[0]["bird"]) == pytest.approx(1 / 3)
    assert grade(competition, made, made / "answers.csv").private == pytest.approx(0, abs=1e-6)
    swapped = [(row["id"], row["bird"], row["dog"], row["cat"]) for row in answers]
    wrong = write_csv(tmp_path / "s.csv", ("id", "bird", "cat", "dog"), swapped)
    assert grade(competition, made, wrong).private > 1
    narrow = replace(competition, submission=SubmissionFormat(id="id", targets=("bird", "dog"), rows_sum_to=1.0))
    with pytest.raises(DataError, match="unknown label 'cat'; the classes are bird, dog"):
        prepare(narrow, data, tmp_path / "other")


REVIEW, MOOD = Column(name="review", kind="text"), Column(name="mood", kind="number", low=0, high=1)


def reviews() -> Competition:
    """A competition of texts: tables without quoting, or a folder with a file for each."""
    moods = {r"(?:.*/)?pos/[^/]+": "1", r"(?:.*/)?neg/[^/]+": "0"}
    train = Folder(folders=("train",), suffixes=(".txt",), columns=(ID, MOOD, REVIEW), label="mood", labels=moods)
    test = Folder(folders=("test",), suffixes=(".txt",), columns=(ID, REVIEW))

    def table(file: str, folder: Folder) -> Table:
        return Table(file=file, columns=folder.columns, separator="\t", quoting="none", instead=folder)

    return animals(
        files=Files(
            train=table("train.tsv", train), test=table("test.tsv", test),
            sample_submission=Table(file="sample.csv", columns=(ID, MOOD), optional=True),
        ),
        submission=SubmissionFormat(id="id", targets=("mood",), cell=Cell(low=0, high=1), quoting="nonnumeric"),
        split=Split(kind="stratified", stratify="mood", n_splits=4),
        target="mood",
    )  # fmt: skip


def test_texts_in_folders_stand_for_a_table(tmp_path: Path) -> None:
    data, made = tmp_path / "data", tmp_path / "made"
    for mood in ("pos", "neg"):
        (data / "train" / mood).mkdir(parents=True)
        for number in range(8):
            (data / "train" / mood / f"{number}_9.txt").write_text(f'{mood} "review" {number}')
    (data / "test").mkdir()
    (data / "test" / "0.txt").write_text("unknown")
    prepare(reviews(), data, made)
    served = kit_data.read(reviews(), made / "served")
    assert (len(served.training), len(served.test)) == (12, 4)
    answers = {row["id"]: row["mood"] for row in read_csv(made / "answers.csv")}
    truth = {row["id"]: str(int(row["review"].startswith("pos"))) for _, row in served.test.iterrows()}
    assert answers == truth == {row: truth[row] for row in ("1", "2", "3", "4")}
    assert (made / "served" / "test.zip").is_file() and not (made / "served" / "test").exists()


def test_packed_tables_without_quoting(tmp_path: Path) -> None:
    data, made = tmp_path / "data", tmp_path / "made"
    data.mkdir()
    lines = ["id\tmood\treview", *(f'"{number}_7"\t{number % 2}\t"he said ""{number}"""' for number in range(40))]
    for name, text in (("train", "\n".join(lines)), ("test", 'id\treview\n"x"\t"y"')):
        with zipfile.ZipFile(data / f"{name}.tsv.zip", "w") as archive:
            archive.writestr(f"{name}.tsv", text + "\n")
    with zipfile.ZipFile(data / "sample.csv.zip", "w") as archive:
        archive.writestr("sample.csv", '"id","mood"\n"x",0.25\n')
    prepare(reviews(), data, made)
    assert sorted(path.name for path in (made / "served").iterdir()) == ["sample.csv", "test.tsv", "train.tsv"]
    shown = (made / "served" / "train.tsv").read_text().splitlines()
    assert len(shown) == 31 and set(shown) < set(lines)
    served = kit_data.read(reviews(), made / "served")
    assert [row["id"] for row in read_csv(made / "answers.csv")] == list(served.test["id"])
    assert {row["mood"] for row in read_csv(made / "served" / "sample.csv")} == {"0.25"}


def test_a_table_cannot_be_cut_from_files(tmp_path: Path) -> None:
    data = write_animals(tmp_path / "data")
    files = replace(animals().files, test=Table(file="test.csv", columns=(ID, PICTURE)))
    with pytest.raises(DataError, match=r"test.csv cannot be cut from train.zip or images.zip, so add the labels"):
        prepare(animals(files=files), data, tmp_path / "made")
    with pytest.raises(DataError, match=r"file not found: .*train.zip or images.zip"):
        prepare(animals(), tmp_path, tmp_path / "made")


def test_answers_need_the_columns_of_a_submission(tmp_path: Path) -> None:
    data = write_animals(tmp_path / "data", answers=True)
    write_csv(data / "answers.csv", ("id", "kind"), [("1", "0")])
    with pytest.raises(DataError, match=r"answers.csv lacks the column 'label'"):
        prepare(animals(), data, tmp_path / "made")


def test_rows_of_several_files_stay_in_as_many(tmp_path: Path) -> None:
    table = Table(file="train_1.csv", columns=(ID, LABEL), continued=("more/train_2.csv",))
    for at, (name, ids) in enumerate({"train_1.csv": "abc", "more/train_2.csv": "de"}.items()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_csv(tmp_path / name, ("id", "label"), [(id, at) for id in ids])
    frame = rows.read(tmp_path, table)
    assert frame.to_dict("list") == {"id": [*"abcde"], "label": [*"00011"]}
    rows.write(frame[frame["id"] != "a"], tmp_path / "served", table)
    assert rows.read(tmp_path / "served", table).to_dict("list") == {"id": [*"bcde"], "label": [*"0011"]}
    assert [row["id"] for row in read_csv(tmp_path / "served" / "more" / "train_2.csv")] == ["d", "e"]
