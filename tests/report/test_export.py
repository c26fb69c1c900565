"""Runs in trackers' stores: nothing is sent, and a tracker that is missing is told in one line."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import sys
from pathlib import Path

import pytest
from kit import kit
from run_folders import write_run


def needs(tracker: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        importlib.util.find_spec(tracker) is None, reason=f"{tracker} is not installed: pip install {tracker}"
    )


@pytest.mark.parametrize("tracker", ["mlflow", "trackio", "wandb"])
def test_a_tracker_that_is_missing_is_told(
    capsys: pytest.CaptureFixture[str], home: Path, monkeypatch: pytest.MonkeyPatch, tracker: str
) -> None:
    monkeypatch.setitem(sys.modules, tracker, None)
    said = kit(capsys, "export", "--to", tracker, write_run(home / "run", noise=0.2))
    assert said.code == 1 and f"{tracker} is not installed" in said.complaint and "pip install" in said.complaint


def test_what_is_no_run_is_refused(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert "no run in" in kit(capsys, "export", "--to", "mlflow", home).complaint
    assert kit(capsys, "export", "--to", "tensorboard", home).code == 2


def exported(capsys: pytest.CaptureFixture[str], tracker: str, run: Path, store: Path) -> None:
    """Export a run, again as it is, and again with another score, as if it had been continued in between."""
    for _ in range(2):
        assert kit(capsys, "export", "--to", tracker, run, "--out", store).code == 0
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | {"scores": {"pearson": 0.125}}))
    assert kit(capsys, "export", "--to", tracker, run, "--out", store).code == 0


@needs("mlflow")
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own database library
def test_mlflow_gets_settings_and_scores_once(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    exported(capsys, "mlflow", write_run(home / "a", noise=0.2, settings={"epochs": 3}), home / "store")
    assert kit(capsys, "export", "--to", "mlflow", write_run(home / "b", noise=0.2), "--out", home / "store").code == 0
    with sqlite3.connect(home / "store" / "mlflow.db") as store:
        there = store.execute(
            "select name, run_uuid from runs where lifecycle_stage = 'active' order by name"
        ).fetchall()
        assert [name for name, _ in there] == ["a", "b"]
        assert ("epochs", "3") in store.execute("select key, value from params").fetchall()
        of_run = "select key, value from metrics where run_uuid = ?"
        found = store.execute(of_run, there[0][1:]).fetchall()
        assert sum(key == "fold_pearson" for key, _ in found) == 4 and ("cv_pearson", 0.125) in found


@needs("trackio")
@pytest.mark.slow
def test_trackio_gets_settings_and_scores_once(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    exported(capsys, "trackio", write_run(home / "run", noise=0.2), home / "store")
    with sqlite3.connect(home / "store" / "patent.db") as store:
        lines = [json.loads(line) for (line,) in store.execute("select metrics from metrics where run_name = 'run'")]
    assert sum("fold_pearson" in line for line in lines) == 4
    assert [line["cv_pearson"] for line in lines if "cv_pearson" in line] == [0.125]


@needs("wandb")
@pytest.mark.slow
def test_wandb_is_written_offline_once(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    exported(capsys, "wandb", write_run(home / "run", noise=0.2), home / "store")
    assert len(list((home / "store" / "wandb").glob("offline-run-*/*.wandb"))) == 1
