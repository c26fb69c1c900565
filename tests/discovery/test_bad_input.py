"""Files that tell too little, or contradict each other: one clear line each, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_files import Content, Rows, Text, write

from common.discovery import writing
from common.discovery.discover import discover
from common.discovery.findings import Hints, Question
from common.errors import DataError, SettingError, UnknownName

TRAIN = Rows(40, {"id": "id", "a": "num", "b": "cat:x|y", "y": "mark:0/2"})
TEST = Rows(20, {"id": "id", "a": "num", "b": "cat:x|y"}, start=40)
SAMPLE = Rows(20, {"id": "id", "y": "one:0.5"}, start=40)
WHOLE: dict[str, Content] = {"train.csv": TRAIN, "test.csv": TEST, "sample_submission.csv": SAMPLE}


@pytest.mark.parametrize(
    ("files", "hints", "says"),
    [
        ({"notes.md": Text("x")}, {}, "holds no tables and no folders of files"),
        ({"train.csv": TRAIN}, {}, r"no sample submission and no test table are there, only train\.csv"),
        ({"test.csv": TEST, "sample_submission.csv": SAMPLE}, {}, "no training rows in .*: no table is named like train"),
        ({**WHOLE, "test.csv": Text("id,a,b\n")}, {}, "test.csv has a header but no rows"),
        ({**WHOLE, "test.csv": Text("")}, {}, r"test\.csv is empty"),
        (
            {**WHOLE, "sample_submission.csv": Rows(20, {"id": "id:other{}", "y": "one:0.5"})},
            {},
            r"0 of 20 values of 'id' in sample_submission\.csv are in test\.csv",
        ),
        (
            {**WHOLE, "sample_submission.csv": Rows(20, {"id": "id", "y": "one:0", "z": "one:0"}, start=40)},
            {},
            r"train\.csv lacks the targets 'z' of sample_submission\.csv",
        ),
        (
            {**WHOLE, "train.csv": Rows(40, {"id": "id", "y": "mark:0/2", "z": "cat:red|blue"}), "sample_submission.csv":
             Rows(20, {"id": "id", "y": "one:0", "z": "one:red"}, start=40)},
            {"target": "y,z"},
            r"train\.csv has words in 'z', such as '(red|blue)', one of 2 targets: the kit predicts classes of one column",
        ),
        ({**WHOLE, "sample_submission.csv": Rows(20, {"id": "id"}, start=40)}, {}, "has one column, 'id'"),
        (
            {**WHOLE, "sample_submission.csv": Rows(20, {"id": "one:1", "y": "one:0"})},
            {},
            "is unique, nor are several together",
        ),
        (
            {**WHOLE, "test.csv": Rows(20, {"id": "group:2:{}", "a": "num"}, start=80)},
            {"id": "id"},
            r"test\.csv has several rows for one 'id', and no training table has",
        ),
        (WHOLE, {"target": "z"}, r"train\.csv has no column 'z'; it has: id, a, b, y"),
        (WHOLE, {"id": "z"}, r"sample_submission\.csv has no column 'z'"),
        (WHOLE, {"group": "z"}, r"train\.csv has no column 'z'"),
        (WHOLE, {"split": "group"}, "no column keeps to one side of train and test; --group COL"),
        (WHOLE, {"split": "time"}, "--split time needs a column of dates"),
        (WHOLE, {"metric": "log_mae_by_group", "columns": {"group": "z"}}, r"train\.csv has no column 'z'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    files: dict[str, Content], hints: dict[str, str], says: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=says) as caught:
        discover(write(tmp_path / "data", files), "toy", "toy", Hints(**hints))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder; --data takes the folder"):
        discover(tmp_path / "nowhere", "toy", "toy")
    write(tmp_path / "outer" / "inner", WHOLE)
    with pytest.raises(DataError, match=r"all files lie in .*inner; name that folder"):
        discover(tmp_path / "outer", "toy", "toy")


def test_an_unknown_metric_is_said_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown metric 'acuracy'\. Did you mean 'accuracy'"):
        discover(write(tmp_path / "data", WHOLE), "toy", "toy", Hints(metric="acuracy"))


_NAMES = {"code": "id:c{}", "label": "id:l{}"}
TWO_IDS = {
    "train.csv": Rows(40, {**_NAMES, "a": "num", "y": "mark:0/2"}),
    "test.csv": Rows(20, {**_NAMES, "a": "num"}, start=40),
    "sample_submission.csv": Rows(20, {**_NAMES, "y": "one:0.5"}, start=40),
}
UNNAMED = {
    "train.csv": Rows(40, {"id": "id", "a": "num", "first": "num", "second": "num"}),
    "test.csv": Rows(20, {"id": "id", "a": "num"}, start=40),
    "sample_submission.csv": Rows(20, {"id": "id", "Predicted": "one:0.5"}, start=40),
}


@pytest.mark.parametrize(
    ("files", "option", "choices", "answer", "taken"),
    [
        (TWO_IDS, "--id", ("code", "label"), "label", "label"),
        (UNNAMED, "--target", ("first", "second"), "second", "second"),
    ],
)
def test_what_only_the_user_knows_is_asked(
    files: dict[str, Content], option: str, choices: tuple[str, ...], answer: str, taken: str, tmp_path: Path
) -> None:
    folder = write(tmp_path / "data", files)
    with pytest.raises(Question, match=rf"say it with {option}$") as caught:
        discover(folder, "toy", "toy")
    assert caught.value.choices == choices
    asked: list[Question] = []

    def tell(question: Question) -> str:
        asked.append(question)
        return answer

    found = discover(folder, "toy", "toy", ask=tell)
    assert len(asked) == 1
    assert taken in (found.competition.submission.id, found.competition.target, found.competition.metric)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("spaceship-titanic", "is no Python name .*; call it spaceship_titanic"),
        ("3d-objects", "is no Python name .*; call it c3d_objects"),
        ("class", "is a name of Python's own; call it class_competition"),
        ("json", "is a name of Python's own; call it json_competition"),
        ("taken", "is there already; choose another name"),
    ],
)
def test_names_that_will_not_do_are_refused(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(SettingError, match=says):
        writing.check_name(name, tmp_path)
    writing.check_name("Titanic_2", tmp_path)


def test_nothing_is_overwritten_and_nothing_is_left_half_written(tmp_path: Path) -> None:
    found = discover(write(tmp_path / "data", WHOLE), "toy", "toy")
    (tmp_path / "kernels" / "toy").mkdir(parents=True)
    with pytest.raises(SettingError, match="is there already"):
        writing.write(found, tmp_path / "competitions", tmp_path / "kernels")
    assert not (tmp_path / "competitions").exists()
