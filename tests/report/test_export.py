"""Runs in trackers' stores: nothing is sent, and a tracker that is missing is told in one line."""

from __future__ import annotations

import importlib.util
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


@needs("mlflow")
@pytest.mark.slow
def test_mlflow_gets_settings_and_scores(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    runs = [write_run(home / name, noise=0.2, settings={"epochs": 3}) for name in "ab"]
    assert kit(capsys, "export", "--to", "mlflow", *runs, "--out", home / "store").code == 0
    with sqlite3.connect(home / "store" / "mlflow.db") as store:
        assert sorted(store.execute("select name from runs")) == [("a",), ("b",)]
        assert ("epochs", "3") in store.execute("select key, value from params").fetchall()
        assert store.execute("select count(*) from metrics where key = 'fold_pearson'").fetchone() == (8,)


@needs("trackio")
@pytest.mark.slow
def test_trackio_gets_settings_and_scores(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    said = kit(
        capsys, "export", "--to", "trackio", write_run(home / "run", noise=0.2), "--out", home / "store", "--json"
    )
    assert said.json["to"] == "trackio" and (home / "store" / "patent.db").is_file()


@needs("wandb")
@pytest.mark.slow
def test_wandb_is_written_offline(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert kit(capsys, "export", "--to", "wandb", write_run(home / "run", noise=0.2), "--out", home / "store").code == 0
    assert list((home / "store" / "wandb").glob("offline-run-*/*.wandb"))
