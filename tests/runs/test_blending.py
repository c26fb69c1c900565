"""Several runs as one submission: honest weights, the same folds, one line for every mistake."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit import kit
from run_folders import write_run

from common import registry
from common.competition import Cell, Competition, SubmissionFormat
from common.errors import RunError
from common.metrics.table import score
from common.runs.blending import Blend
from common.runs.blending import blend as blend_runs
from common.runs.ledger import Ledger
from common.runs.mixing import METHODS, Method, ranked, select
from common.runs.run import Run

PATENT = registry.get("patent")


MACHINE: dict[str, object] = {"cpus": 1}


def run(folder: Path, seed: int, noise: float, *, folds: int = 0, competition: str = "patent", rows: int = 400) -> Path:
    """Write a run whose predictions are the truth and noise, with its rows in an order of its own."""
    write_run(folder, noise=noise, seed=seed, rows=rows, shift=folds, competition=competition)
    oof = pd.read_csv(folder / "oof.csv", dtype={"id": str})
    oof.sample(frac=1, random_state=seed).to_csv(folder / "oof.csv", index=False)
    test = pd.DataFrame({"id": [f"1{row}" for row in range(9)], "score": np.linspace(0, 1, 9) * (1 if seed else 0.5)})
    test.sample(frac=1, random_state=seed).to_csv(folder / "submission.csv", index=False)
    return folder


def blend(competition: Competition, runs: list[Path], out: Path, method: Method = "hill-climb") -> Blend:
    return blend_runs(competition, runs, out, method, MACHINE)


@pytest.mark.slow
def test_two_noisy_runs_are_better_than_each(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", 1, 0.4), run(tmp_path / "b", 2, 0.5), run(tmp_path / "c", 3, 5.0)]
    made = blend(PATENT, runs, tmp_path / "out")
    assert made.run.record.scores["pearson"] > max(alone["pearson"] for alone in made.alone) + 0.02
    assert sum(made.weights) == pytest.approx(1) and made.weights[0] > made.weights[1] > made.weights[2]
    oof = pd.read_csv(tmp_path / "out" / "oof.csv", dtype={"id": str})
    assert score("pearson", oof["target"], oof["prediction"]) == pytest.approx(made.run.record.scores["pearson"])
    assert made.nested and len(oof) == made.run.record.rows_scored == 400 and oof["id"].str.startswith("0").all()
    sent = pd.read_csv(tmp_path / "out" / "submission.csv", dtype={"id": str}).set_index("id")["score"]
    assert sent.to_dict() == pytest.approx({f"1{row}": row / 8 for row in range(9)})
    assert Run.open(tmp_path / "out").record.settings["weights"] == pytest.approx(made.weights, abs=1e-4)


def test_a_submission_is_the_weighted_mean(tmp_path: Path) -> None:
    made = blend(PATENT, [run(tmp_path / "a", 0, 0.4), run(tmp_path / "b", 2, 0.4)], tmp_path / "out")
    sent = pd.read_csv(tmp_path / "out" / "submission.csv", dtype={"id": str}).set_index("id")["score"]
    assert sent["18"] == pytest.approx(0.5 * made.weights[0] + 1.0 * made.weights[1])


@pytest.mark.slow
def test_a_fold_does_not_choose_its_own_weights(tmp_path: Path) -> None:
    """One run knows fold 0 by heart and nothing else: whoever lets fold 0 choose is fooled."""
    honest, cheat = run(tmp_path / "a", 1, 0.6), run(tmp_path / "b", 2, 5.0)
    oof = pd.read_csv(cheat / "oof.csv", dtype={"id": str})
    oof.loc[oof["fold"] == 0, "prediction"] = oof["target"]
    oof.to_csv(cheat / "oof.csv", index=False)
    blend(PATENT, [honest, cheat], tmp_path / "out")
    crossed, own = (pd.read_csv(folder / "oof.csv").set_index("id") for folder in (tmp_path / "out", honest))
    in_fold = crossed["fold"] == 0
    assert np.allclose(crossed["prediction"][in_fold], own["prediction"].reindex(crossed.index)[in_fold], atol=0.1)


def test_a_lower_metric_is_made_lower(tmp_path: Path) -> None:
    lower: Competition = dataclasses.replace(PATENT, metric="rmse", also_report=())
    made = blend(lower, [run(tmp_path / "a", 1, 0.4), run(tmp_path / "b", 2, 0.4)], tmp_path / "out")
    assert made.run.record.scores["rmse"] < min(alone["rmse"] for alone in made.alone)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gains_where_there_is_something_to_gain(method: Method, tmp_path: Path) -> None:
    runs = [run(tmp_path / name, seed, 0.5) for seed, name in enumerate("abc", 1)]
    made = blend(PATENT, runs, tmp_path / "out", method)
    record = made.run.record
    assert record.scores["pearson"] > max(alone["pearson"] for alone in made.alone) + 0.05
    assert record.optimistic["pearson"] >= record.scores["pearson"] - 0.003
    assert (
        record.settings["method"] == method
        and list(record.folds) == [0, 1, 2, 3]
        and sum(made.weights) == pytest.approx(1, abs=1e-4)
    )
    sent = pd.read_csv(tmp_path / "out" / "submission.csv", dtype={"id": str})
    assert len(sent) == 9 == record.submission.rows and sent["score"].between(0, 1).all()


@pytest.mark.slow
def test_what_is_learnt_from_noise_is_told_by_the_nested_score(tmp_path: Path) -> None:
    """Of ten runs of pure noise some fit any rows: the optimistic score says so, the nested one does not."""
    runs = [run(tmp_path / f"{seed}", seed, 50.0, rows=120) for seed in range(1, 11)]
    record = blend(PATENT, runs, tmp_path / "out").run.record
    assert record.optimistic["pearson"] > 0.15 and record.optimistic["pearson"] > record.scores["pearson"] + 0.1


def test_ranks_give_the_mean_values_in_the_mean_order() -> None:
    parts = np.array([[[0.0], [10.0], [20.0]], [[0.1], [0.2], [0.9]]])
    assert ranked(parts)[:, 0] == pytest.approx([0.05, 5.1, 10.45])
    assert ranked(np.ones((2, 3, 1)))[:, 0] == pytest.approx([1, 1, 1])


@pytest.mark.slow
def test_a_constant_run_does_no_harm(tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", 1, 0.4), run(tmp_path / "b", 2, 0.0)]
    oof = pd.read_csv(runs[1] / "oof.csv", dtype={"id": str})
    oof.assign(prediction=0.5).to_csv(runs[1] / "oof.csv", index=False)
    for method in METHODS:
        made = blend(PATENT, runs, tmp_path / method, method)
        assert made.run.record.scores["pearson"] == pytest.approx(made.alone[0]["pearson"], abs=0.001)
        assert made.alone[1]["pearson"] is None


def test_selection_finds_the_best_mixture() -> None:
    parts = np.array([[[0.0], [1.0]], [[1.0], [0.0]]])
    weights = select(parts, lambda mix: -float(np.abs(mix - [[0.28], [0.72]]).sum()))
    assert weights == pytest.approx([0.72, 0.28], abs=0.03)


def test_only_rows_that_all_predicted_count(tmp_path: Path) -> None:
    full, part = run(tmp_path / "a", 1, 0.4), run(tmp_path / "b", 2, 0.4)
    oof = pd.read_csv(part / "oof.csv", dtype={"id": str})
    oof.loc[oof["fold"] > 0, "prediction"] = np.nan
    oof.to_csv(part / "oof.csv", index=False)
    record = Run.open(part).record
    record.rows_scored = 100
    (part / "run.json").write_text(json.dumps(record.to_json()))
    made = blend(PATENT, [full, part], tmp_path / "out")
    assert made.run.record.rows_scored == 100 and not made.nested


@pytest.mark.slow
def test_a_fold_may_lack_a_class_and_an_id_may_be_a_word_for_nothing(tmp_path: Path) -> None:
    """Probabilities of three classes; no row of class `c` is outside of fold 0, whose id is `NA`."""
    form = SubmissionFormat(id="id", targets=("a", "b", "c"), cell=Cell(low=0, high=1), rows_sum_to=1)
    three = dataclasses.replace(PATENT, metric="log_loss", also_report=(), submission=form, predicts="class")
    truth, rng, runs = np.array([2, *([0, 1] * 9)]), np.random.default_rng(0), []
    for name in "ab":
        folder = write_run(tmp_path / name, noise=0.4, classes=list("abc"), rows_scored=19)
        chances = rng.dirichlet(np.ones(3), len(truth)) + np.eye(3)[truth]
        table = pd.DataFrame(chances / 2, columns=[f"prediction_{column}" for column in range(3)])
        ids = ["NA", *(f"0{row}" for row in range(18))]
        table.insert(0, "id", ids)
        table.insert(1, "fold", np.arange(19) % 2)
        table.insert(2, "target", [form.targets[label] for label in truth])
        table.to_csv(folder / "oof.csv", index=False)
        sent = pd.DataFrame(chances / 2, columns=list(form.targets))
        sent.insert(0, "id", ids)
        sent.to_csv(folder / "submission.csv", index=False)
        runs.append(folder)
    made = blend(three, runs, tmp_path / "out")
    assert made.run.record.rows_scored == 19 and made.nested
    for name in ("oof.csv", "submission.csv"):
        assert "NA" in pd.read_csv(tmp_path / "out" / name, keep_default_na=False)["id"].tolist()


def test_runs_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    first = run(tmp_path / "a", 1, 0.4)
    unfinished = run(tmp_path / "d", 2, 0.4)
    (unfinished / "oof.csv").unlink()
    others = {
        "different folds": run(tmp_path / "b", 2, 0.4, folds=1),
        "a run of pets": run(tmp_path / "c", 2, 0.4, competition="pets"),
        "finish it first": unfinished,
        "two different runs": first,
        "no run in": tmp_path / "nowhere",
    }
    for message, other in others.items():
        with pytest.raises(RunError, match=message):
            blend(PATENT, [first, other], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    with pytest.raises(RunError, match="exists"):
        blend(PATENT, [first, first], tmp_path / "out")


@pytest.mark.slow
def test_the_command_shows_what_each_run_brings(capsys: pytest.CaptureFixture[str], home: Path, tmp_path: Path) -> None:
    runs = [run(tmp_path / "a", 1, 0.4), run(tmp_path / "b", 2, 0.5)]
    said = kit(capsys, "blend", "patent", *runs, "--out", tmp_path / "out")
    assert said.code == 0 and "WEIGHT" in said.out and "blend" in said.out
    again = kit(capsys, "blend", "patent", *runs, "--out", tmp_path / "out", "--json")
    assert again.code == 1 and "exists" in again.complaint
    assert "over a: +0." in said.out and ": better" in said.out and "optimistic" in said.out
    document = kit(capsys, "blend", "patent", *runs, "--method", "mean", "--json").json
    assert document["runs"] == ["a", "b"] and document["rows"] == 400 and document["weights"] == [0.5, 0.5]
    assert Path(document["run"]).parent == home / "submissions" / "patent"
    (line,) = [row for row in Ledger(home / "submissions" / "patent" / "ledger.csv").rows() if row["run"] != "out"]
    assert (line["profile"], line["settings"]) == ("blend", "mean of a b")
    both = [document["run"], tmp_path / "out"]
    assert kit(capsys, "blend", "patent", *both, "--out", tmp_path / "again").code == 0  # blends are runs
