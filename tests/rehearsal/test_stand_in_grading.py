"""What the stand-in makes of a data folder, and how it scores."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stand_in_world import read_csv, toy, write_csv, write_data

from common.competition import Cell, Column, Files, Split, SubmissionFormat, Table
from common.errors import DataError
from common.rehearsal.stand_in.grading import BadSubmission, grade
from common.rehearsal.stand_in.hidden import prepare


def _ids(path: Path) -> list[str]:
    return [row["id"] for row in read_csv(path)]


def test_answers_are_used_as_they_are(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    prepare(toy(), data, made)
    for name in ("train.csv", "test.csv"):
        assert (made / "served" / name).read_bytes() == (data / name).read_bytes()
    assert not (made / "served" / "answers.csv").exists()
    assert not (made / "rerun").exists()
    assert _ids(made / "answers.csv") == _ids(data / "test.csv")


def test_hidden_test_is_cut_from_the_training_set_by_the_split(tmp_path: Path) -> None:
    data, made = tmp_path / "data", tmp_path / "made"
    data.mkdir()
    rows = [(f"r{number}", f"text {number % 10}", number % 5 / 4) for number in range(200)]
    write_csv(data / "train.csv", ("id", "text", "score"), rows)
    write_csv(data / "test.csv", ("id", "text"), [("x", "unlabelled")])
    write_csv(data / "sample_submission.csv", ("id", "score"), [("x", 0)])
    prepare(toy(split=Split(kind="group", group="text", n_splits=5)), data, made)
    train, test = read_csv(made / "served" / "train.csv"), read_csv(made / "served" / "test.csv")
    assert len(train) + len(test) == 200
    assert 20 <= len(test) <= 60
    assert not {row["text"] for row in train} & {row["text"] for row in test}
    assert set(test[0]) == {"id", "text"}
    known = {row_id: str(score) for row_id, _, score in rows}
    assert {row["id"]: row["score"] for row in read_csv(made / "answers.csv")} == {
        row["id"]: known[row["id"]] for row in test
    }
    assert _ids(made / "served" / "sample_submission.csv") == [row["id"] for row in test]


@pytest.mark.parametrize("answers", [True, False])
def test_rerun_has_other_ids_and_three_times_the_rows(tmp_path: Path, answers: bool) -> None:
    data, made = write_data(tmp_path / "data", rows=80, tests=80, answers=answers), tmp_path / "made"
    prepare(toy("kernel"), data, made)
    visible, hidden = _ids(made / "served" / "test.csv"), _ids(made / "rerun" / "test.csv")
    assert len(hidden) == 3 * len(visible)
    assert not set(visible) & set(hidden)
    assert _ids(made / "answers.csv") == hidden == _ids(made / "rerun" / "sample_submission.csv")
    assert (made / "served" / "train.csv").read_bytes() == (made / "rerun" / "train.csv").read_bytes()


def test_groups_stay_together_in_the_rerun(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    rows = [(row["id"], f"text {number % 8}") for number, row in enumerate(read_csv(data / "test.csv"))]
    write_csv(data / "test.csv", ("id", "text"), rows)
    prepare(toy("kernel", split=Split(kind="group", group="text")), data, made)
    visible, hidden = ({row["text"] for row in read_csv(made / kind / "test.csv")} for kind in ("served", "rerun"))
    assert (len(visible), len(hidden), visible & hidden) == (2, 6, set())


def test_code_competition_of_one_row(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", tests=1)
    with pytest.raises(DataError, match="needs a visible and a hidden one"):
        prepare(toy("kernel"), data, tmp_path / "made")


def test_other_files_travel_along_and_new_data_are_taken_up(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    (data / "extra" / "deep").mkdir(parents=True)
    (data / "extra" / "deep" / "titles.csv").write_text("a\n")
    prepare(toy("kernel"), data, made)
    for folder in ("served", "rerun"):
        assert (made / folder / "extra" / "deep" / "titles.csv").read_text() == "a\n"
    marker = made / "served" / "kept"
    marker.touch()
    prepare(toy("kernel"), data, made)
    assert marker.exists()
    (data / "new.txt").write_text("new")
    prepare(toy("kernel"), data, made)
    assert (made / "served" / "new.txt").exists()
    assert not marker.exists()


def test_tables_without_quoting_keep_their_bytes(tmp_path: Path) -> None:
    data, made = tmp_path / "data", tmp_path / "made"
    data.mkdir()
    rows = [f'"{number}_7"\t{number % 2}\t"a ""quoted"" \\ text, {number}"' for number in range(100)]
    (data / "train.tsv").write_text("\n".join(['"id"\t"sentiment"\t"review"'.replace('"', ""), *rows]) + "\n")
    (data / "test.tsv").write_text('id\treview\n"x"\t"y"\n')
    write_csv(data / "sample.csv", ("id", "sentiment"), [("x", 0)])
    row_id, review = Column(name="id", kind="id"), Column(name="review", kind="text")
    sentiment = Column(name="sentiment", kind="number", low=0, high=1)
    files = Files(
        train=Table(file="train.tsv", columns=(row_id, sentiment, review), separator="\t", quoting="none"),
        test=Table(file="test.tsv", columns=(row_id, review), separator="\t", quoting="none"),
        sample_submission=Table(file="sample.csv", columns=(row_id, sentiment)),
    )
    format = SubmissionFormat(id="id", targets=("sentiment",), cell=Cell(low=0, high=1), quoting="nonnumeric")
    competition = toy(files=files, submission=format, target="sentiment", inputs=("review",), metric="roc_auc")
    prepare(competition, data, made)
    served = (made / "served" / "train.tsv").read_text().splitlines()[1:]
    assert set(served) < set(rows)
    answers = read_csv(made / "answers.csv")
    assert all(row["id"].endswith("_7") and '"' not in row["id"] for row in answers)
    perfect = write_csv(tmp_path / "s.csv", ("id", "sentiment"), [(row["id"], row["sentiment"]) for row in answers])
    assert grade(competition, made, perfect).private == 1


def test_data_that_cannot_be_hosted(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    write_csv(data / "answers.csv", ("id", "score"), [("0050", "0.5")])
    with pytest.raises(DataError, match=r"answers.csv lacks the id of 39 test rows, e.g. '0051'"):
        prepare(toy(), data, tmp_path / "made")
    shutil.rmtree(data)
    with pytest.raises(DataError, match=r"file not found: .*train.csv"):
        prepare(toy(), data, tmp_path / "made")


def test_scores_are_those_of_the_public_and_private_part(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data", tests=20), tmp_path / "made"
    competition = toy()
    prepare(competition, data, made)
    answers = read_csv(made / "answers.csv")

    def scores(wrong: set[str]) -> tuple[float, float]:
        rows = [(row["id"], 1 - round(float(row["score"])) if row["id"] in wrong else row["score"]) for row in answers]
        graded = grade(competition, made, write_csv(tmp_path / "s.csv", ("id", "score"), rows))
        return graded.public, graded.private

    assert scores(set()) == (0, 0)
    public = {row["id"] for row in answers if scores({row["id"]})[0] > 0}
    assert len(public) == 6  # 30 % of 20
    assert scores(public)[1] == 0
    whole, parts = (
        scores({row["id"] for row in answers}),
        (scores(public)[0], scores(set(_ids(made / "answers.csv")) - public)[1]),
    )
    assert all(math.isclose(one, other) for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: rows[:-1], "Evaluation Exception: Submission must have 40 rows"),
        (lambda rows: [(row_id, "") for row_id, _ in rows], "Evaluation Exception: "),
        (lambda rows: [(row_id, "two") for row_id, _ in rows], "Evaluation Exception: "),
    ],
)
def test_bad_submissions(tmp_path: Path, change: Callable[[Any], Any], words: str) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    prepare(toy(), data, made)
    rows = [(row["id"], row["score"]) for row in read_csv(data / "answers.csv")]
    with pytest.raises(BadSubmission) as caught:
        grade(toy(), made, write_csv(tmp_path / "s.csv", ("id", "score"), change(rows)))
    assert str(caught.value).startswith(words)


def test_missing_column_in_kaggles_words(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    prepare(toy(), data, made)
    rows = [(row["id"],) for row in read_csv(data / "answers.csv")]
    with pytest.raises(BadSubmission, match="Required column 'score' could not be found"):
        grade(toy(), made, write_csv(tmp_path / "s.csv", ("id",), rows))


def test_undefined_metric_is_reported(tmp_path: Path) -> None:
    data, made = write_data(tmp_path / "data"), tmp_path / "made"
    competition = replace(toy(), metric="pearson")
    prepare(competition, data, made)
    with pytest.raises(BadSubmission, match=r"Evaluation Exception: .*constant"):
        grade(competition, made, data / "sample_submission.csv")
