"""Is a run better, or is it chance: paired, over groups, and told in one line where it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kit import kit
from run_folders import write_run

from common import registry
from common.analysis.comparing import Difference, between, disagreements
from common.analysis.resampling import errors
from common.runs.evaluation import Predicted
from common.runs.run import Run

PATENT = registry.get("patent")


def predicted(folder: Path) -> Predicted:
    return Predicted.of(Run.open(folder), PATENT)


def test_the_error_of_a_mean_is_what_the_formula_says() -> None:
    values = np.random.default_rng(0).normal(size=40_000)
    (error,) = errors(lambda rows: (float(values[rows].mean()),), len(values))
    assert error == pytest.approx(1 / 200, rel=0.15)


def test_rows_that_come_in_groups_count_as_their_groups() -> None:
    values = np.random.default_rng(0).normal(size=400).repeat(25)
    (alone,) = errors(lambda rows: (float(values[rows].mean()),), len(values))
    (grouped,) = errors(lambda rows: (float(values[rows].mean()),), len(values), np.arange(400).repeat(25))
    assert grouped == pytest.approx(1 / 20, rel=0.2) and grouped > 4 * alone


def test_a_figure_that_most_draws_leave_undefined_has_no_error() -> None:
    assert np.isnan(errors(lambda rows: (None,), 10)).all()


@pytest.mark.slow
def test_a_better_run_is_better_and_twins_are_not(tmp_path: Path) -> None:
    good, bad = (write_run(tmp_path / name, noise=noise) for name, noise in (("good", 0.2), ("bad", 0.6)))
    twins = [write_run(tmp_path / f"twin{seed}", noise=0.2, seed=seed) for seed in (2, 5)]
    found = between(predicted(good), predicted(bad))
    assert found is not None and found.verdict == "better" and found.p < 1e-6 and found.value > 0.1
    back = between(predicted(bad), predicted(good))
    assert back is not None and back.verdict == "worse" and back.value == pytest.approx(-found.value)
    chance = between(*map(predicted, twins))
    assert chance is not None and chance.verdict == "no difference beyond chance"
    same = between(predicted(good), predicted(good))
    assert same is not None and (same.value, same.p) == (0, 1)


def test_the_odds_on_the_private_board_grow_with_its_rows() -> None:
    found = Difference(value=0.01, error=0.005, units=1000, unit="row", rows=1000)
    assert 0.5 < found.odds(10) < found.odds(1000) < found.odds(10**9) < 0.978
    assert found.odds(1000) == pytest.approx(0.921, abs=0.001)  # two errors, of which the board's rows make √2


def test_groups_of_the_split_are_drawn_together(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, noise=0.3, seed=seed) for seed, name in enumerate("ab", 1)]
    rows = pd.read_csv(runs[0] / "oof.csv", dtype={"id": str})[["id", "fold"]]
    rows.assign(group=np.arange(len(rows)) // 20).to_csv(runs[0] / "folds.csv", index=False)
    found = between(predicted(runs[0]), predicted(runs[1]))
    assert found is not None and (found.units, found.unit, found.rows) == (20, "group", 400)
    rows.assign(group=np.arange(len(rows)) // 100).to_csv(runs[0] / "folds.csv", index=False)
    few = between(predicted(runs[0]), predicted(runs[1]))
    assert few is not None and few.verdict == "too few groups to tell"


def test_disagreements_are_the_rows_furthest_apart(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, noise=0.3) for name in "ab"]
    table = pd.read_csv(runs[1] / "oof.csv", dtype={"id": str})
    table.loc[7, "prediction"] = 1 - table.loc[7, "prediction"].round()
    table.to_csv(runs[1] / "oof.csv", index=False)
    (worst,) = disagreements(predicted(runs[0]), predicted(runs[1]), 1)
    assert worst.id == "07" and worst.fold == 3 and worst.distance > 0.4


@pytest.mark.slow
def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / name, noise=noise, settings={"epochs": 3, "rate": rate})
        for name, noise, rate in (("base", 0.5, 0.1), ("next", 0.2, 0.2))
    ]
    said = kit(capsys, "compare", *runs, "--rows", 3)
    assert (
        said.code == 0 and "next over base: +0." in said.out and ": better; better on the private board: " in said.out
    )
    assert "rate     0.1   0.2" in said.out and "epochs" not in said.out and "CV" in said.out and "fit" in said.out
    document = kit(capsys, "compare", *runs, "--json").json
    assert document["settings"] == {"rate": [0.1, 0.2]} and document["differences"][0]["verdict"] == "better"


def test_runs_that_cannot_be_compared_are_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    first = write_run(tmp_path / "a", noise=0.3)
    pets = write_run(tmp_path / "pets", noise=0.3, competition="pets")
    half = write_run(tmp_path / "half", noise=0.3)
    (half / "oof.csv").unlink()
    cut = write_run(tmp_path / "cut", noise=0.3)
    (cut / "oof.csv").write_text((cut / "oof.csv").read_text()[:500])
    diverged = write_run(tmp_path / "diverged", noise=0.3)
    table = pd.read_csv(diverged / "oof.csv", dtype={"id": str})
    table.assign(prediction=np.inf).to_csv(diverged / "oof.csv", index=False)
    elsewhere = write_run(tmp_path / "elsewhere", noise=0.3)
    table = pd.read_csv(elsewhere / "oof.csv", dtype={"id": str})
    table.assign(target=1 - table["target"]).to_csv(elsewhere / "oof.csv", index=False)
    for other, message in (
        (first, "two different runs"), (pets, "different competitions"), (half, "no out-of-fold predictions yet"),
        (cut, "is damaged"), (tmp_path / "moved", "no run in"), (elsewhere, "different targets"),
        (diverged, "have diverged"),
    ):  # fmt: skip
        said = kit(capsys, "compare", first, other)
        assert said.code == 1 and message in said.complaint
    assert kit(capsys, "compare", first).code == 1
