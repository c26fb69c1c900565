"""Run folders and the ledger: whole, continued only by the same run, never losing a line."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from common.errors import RunError
from common.model import Model
from common.runs.ledger import Ledger
from common.runs.records import Fold, RunRecord, Status
from common.runs.run import Run, default_folder


def record(**changes: Any) -> RunRecord:
    values = {
        "competition": "some", "profile": "best", "metric": "rmse", "settings": {"epochs": 1},
        "data": {"train.csv": "aa"}, "code": {"hash": "1", "files": {"common/a.py": "1"}},
    }  # fmt: skip
    return RunRecord.from_json(values | changes)


class Constant(Model):
    def fit(self, train: Any, valid: Any) -> None: ...

    def predict(self, frame: Any) -> Any:
        return np.zeros(len(frame))

    def save(self, folder: Path) -> None:
        (folder / "model.txt").write_text("constant")


def test_a_run_is_continued_by_the_same_run(tmp_path: Path) -> None:
    run = Run.begin(tmp_path / "run", record(), "auto")
    run.checkpoints(0).mkdir()
    run.keep_fold(0, Constant(), np.arange(3.0), np.arange(2.0), Fold(rows=3))
    again = Run.begin(tmp_path / "run", record(), "auto")
    assert again.finished() == [0] and again.fold_record(0) == Fold(rows=3)
    assert again.predictions(0, "valid").tolist() == [0, 1, 2]
    assert not run.checkpoints(0).exists()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"settings": {"epochs": 2}}, "other settings.*epochs: 1 there, 2 here"),
        ({"data": {"train.csv": "bb"}}, "other data.*train.csv"),
        ({"competition": "other"}, "other competition"),
        ({"code": {"hash": "2", "files": {"common/a.py": "2"}}}, "common/a.py changed.*--resume"),
    ],
)
def test_another_run_is_refused_and_nothing_is_lost(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    Run.begin(tmp_path, record(), "auto").keep_fold(0, Constant(), np.zeros(1), np.zeros(1), Fold(rows=1))
    with pytest.raises(RunError, match=says):
        Run.begin(tmp_path, record(**changes), "auto")
    assert Run.open(tmp_path).finished() == [0]


def test_resume_goes_on_with_other_code_and_fresh_starts_again(tmp_path: Path) -> None:
    Run.begin(tmp_path, record(), "auto").keep_fold(0, Constant(), np.zeros(1), np.zeros(1), Fold(rows=1))
    other = record(code={"hash": "2", "files": {}})
    assert Run.begin(tmp_path, other, "resume").finished() == [0]
    assert Run.begin(tmp_path, record(settings={"epochs": 9}), "fresh").finished() == []


def test_fresh_leaves_nothing_of_the_old_run_but_its_log(tmp_path: Path) -> None:
    Run.begin(tmp_path, record(), "auto").keep_fold(0, Constant(), np.zeros(1), np.zeros(1), Fold(rows=1))
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "log.txt").write_text("told")
    Run.begin(tmp_path, record(), "fresh")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.txt", "run.json"]


def test_every_session_is_in_the_record(tmp_path: Path) -> None:
    Run.begin(tmp_path, record(versions={"torch": "1"}), "auto")
    again = Run.begin(tmp_path, record(versions={"torch": "2"}, code={"hash": "2", "files": {}}), "resume")
    assert [(each.code, each.versions["torch"]) for each in again.record.sessions] == [("1", "1"), ("2", "2")]


def test_a_kill_in_the_very_first_write_does_not_block_the_run(tmp_path: Path) -> None:
    (tmp_path / ".run.json.0123abcd.part").write_text('{"sta')
    assert Run.begin(tmp_path, record(), "auto").finished() == []


@pytest.mark.parametrize("text", ['{"tool": "other"}', '{"competition": "x", "profile": "y", "settings": {}}', "[]"])
def test_fresh_removes_nothing_that_no_run_made(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    (tmp_path / "photos").mkdir()
    with pytest.raises(RunError, match="is no run of the kit, so --fresh replaces nothing there"):
        Run.begin(tmp_path, record(), "fresh")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "run.json"]


def test_a_part_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".movie.mkv.part").write_text("half a film")
    with pytest.raises(RunError, match="holds files that are no run"):
        Run.begin(tmp_path, record(), "auto")
    assert (tmp_path / ".movie.mkv.part").read_text() == "half a film"


def test_what_a_kill_left_in_a_folder_below_is_removed(tmp_path: Path) -> None:
    run = Run.begin(tmp_path, record(), "auto")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / ".loss.png.0123abcd.part").write_text("half")
    (tmp_path / "figures" / "notes.part").write_text("mine")
    Run.begin(tmp_path, record(), "auto")
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["notes.part"] and run.finished() == []


def test_a_fold_has_one_name(tmp_path: Path) -> None:
    run = Run.begin(tmp_path, record(), "auto")
    run.keep_fold(0, Constant(), np.zeros(1), np.zeros(1), Fold(rows=1))
    shutil.copytree(tmp_path / "fold-0", tmp_path / "fold-00")
    shutil.copytree(tmp_path / "fold-0", tmp_path / "fold-²")
    assert run.finished() == [0]


@pytest.mark.parametrize("changes", [{"settings": None}, {"profile": ["best"]}, {"folds": []}, {"rows_scored": "many"}])
def test_a_record_of_wrong_types_is_told(tmp_path: Path, changes: dict[str, Any]) -> None:
    (tmp_path / "run.json").write_text(json.dumps(record().to_json() | changes))
    with pytest.raises(RunError, match="missing or broken"):
        Run.open(tmp_path)


def test_a_half_written_fold_is_no_fold(tmp_path: Path) -> None:
    run = Run.begin(tmp_path, record(), "auto")
    part = tmp_path / ".fold-1.0123abcd.part"
    (part / "model").mkdir(parents=True)
    (tmp_path / "fold-2").mkdir()
    assert run.finished() == []
    Run.begin(tmp_path, record(), "auto")
    assert not part.exists()


def test_a_broken_record_is_told(tmp_path: Path) -> None:
    for text in ('{"status": "runn', "[]", "{}"):
        (tmp_path / "run.json").write_text(text)
        with pytest.raises(RunError, match="missing or broken"):
            Run.open(tmp_path)


def test_a_run_of_the_version_before_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(
        '{"status": "finished", "competition": "some", "profile": "best", "settings": {}}'
    )
    with pytest.raises(RunError, match=r"is a run of kit 0\.1, which this version cannot read; train it again"):
        Run.open(tmp_path)


def test_a_record_comes_back_as_it_was() -> None:
    whole = record(
        status="finished", folds={"0": {"rows": 3, "notes": {"curve": [[1, 0.5]]}}},
        submission={"file": "submission.csv", "sha256": "a", "rows": 2},
        sessions=[{"began": "now", "code": "1", "kit": "0.2", "versions": {}, "machine": {"cpus": 2}}],
    )  # fmt: skip
    again = RunRecord.from_json(json.loads(json.dumps(whole.to_json())))
    assert again == whole and again.status is Status.FINISHED and again.folds[0].rows == 3


def test_the_folder_follows_from_settings_and_data_alone(tmp_path: Path) -> None:
    first = default_folder(tmp_path, record())
    assert first == default_folder(tmp_path, record(code={"hash": "9", "files": {}}))
    assert first != default_folder(tmp_path, record(settings={"epochs": 2}))
    assert first.name.startswith("best-")


def test_the_ledger_keeps_every_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.csv")

    def add(writer: int) -> None:
        for number in range(20):
            ledger.add("run", run=f"{writer}-{number}", message='with, comma and "quotes"')

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = ledger.rows()
    assert len({row["run"] for row in rows}) == 80
    assert all(row["message"] == 'with, comma and "quotes"' for row in rows)


@pytest.mark.parametrize(
    "half", [b"2026-11-22T10:00:00,run,half", b'2026-11-22T10:00:00,submitted,a,b,"a message', b"2026-11-22,run,M\xc3"]
)
def test_a_line_cut_short_spoils_no_other(tmp_path: Path, half: bytes) -> None:
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.add("run", run="first")
    with ledger.path.open("ab") as handle:
        handle.write(half)
    ledger.add("run", run="second", message="two\nlines")
    assert [(row["run"], row["message"]) for row in ledger.rows()] == [("first", ""), ("second", "two lines")]
    assert ledger.broken() == [3] and half in ledger.path.read_bytes()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_ledger_that_a_spreadsheet_saved_keeps_its_rows(tmp_path: Path, separator: str) -> None:
    """A byte order mark, other line ends, and the separator of the country: all rows were emptied without a word."""
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.add("submitted", run="first", sha256="abc", ref=7)
    saved = ledger.path.read_text().replace(",", separator).replace("\n", "\r\n")
    ledger.path.write_bytes(b"\xef\xbb\xbf" + saved.encode())
    assert ledger.rows()[0]["time"].startswith("2")
    ledger.add("scored", run="second", message="a; b, c")
    assert [(row["run"], row["sha256"], row["ref"]) for row in ledger.rows()] == [
        ("first", "abc", "7"),
        ("second", "", ""),
    ]
    assert ledger.broken() == [] and ledger.path.read_text().startswith("time,event")


def test_a_ledger_of_fewer_columns_is_carried_over(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.csv")
    ledger.path.write_text("time,event,run,cv\nthen,run,first,0.5\n")
    ledger.add("submitted", run="second", ref=7)
    assert [(row["run"], row["cv"], row["ref"]) for row in ledger.rows()] == [("first", "0.5", ""), ("second", "", "7")]


def test_an_unknown_field_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="no field scroe"):
        Ledger(tmp_path / "ledger.csv").add("run", scroe=1)
    assert json.dumps(Ledger(tmp_path / "ledger.csv").rows()) == "[]"
