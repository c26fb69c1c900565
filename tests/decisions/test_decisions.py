"""From predictions to cells: each kind of decision, what it learns, and that it is judged where it did not learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from common.competition import Cell, Column, Competition, Config, Files, Limits, Split, SubmissionFormat, Table
from common.decisions import Decision, classes_of, judge, labels_of, learn
from common.decisions.scoring import score
from common.errors import DataError
from common.runs.records import Code, RunRecord
from common.submission import make, validate

TARGET = Column(name="y", kind="category")


def competition(**more: Any) -> Competition:
    """A competition whose training table has the column `y`, or others that are named as targets."""
    target = more.get("target", "y")
    names = (target,) if isinstance(target, str) else target
    table = Table(file="train.csv", columns=more.pop("columns", [Column(name=name, kind="category") for name in names]))
    values: dict[str, Any] = {
        "name": "toy", "slug": "toy", "title": "Toy", "summary": "", "metric": "accuracy", "target": "y", "inputs": (),
        "files": Files(train=table, test=Table(file="test.csv", columns=()), sample_submission=Table(file="s.csv", columns=())),
        "split": Split(kind="random"), "submitted_as": "csv", "limits": Limits(session_hours=1, internet=True),
        "profiles": {"sample": Config(), "baseline": Config()}, "predicts": "class",
        "submission": SubmissionFormat(id="id", targets=("y",), cell=Cell(kind="label")),
    }  # fmt: skip
    return Competition(**values | more)


def decided(of: Competition, rows: pd.DataFrame, predictions: Any, **more: Any) -> list[Any]:
    decision = replace(Decision.plain(of, classes_of(of, rows)), **more)
    return decision.apply(np.array(predictions, float), rows, of)[:, 0].tolist()


def frame(*labels: str) -> pd.DataFrame:
    return pd.DataFrame({"y": labels})


def test_probabilities_become_the_class_as_the_sample_spells_it() -> None:
    yes_no = competition(
        submission=SubmissionFormat(id="id", targets=("y",), cell=Cell(kind="label", labels=("TRUE", "False")))
    )
    rows = frame("true", "false", "true")
    assert decided(yes_no, rows, [0.9, 0.2, 0.5]) == ["TRUE", "False", "False"]
    words = frame("two words", "b", "c")
    assert decided(competition(), words, np.eye(3)) == ["b", "c", "two words"]


def test_folds_that_say_0_2_and_1_are_not_averaged_to_1() -> None:
    rows = frame("0", "1", "2")
    votes = np.mean([[[0.9, 0.0, 0.1]], [[0.1, 0.0, 0.9]], [[0.5, 0.3, 0.2]]], axis=0)
    assert decided(competition(), rows, votes) == ["0"]


def test_classes_are_ordered_as_numbers_or_as_the_columns_of_the_submission() -> None:
    assert classes_of(competition(), frame("10", "9", "1")) == ("1", "9", "10")
    assert classes_of(competition(positive="bird"), frame("other", "bird")) == ("other", "bird")
    columns = SubmissionFormat(id="id", targets=("MWS", "EAP"), rows_sum_to=1)
    assert classes_of(competition(submission=columns), frame("EAP", "MWS")) == ("MWS", "EAP")
    with pytest.raises(DataError, match="'X', for which the submission has no column"):
        classes_of(competition(submission=columns), frame("EAP", "X"))
    with pytest.raises(DataError, match="all training rows have the same 'y', 'EAP'"):
        classes_of(competition(), frame("EAP", "EAP"))


def test_the_likeliest_fill_a_list() -> None:
    top = SubmissionFormat(id="id", targets=("y",), cell=Cell(kind="labels", at_most=2))
    ranked = competition(metric="map@2", submission=top)
    assert decided(ranked, frame("a", "b", "c"), [[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]]) == ["c b", "a b"]
    assert score(ranked, "map@2", np.array([["c b"], ["a b"]], object), frame("b", "a")) == 0.75


def test_a_threshold_makes_a_set_and_is_learnt() -> None:
    labels = SubmissionFormat(id="id", targets=("y",), cell=Cell(kind="labels"))
    tags = (Column(name="y", kind="labels"),)
    tagged = competition(metric="f1_micro", predicts="labels", submission=labels, columns=tags)
    rows = frame("a b", "b", "a", "c a")
    assert classes_of(tagged, rows) == ("a", "b", "c")
    truth = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 0], [1, 0, 1]], float)
    shy = 0.05 + 0.2 * truth  # in the right order, and far below one half
    assert decided(tagged, rows, shy) == ["a", "b", "a", "a"]
    learnt = learn(tagged, Decision.plain(tagged, ("a", "b", "c")), shy, rows)
    assert 0.05 < learnt.threshold <= 0.25
    assert learnt.apply(shy, rows, tagged)[:, 0].tolist() == ["a b", "b", "a", "a c"]


def test_cut_points_beat_rounding_for_kappa() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(6, 600, p=[0.02, 0.05, 0.4, 0.4, 0.11, 0.02])
    rows = frame(*map(str, truth))
    shrunk = 2.5 + 0.3 * (truth - 2.5) + 0.15 * rng.normal(size=600)  # as regression does
    ordinal = competition(metric="quadratic_weighted_kappa")
    plain = Decision.plain(ordinal, classes_of(ordinal, rows))
    learnt = learn(ordinal, plain, shrunk[:, None], rows)
    before, after = (
        score(ordinal, ordinal.metric, each.apply(shrunk, rows, ordinal), rows) for each in (plain, learnt)
    )
    assert after > before + 0.2 and list(learnt.cuts) == sorted(learnt.cuts)


@pytest.mark.slow
def test_what_is_learnt_is_judged_on_other_rows() -> None:
    """Predictions that mean nothing: a threshold that saw its own rows would look better than chance."""
    rng = np.random.default_rng(2)
    rows, noise = frame(*rng.choice(["n", "y"], 60, p=[0.9, 0.1])), rng.random(60)
    rare = competition(metric="matthews")
    plain = Decision.plain(rare, ("n", "y"))
    fooled = score(rare, "matthews", learn(rare, plain, noise, rows).apply(noise, rows, rare), rows)
    honest = score(rare, "matthews", judge(rare, plain, noise, rows, np.arange(60) % 5), rows)
    assert fooled > 0.15 > honest


def test_accuracy_learns_nothing() -> None:
    plain = Decision.plain(competition(), ("a", "b"))
    assert learn(competition(), plain, np.array([0.1, 0.9]), frame("b", "a")) == plain


def test_several_targets_are_scored_as_the_mean_of_their_columns() -> None:
    format = SubmissionFormat(id="id", targets=("a", "b"), cell=Cell(low=0))
    numbers = tuple(Column(name=name, kind="number") for name in "ab")
    two = competition(target=("a", "b"), predicts="number", metric="rmse", submission=format, columns=numbers)
    rows = pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 0.0]})
    assert score(two, "rmse", np.array([[1, 1], [2, 1]]), rows) == 0.5
    assert decided(two, rows, [[1, 2], [3, 4]]) == [1, 3]
    assert labels_of(replace(two, predicts="labels"), pd.DataFrame({"a": [1, 0], "b": [1, 0]})) == [["a", "b"], []]


def test_a_piece_of_text_ends_at_words() -> None:
    cell = Cell(kind="text", source="text")
    piece = competition(
        predicts="span", metric="word_jaccard", submission=SubmissionFormat(id="id", targets=("y",), cell=cell)
    )
    rows = pd.DataFrame({"y": ["very good"] * 3, "text": ["  a very good day"] * 3})
    assert decided(piece, rows, [[5, 11], [4, 13.2], [40, 50]]) == ["very good", "very good", "day"]


def test_further_columns_of_the_truth_reach_the_metric() -> None:
    weighted = competition(
        predicts="number",
        metric="weighted_mae",
        metric_columns={"weight": "w"},
        submission=SubmissionFormat(id="id", targets=("y",)),
    )
    rows = pd.DataFrame({"y": [1.0, 2.0], "w": [1, 0]})
    assert score(weighted, "weighted_mae", np.array([[3.0], [0.0]]), rows) == 2


def test_a_decision_goes_through_the_record_of_a_run() -> None:
    decision = Decision(kind="cuts", classes=("1", "2", "3"), cuts=(0.4, 1.7))
    record = RunRecord(
        competition="toy",
        profile="best",
        metric="accuracy",
        settings={},
        data={},
        code=Code(hash="", files={}),
        decision=decision,
    )
    assert RunRecord.from_json(record.to_json()).decision == decision


LISTED = Cell(kind="labels", labels=("a", "b"), at_most=2)
MASK_FAULTS = {"1 3 5": "mask", "0 3": "mask", "5 2 6 1": "mask", "1 -3": "mask", "": "empty_values"}


@pytest.mark.parametrize(
    ("cell", "good", "bad"),
    [
        (Cell(integer=True), ["1", "2"], {"1.5": "not_an_integer"}),
        (LISTED, ["a", "b a"], {"a c": "labels", "a b a": "too_many_labels", "": "empty_values"}),
        (Cell(kind="labels", separator=",", may_be_empty=True), ["x y,z", ""], {"a,a": "labels_twice"}),
        (Cell(kind="text"), ["any, text"], {" ": "empty_values"}),
        (Cell(kind="mask", empty="-"), ["-", "1 3 10 5"], MASK_FAULTS),
        (Cell(kind="boxes", tokens=3, may_be_empty=True), ["", "U+1 2 3 U+4 5 6"], {"U+1 2": "boxes"}),
    ],
)
def test_each_kind_of_cell_has_its_mistakes(cell: Cell, good: list[str], bad: dict[str, str]) -> None:
    format = SubmissionFormat(id="id", targets=("y",), cell=cell)
    sample = pd.DataFrame({"id": [f"r{row}" for row in range(len(good))], "y": good})
    assert validate(sample, sample, format) == []
    for value, rule in bad.items():
        wrong = sample.assign(y=[value, *good[1:]])
        assert rule in [problem.rule for problem in validate(wrong, sample, format)], value


def test_made_cells_are_integers_and_text() -> None:
    format = SubmissionFormat(
        id="id", targets=("n", "s"), cells={"n": Cell(integer=True, low=0, high=5, clip=True), "s": Cell(kind="text")}
    )
    made = make(["a", "b"], np.array([[1.6, "x"], [9.0, "y"]], object), format)
    assert made.to_numpy().tolist() == [["a", 2.0, "x"], ["b", 5.0, "y"]]
