"""Checks of runs and of data: each finds what is planted, and a sound run has none."""

from __future__ import annotations

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kit import kit
from run_folders import write_run

from common import registry
from common.analysis import evidence
from common.analysis.adversarial import sizes_of
from common.analysis.agreement import agreement, outlier
from common.analysis.board import board
from common.analysis.checks import check
from common.analysis.drift import SplitCheck, check_split
from common.competition import Column, Competition, Split, columns
from common.data import Frames
from common.decisions import Decision
from common.runs.evaluation import Predicted
from common.runs.ledger import Ledger
from common.runs.run import Run

PATENT = registry.get("patent")


def codes(folder: Path) -> list[str]:
    return [each.code for each in check(evidence.of(folder))]


def change(folder: Path, **fields: Any) -> Path:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | fields))
    return folder


def test_a_sound_run_has_no_findings(tmp_path: Path) -> None:
    assert codes(write_run(tmp_path / "run", noise=0.3)) == []


def test_a_rising_validation_loss_is_overfitting(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.3)
    folds = Run.open(folder).record.to_json()["folds"]
    for losses, found in (([0.5, 0.4, 0.39], []), ([0.5, 0.4, 0.6], ["K101"])):
        folds["0"]["notes"] = {"epochs": [{"valid_loss": loss, "train_loss": 0.1} for loss in losses]}
        assert codes(change(folder, folds=folds)) == found


def test_a_fold_that_is_worse_than_its_rows_explain_is_inconsistent(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.15, rows=2000)
    table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    bad = table["fold"] == 2
    table.loc[bad, "prediction"] = np.random.default_rng(0).permutation(table.loc[bad, "prediction"])
    table.to_csv(folder / "oof.csv", index=False)
    folds = Run.open(folder).record.to_json()["folds"]
    folds["2"]["scores"]["pearson"] = 0.01
    assert "K102" in codes(change(folder, folds=folds))


@pytest.mark.slow
def test_worse_than_nothing_than_the_baseline_and_slower(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.csv")
    base = write_run(tmp_path / "base", noise=0.2, profile="baseline")
    for noise, found in ((0.6, ["K104", "K105"]), (0.2, ["K105"]), (0.1, [])):
        folder = write_run(tmp_path / f"run{noise}", noise=noise, seconds={"fit": 100.0})
        for path, profile in ((base, "baseline"), (folder, "best")):
            record = Run.open(path).record
            ledger.add(
                "run", run=path.name, profile=profile, data="d", metric="pearson", cv=record.scores["pearson"],
                seconds=sum(record.seconds.values()),
            )  # fmt: skip
        assert codes(folder) == found
    assert codes(change(folder, nothing={"pearson": 0.999})) == ["K103"]


def test_a_run_of_one_fold_is_compared_with_that_fold_of_the_baseline(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.csv")
    base, run = write_run(tmp_path / "base", noise=0.3, profile="baseline"), write_run(tmp_path / "run", noise=0.2)
    for folder, hard in (
        (base, 1),
        (run, 0),
    ):  # what is no fold of the run is hard for the baseline, and not trained by it
        table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
        outside = table["fold"] != 0
        table.loc[outside, "prediction"] = 1 - table.loc[outside, "prediction"] if hard else np.nan
        table.to_csv(folder / "oof.csv", index=False)
    change(run, rows_scored=int((~outside).sum()))
    for folder, profile in ((base, "baseline"), (run, "best")):
        record = Run.open(folder).record
        ledger.add(
            "run", run=folder.name, profile=profile, data="d", metric="pearson", cv=-0.5, rows=record.rows_scored
        )
    found = evidence.of(run).baseline
    other = Predicted.of(Run.open(base), PATENT)
    assert found and found.cv == other.score("pearson", np.flatnonzero(other.folds == 0)) and found.cv > 0.5
    (base / "oof.csv").unlink()
    found = evidence.of(run).baseline
    assert found and found.cv is None  # rather than what is of other rows


@pytest.mark.parametrize(
    ("values", "found"), [(lambda part: part * 0 + 0.5, "the same"), (lambda part: part * 0.01, "narrower")]
)
def test_a_constant_and_a_collapsed_fold(tmp_path: Path, values: Any, found: str) -> None:
    folder = write_run(tmp_path / "run", noise=0.2)
    table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    table.loc[table["fold"] == 1, "prediction"] = values(table.loc[table["fold"] == 1, "prediction"])
    table.to_csv(folder / "oof.csv", index=False)
    (finding,) = [each for each in check(evidence.of(folder)) if each.code == "K106"]
    assert found in finding.measured and "fold 1 " in finding.measured


def test_constant_predictions_are_told_and_break_nothing(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.2)
    table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    table.assign(prediction=0.5).to_csv(folder / "oof.csv", index=False)
    assert codes(change(folder, scores={"pearson": None}, optimistic={"pearson": None})) == ["K106"]


def test_missing_folds_are_told(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.2)
    table = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    table[["id", "fold"]].to_csv(folder / "folds.csv", index=False)
    table.loc[table["fold"] == 3, "prediction"] = np.nan
    table.to_csv(folder / "oof.csv", index=False)
    change(folder, rows_scored=300, status="finished without all folds")
    (finding,) = check(evidence.of(folder))
    assert finding.code == "K107" and "3 folds trained, without 3" in finding.measured


def test_a_value_at_the_edge_and_a_choice_that_fits_its_own_rows(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.2)
    decision = dataclasses.asdict(Decision(kind="threshold", threshold=0.02))
    assert codes(change(folder, decision=decision)) == ["K108"]
    assert codes(change(folder, decision=None, optimistic={"pearson": 0.999})) == ["K109"]


def test_a_column_that_alone_tells_the_target_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path / "run", noise=0.3)
    ids = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    rows = pd.DataFrame({"anchor": ids["id"], "target": "same", "context": ids["target"]})
    monkeypatch.setattr(Predicted, "inputs", lambda self: rows)
    (finding,) = check(evidence.of(folder))
    assert finding.code == "K111" and finding.measured.startswith("'context' explains 'score' (R² 0.99")


def test_half_a_run_is_judged_by_what_is_left(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", noise=0.2)
    assert "10 checks, nothing found" in kit(capsys, "check", folder).out
    (folder / "oof.csv").unlink()
    said = kit(capsys, "check", folder)
    assert said.code == 0 and "predictions were not looked at: " in said.out
    change(folder, nothing={"pearson": 2.0})
    said = kit(capsys, "check", folder, "--json").json
    assert said["findings"][0]["code"] == "K103" and said["findings"][0]["cure"]
    assert "no run in" in kit(capsys, "check", tmp_path).complaint


def points(folder: Path, pairs: list[tuple[float, float]]) -> Ledger:
    ledger = Ledger(folder / "ledger.csv")
    for number, (cv, public) in enumerate(pairs):
        ledger.add("run", run=f"r{number}", profile="best", metric="pearson", cv=cv, data="d")
        ledger.add("scored", run=f"r{number}", metric="pearson", ref=number, public=public)
    return ledger


@pytest.mark.parametrize(
    ("pairs", "verdict"),
    [
        ([(0.5, 0.4)] * 2, "too few points"),
        ([(0.5, 0.4)] * 9, "too few points"),
        ([(0.5, 0.41), (0.6, 0.5), (0.62, 0.55), (0.7, 0.6), (0.71, 0.63)], "trust CV"),
        ([(0.5, 0.6), (0.6, 0.5), (0.62, 0.65), (0.7, 0.55), (0.71, 0.51)], "trust neither"),
    ],
)
def test_the_verdict_on_cv(tmp_path: Path, pairs: list[tuple[float, float]], verdict: str) -> None:
    points(tmp_path, pairs)
    found = agreement(board("patent", "pearson", tmp_path))
    assert found.verdict == verdict and found.sentence.startswith(verdict) and len(found.points) == len(pairs)
    assert found.offset == pytest.approx(np.median([public - cv for cv, public in pairs]))


def test_a_run_that_the_board_sees_otherwise_is_told(tmp_path: Path) -> None:
    points(tmp_path, [(0.5, 0.41), (0.6, 0.5), (0.62, 0.52), (0.7, 0.6), (0.71, 0.62), (0.8, 0.3)])
    found = agreement(board("patent", "pearson", tmp_path))
    assert "worse than CV" in outlier(found, "r5", "pearson") and outlier(found, "r1", "pearson") == ""


# The data -------------------------------------------------------------------------------------------------------------


def toy(rows: int = 700) -> tuple[Competition, pd.DataFrame, pd.DataFrame]:
    """Return a competition about numbers, and train and test that are alike."""
    rng = np.random.default_rng(0)
    train, test = (
        pd.DataFrame(
            {
                "id": [f"{side}{row}" for row in range(rows)], "x": rng.normal(size=rows), "word": rng.choice(list("abc"), rows),
                "place": rng.choice([f"p{number}" for number in range(100)], rows),
            }
        )
        for side in "ab"
    )  # fmt: skip
    train["y"] = train["x"] + rng.normal(size=rows)
    inputs = (*columns("number", "x"), *columns("category", "word", "place"))
    files = dataclasses.replace(
        PATENT.files,
        train=dataclasses.replace(
            PATENT.files.train, columns=(Column(name="id", kind="id"), *inputs, Column(name="y", kind="number"))
        ),
        test=dataclasses.replace(PATENT.files.test, columns=(Column(name="id", kind="id"), *inputs)),
    )
    split = Split(kind="random")
    competition = dataclasses.replace(
        PATENT,
        name="toy",
        target="y",
        inputs=("x", "word", "place"),
        files=files,
        split=split,
        metric="rmse",
        also_report=(),
    )
    return competition, train, test


def found(train: pd.DataFrame, test: pd.DataFrame, competition: Competition) -> SplitCheck:
    return check_split(competition, Frames(train=train, test=test), competition.split)


@pytest.mark.slow
def test_alike_sides_cannot_be_told_apart() -> None:
    competition, train, test = toy()
    said = found(train, test, competition)
    assert said.findings == () and 0.4 < said.auc < 0.6 and said.alone[0][0] == "x"


@pytest.mark.slow
def test_drift_is_told_with_its_columns() -> None:
    competition, train, test = toy()
    said = found(train, test.assign(x=test["x"] + 1.5), competition)
    assert said.findings[0].code == "K202" and said.columns[0][0] == "x" and said.auc > 0.8


@pytest.mark.slow
def test_a_column_that_gives_the_target_away_is_told() -> None:
    competition, train, test = toy()
    said = found(train.assign(x=train["y"] * 2), test, competition).findings
    finding = next(each for each in said if each.code == "K201")
    assert "'x' alone reaches" in finding.measured
    (finding,) = found(train.sort_values("y").reset_index(drop=True), test, competition).findings
    assert "the row's place" in finding.measured
    ids = [f"{number}_{round(10 * y)}" for number, y in enumerate(train["y"].abs())]
    (finding,) = found(train.assign(id=ids, y=train["y"].abs()), test, competition).findings
    assert "the row's id" in finding.measured  # its last number


@pytest.mark.slow
def test_groups_that_keep_to_one_side_ask_for_a_split_by_them() -> None:
    competition, train, test = toy()
    even, odd = (
        side.assign(place="p" + (2 * side["place"].str[1:].astype(int) + n).astype(str))
        for n, side in enumerate((train, test))
    )
    said = found(even, odd, competition)
    finding = next(each for each in said.findings if each.code == "K204")
    assert "group='place'" in finding.cure and said.imitating.group == "place"
    assert said.auc < 0.6 and len(said.findings) == 1  # that they keep to one side is no drift of what they hold


def test_a_column_of_nothing_or_of_one_value_tells_nothing(tmp_path: Path) -> None:
    competition, train, test = toy()
    said = found(train.assign(x=np.nan, word="a"), test.assign(x=np.nan, word="a"), competition)
    assert dict(said.columns)["x"] == dict(said.columns)["word"] == 0.5 and "x" not in dict(said.alone)


@pytest.mark.slow
def test_a_test_that_comes_later_asks_for_a_split_by_time() -> None:
    competition, train, test = toy()
    days = pd.date_range("2020-01-01", periods=len(train), freq="h")
    said = found(train.assign(day=days), test.assign(day=days + pd.Timedelta(days=400)), competition)
    assert {"K203", "K204"} <= {each.code for each in said.findings}
    by_time = dataclasses.replace(competition, split=Split(kind="time", order="day"))
    mixed = found(train.assign(day=days), test.assign(day=days), by_time)
    assert [each.code for each in mixed.findings] == ["K203"]


def test_of_files_only_their_sizes_count(tmp_path: Path) -> None:
    """Not where they lie; those in an archive count as any."""
    (tmp_path / "train").write_bytes(b"abc")
    with zipfile.ZipFile(tmp_path / "test.zip", "w") as archive:
        archive.writestr("x/a", b"abcde")
    paths = [tmp_path / "train", tmp_path / "test.zip" / "x" / "a", tmp_path / "test.zip" / "gone", tmp_path / "gone"]
    sizes = sizes_of(pd.Series(list(map(str, paths))))[:, 0]
    assert sizes[:2].tolist() == [3, 5] and np.isnan(sizes[2:]).all()


@pytest.mark.slow
def test_the_command_on_sample_data(capsys: pytest.CaptureFixture[str], sample_data: Path) -> None:
    said = kit(capsys, "check-split", "patent", "--data", sample_data)
    assert (
        said.code == 0
        and "tell train from test with AUC" in said.out
        and "imitates the board: stratified_group" in said.out
    )
    assert kit(capsys, "check-split", "patent", "--data", sample_data, "--json").json["imitating"]["group"] == "anchor"
