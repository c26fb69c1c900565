"""`kit new`: three commands lead from a folder of files to a valid submission."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import kit
from toy_files import Rows, write

import competitions

SHARED = {"id": "id", "a": "num", "b": "cat:x|y"}
FILES = {
    "train.csv": Rows(60, {**SHARED, "y": "each:no|yes"}),
    "test.csv": Rows(20, SHARED, start=60),
    "sample_submission.csv": Rows(20, {"id": "id", "y": "one:no"}, start=60),
}


@pytest.fixture
def project(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project without competitions, whose data lie where they usually do, without a credential of Kaggle's."""
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "no-credential"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(home)
    (home / "competitions").mkdir()
    monkeypatch.setattr(competitions, "__path__", [str(home / "competitions")])
    write(home / "data" / "my-toys", FILES)
    yield home
    for name in [name for name in sys.modules if name.startswith("competitions.my_toys")]:
        del sys.modules[name]


@pytest.mark.slow
def test_from_files_to_a_submission(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "new", "my_toys", "--metric", "Accuracy")
    assert said.code == 0, said.err
    assert said.err.splitlines()[0].split() == ["WHAT", "TAKEN", "FOR", "HOW", "SURE", "CHANGED", "BY", "WHY"]
    assert "as you say (Accuracy)" in said.err
    wrote, kernel, _, head, train, *_ = said.out.splitlines()
    assert wrote.endswith("competitions/my_toys") and kernel.endswith("kernels/my_toys") and head == "next:"
    assert train.strip() == "kit train my_toys --profile baseline"
    names = {path.name for path in (project / "competitions" / "my_toys").iterdir()} - {"__pycache__"}
    assert names == {"__init__.py", "competition.py", "model.py", "README.md"}
    importlib.invalidate_caches()
    assert "my_toys" in kit(capsys, "list").out
    assert "stratified, 5 folds" in kit(capsys, "show", "my_toys").out
    done = kit(capsys, "train", "my_toys", "--profile", "sample", "--out", project / "run", "--json")
    assert done.code == 0, done.err
    assert kit(capsys, "validate", "my_toys", project / "run").code == 0
    again = kit(capsys, "new", "my_toys")
    assert (again.code, again.complaint.endswith("is there already; choose another name, or remove it")) == (1, True)


def test_questions_are_failures_where_nobody_answers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "new", "my_toys", "--metric", "log_mae_by_group", "--yes")
    assert said.code == 1
    assert "which column of train.csv is the group that log_mae_by_group takes?" in said.complaint
    assert said.complaint.endswith("say it with --metric-column group=COL")
    assert not (project / "competitions" / "my_toys").exists()


def test_files_that_are_not_here_cannot_be_brought_without_a_credential(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "new", "others")
    assert said.code == 1
    assert "data/others is not there, and no credential of Kaggle's to get it" in said.complaint


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("my-toys",), "call it my_toys"),
        (("my_toys", "--data", "nowhere"), "nowhere is not a folder"),
        (("my_toys", "--metric", "acuracy"), "Did you mean 'accuracy'?"),
        (("my_toys", "--target", "z"), "train.csv has no column 'z'; it has: id, a, b, y"),
    ],
)
def test_mistakes_get_one_line(
    words: tuple[str, ...], says: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "new", *words)
    assert said.code == 1 and says in said.complaint
    assert not (project / "competitions" / "my_toys").exists()
