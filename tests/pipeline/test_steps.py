"""A run whatever its models do: undefined scores, NaN, a second run in the same folder, figures that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import kit

from common import registry
from common.competition import Column, Competition, Config, Files, Limits, Split, SubmissionFormat, Table
from common.data import find
from common.environment import detect
from common.errors import DataError, RunError, SubmissionError, UnknownName
from common.files import locked
from common.model import Model, Models
from common.pipeline import Request, run
from common.pipeline.samples import make
from common.progress import Progress
from common.runs.ledger import Ledger

ID, X = Column(name="key", kind="id"), Column(name="x", kind="number")
TOY = Competition(
    name="toy",
    slug="toy",
    title="Toy",
    summary="",
    metric="roc_auc",
    files=Files(
        train=Table(file="train.csv", columns=(ID, X, Column(name="y", kind="number"))),
        test=Table(file="test.csv", columns=(ID, X)),
        sample_submission=Table(file="sample_submission.csv", columns=(ID, Column(name="y", kind="number"))),
    ),
    submission=SubmissionFormat(id="key", targets=("y",)),
    split=Split(kind="column", column="x"),
    submitted_as="csv",
    limits=Limits(session_hours=9, internet=True),
    target="y",
    inputs=(),
    profiles={"sample": Config(), "baseline": Config()},
)
Predict = Callable[[Any], Any]


class ToyModels(Models):
    """Models whose predictions are a function of the rows; `x` is the fold of a row."""

    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def build(self, config: Any, frames: Any, context: Any) -> Model:
        return ToyModel(self._predict)

    def load(self, folder: Path, config: Any, context: Any) -> Model:
        return ToyModel(self._predict)

    def illustrate(self, frames: Any, run: Any, context: Any) -> None:
        frames.training["id"]


class ToyModel(Model):
    def __init__(self, predict: Predict) -> None:
        self.predict = predict  # type: ignore[method-assign]

    def fit(self, train: Any, valid: Any) -> None:
        self.trained = len(train)

    def predict(self, frame: Any) -> Any: ...

    def save(self, folder: Path) -> None:
        (folder / "model.txt").write_text("toy")


@pytest.fixture
def request_of(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Request]:
    """Return what makes a request for the toy competition, in whose third fold all rows have one label."""
    data = tmp_path / "data"
    data.mkdir()
    rows = [f"{key},{key % 3},{0 if key % 3 == 2 else key // 3 % 2}" for key in range(24)]
    (data / "train.csv").write_text("\n".join(["key,x,y", *rows, ""]))
    (data / "test.csv").write_text("key,x\n100,0\n101,1\n")
    (data / "sample_submission.csv").write_text("key,y\n100,0\n101,0\n")

    def request(predict: Predict, **changes: Any) -> Request:
        monkeypatch.setattr(registry, "models", lambda name: ToyModels(predict))
        values = {"out": tmp_path / "run", "progress": Progress(silent=True), "competition": TOY} | changes
        return Request(profile="baseline", config=Config(), data=data, environment=detect(), **values)

    return request


def test_an_undefined_score_costs_no_submission(request_of: Callable[..., Request]) -> None:
    done = run(request := request_of(lambda frame: np.linspace(0, 1, len(frame))))
    assert [fold.scores["roc_auc"] is None for fold in done.record.folds.values()] == [False, False, True]
    assert "roc_auc of fold 2 is undefined" in " ".join(done.record.warnings)
    assert done.record.status == "finished" and (done.folder / "submission.csv").is_file()
    assert run(request).record.scores == done.record.scores  # and a second call of the same command ends the same
    assert request.progress.outlook is None  # what a first fold would have said is not said of a later one


def test_constant_predictions_cost_no_submission(request_of: Callable[..., Request]) -> None:
    """B1: a correlation with a constant is undefined in every fold."""
    request = request_of(lambda frame: np.full(len(frame), 0.5), competition=replace(TOY, metric="pearson"))
    done = run(request)
    assert [fold.scores for fold in done.record.folds.values()] == [{"pearson": None}] * 3
    assert done.record.status == "finished" and (done.folder / "submission.csv").is_file()


def test_a_fold_of_nan_is_not_kept_and_the_others_make_the_submission(request_of: Callable[..., Request]) -> None:
    def diverged(frame: Any) -> Any:
        return np.where(frame["x"] == 1, np.nan, np.linspace(0, 1, len(frame)))

    def one_diverged(frame: Any) -> Any:
        return np.full(len(frame), np.nan) if set(frame["x"]) == {1.0} else np.linspace(0, 1, len(frame))

    done = run(request_of(one_diverged))
    assert list(done.record.folds) == [0, 2] and done.record.status == "finished without all folds"
    assert "fold 1 is not kept: 8 of its predictions are NaN or infinite" in done.record.warnings
    assert (done.folder / "submission.csv").is_file()
    with pytest.raises(RunError, match="no model gave finite predictions"):
        run(request_of(diverged, mode="fresh"))


def test_predictions_of_another_shape_are_told_before_they_are_kept(request_of: Callable[..., Request]) -> None:
    """B16: what a model of one's own gives is known once it has predicted."""
    request = request_of(lambda frame: np.full((len(frame), 3), 0.3))
    with pytest.raises(SubmissionError, match="the model predicts 8 rows of 3 columns, expected 8 of 1"):
        run(request)
    assert not request.out or not [*request.out.glob("fold-?")]
    with pytest.raises(SubmissionError, match="predicts 7 rows of 1 column"):
        run(request_of(lambda frame: np.linspace(0, 1, len(frame) - 1), mode="fresh"))


def test_a_second_run_in_the_same_folder_is_refused(request_of: Callable[..., Request], tmp_path: Path) -> None:
    request = request_of(lambda frame: np.linspace(0, 1, len(frame)))
    with locked(tmp_path / "run"), pytest.raises(RunError, match="another run is working in"):
        run(request)
    assert not (tmp_path / "run").exists()


def test_figures_that_fail_are_a_warning(request_of: Callable[..., Request]) -> None:
    done = run(request_of(lambda frame: np.linspace(0, 1, len(frame))))
    assert done.record.status == "finished"
    assert any(text.startswith("the figures could not be drawn: 'id'") for text in done.record.warnings)


def test_a_metric_that_does_not_exist_is_told_before_training(request_of: Callable[..., Request]) -> None:
    wrong = replace(TOY, also_report=("acuracy",))
    with pytest.raises(UnknownName, match="Did you mean 'accuracy'"):
        run(request_of(lambda frame: pytest.fail("trained"), competition=wrong))


def test_rows_that_the_test_set_lacks_are_told_before_training(request_of: Callable[..., Request]) -> None:
    request = request_of(lambda frame: pytest.fail("trained"))
    (request.data / "sample_submission.csv").write_text("key,y\n100,0\n101,0\n7,0\n")
    with pytest.raises(DataError, match="1 id of the sample submission not in the test set: 7"):
        run(request)


def test_a_submission_has_the_rows_that_the_sample_lists(request_of: Callable[..., Request]) -> None:
    request = request_of(lambda frame: np.linspace(0, 1, len(frame)))
    (request.data / "test.csv").write_text("key,x\n102,1\n100,0\n101,1\n")
    done = run(request)
    assert any("1 id of the test set not in the sample submission: 102" in text for text in done.record.warnings)
    assert (done.folder / "submission.csv").read_text() == "key,y\n100,0.5\n101,1\n"


def test_a_ledger_that_cannot_be_written_is_a_warning(request_of: Callable[..., Request], home: Path) -> None:
    (home / "submissions").write_text("a file, where the folder should be")
    done = run(request_of(lambda frame: np.linspace(0, 1, len(frame))))
    assert done.record.status == "finished"
    assert any(text.startswith("the run is not in the ledger: cannot write") for text in done.record.warnings)


def test_the_ledger_names_settings_and_data_and_no_run_twice(request_of: Callable[..., Request], home: Path) -> None:
    request = request_of(lambda frame: np.linspace(0, 1, len(frame)))
    request = replace(request, config=Config(seed=7))
    run(request), run(request)
    (row,) = Ledger(home / "submissions" / "toy" / "ledger.csv").rows()
    assert row["settings"] == "seed=7" and row["data"] == str(request.data)


@pytest.mark.slow
def test_a_run_on_sample_data_stands_in_no_ledger(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kit(capsys, "sample", "patent", "--out", tmp_path / "data", "--rows", 200).code == 0
    words = ("train", "patent", "--data", tmp_path / "data", "--profile", "baseline", "--folds", "0")
    assert kit(capsys, *words, "--set", "trees.max_iter=5", "--set", "trees.components=4").code == 0
    assert list((home / "submissions" / "patent").glob("baseline-*"))
    assert not (home / "submissions" / "patent" / "ledger.csv").exists()


def test_sample_data_never_replace_real_files(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("real")
    with pytest.raises(DataError, match=r"holds files that are not sample data \(train.csv\)"):
        make("patent", tmp_path, 60, 0)
    assert (tmp_path / "train.csv").read_text() == "real"
    first = make("patent", tmp_path / "sample", 60, 0)
    assert first == make("patent", tmp_path / "sample", 60, 1)
    assert json.loads((tmp_path / "sample" / ".kit-sample.json").read_text())["seed"] == 1


def test_other_threads_are_told_when_a_run_goes_on(
    request_of: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(request_of(lambda frame: np.linspace(0, 1, len(frame))), config=Config(folds=(0,)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert not [text for text in run(request).record.warnings if "threads" in text]
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    more = replace(request, config=Config(), progress=Progress(silent=True))
    assert any("begun with 1 threads and continues with 2" in text for text in run(more).record.warnings)


@pytest.mark.slow
def test_a_run_remembers_its_data(
    sample_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ("--set", "trees.max_iter=5", "--set", "trees.components=4", "--folds", "0", "--out", tmp_path / "run")
    assert kit(capsys, "train", "patent", "--data", sample_data, "--profile", "baseline", *quick).code == 0
    file = tmp_path / "run" / "submission.csv"
    assert kit(capsys, "validate", "patent", file).code == 0
    assert kit(capsys, "explain", "patent", "--run", tmp_path / "run", "--rows", "1").code == 0
    assert kit(capsys, "predict", "patent", "--run", tmp_path / "run", "--out", tmp_path / "again.csv").code == 0
    assert (tmp_path / "again.csv").read_bytes() == file.read_bytes()


def test_data_is_looked_for_under_both_names(home: Path, sample_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patent = registry.get("patent")
    monkeypatch.chdir(home)
    for name in (patent.slug, patent.name):
        link = home / "data" / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(sample_data)
        assert find(patent, None, detect()).resolve() == sample_data.resolve()
        link.unlink()


def test_rows_without_a_target_are_left_out(request_of: Callable[..., Request]) -> None:
    files = TOY.files
    columns = tuple(replace(each, may_be_empty=each.name == "y") for each in files.train.columns)
    gaps = replace(TOY, files=replace(files, train=replace(files.train, columns=columns)))
    request = request_of(lambda frame: np.linspace(0, 1, len(frame)), competition=gaps)
    path = request.data / "train.csv"
    header, first, *rest = path.read_text().splitlines()
    position = header.split(",").index("y")
    cells = first.split(",")
    cells[position] = ""
    path.write_text("\n".join([header, ",".join(cells), *rest, ""]))
    done = run(request)
    assert "1 training row left out that lack y" in done.record.warnings and done.record.rows_scored == len(rest)


def test_of_a_split_by_time_a_model_of_all_rows_predicts_the_test(
    request_of: Callable[..., Request], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models of earlier folds have not seen the rows that those of test follow."""

    class Counting(ToyModel):
        def __init__(self) -> None:
            self.trained = 0

        def predict(self, frame: Any) -> Any:
            return np.full(len(frame), float(self.trained))

    class CountingModels(ToyModels):
        def build(self, config: Any, frames: Any, context: Any) -> Model:
            return Counting()

    request = request_of(len)
    (request.data / "train.csv").write_text(
        "\n".join(["key,x,y", *(f"{key},{key},{key % 2}" for key in range(24)), ""])
    )
    monkeypatch.setattr(registry, "models", lambda name: CountingModels(len))
    config = Config(split=Split(kind="time", order="x", n_splits=3))
    done = run(replace(request, config=config, competition=replace(TOY, metric="rmse")))
    assert [fold.rows for fold in done.record.folds.values()] == [6, 6, 6]
    valid = [done.predictions(number, "valid")[0] for number in done.finished()]
    assert valid == [6, 12, 18] and done.of_test() == [2]  # each is scored on rows that it has not seen
    assert (done.folder / "submission.csv").read_text().split() == ["key,y", "100,24", "101,24"]
