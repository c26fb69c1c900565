"""The rehearsal: the whole way with the real kernels, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import isolate, seam
from kit import COMMAND
from stand_in_world import toy, write_data

from common import registry
from common.cli import main
from common.environment import PROJECT
from common.errors import KernelError, UnknownName
from common.kaggle.kernels import LOG
from common.kaggle.pushes import Pushed
from common.kaggle.results import Ref
from common.rehearsal import rehearse as rehearsal
from common.rehearsal.clean_room.runner import CleanRoom
from common.rehearsal.rehearse import order, rehearse
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.world import Hosted

PATENT = registry.get("patent")
QUICK: dict[str, Any] = {"profile": "baseline", "settings": ["folds=0", "trees.max_iter=5", "trees.components=4"]}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")


def test_whole_way_from_push_to_score(tmp_path: Path) -> None:
    told: list[str] = []
    done = rehearse(PATENT, tmp_path / "here", tell=told.append, **QUICK)
    assert done.kernels == ("patent_train", "patent_infer")
    assert done.submission.scored
    assert float(done.submission.public_score) > 0.2
    assert (done.row.rank, done.row.team, done.row.score) == (1, rehearsal.USER, done.submission.public_score)
    assert list(done.seconds) == ["sample data", *done.kernels, "hidden rerun and score"]
    assert told[0].startswith("clean room: ")
    for name in done.kernels:
        kept = tmp_path / "here" / name / "output"
        assert "files of the kit" in (kept / LOG).read_text()
        assert json.loads((kept / "manifest.json").read_text())["place"] == "kaggle-batch"


def test_kernel_that_fails_is_named_with_its_reason_and_log(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"patent_train ended as error: .*fold 99 does not exist") as caught:
        rehearse(PATENT, tmp_path / "here", profile="baseline", settings=["folds=99"])
    log = Path(str(caught.value).rpartition(" ")[2])
    assert "SplitError" in log.read_text()


def test_two_rehearsals_do_not_share_a_folder(tmp_path: Path) -> None:
    with rehearsal._fresh(tmp_path / "here"):
        with pytest.raises(KernelError, match="another rehearsal is under way"):
            rehearse(PATENT, tmp_path / "here")
        with rehearsal._fresh(tmp_path / "there"):
            pass
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "old").touch()
    with rehearsal._fresh(tmp_path / "here"):
        assert not (tmp_path / "here").exists()


def test_kernels_run_after_those_whose_output_they_take(monkeypatch: pytest.MonkeyPatch) -> None:
    assert order(PATENT) == ["patent_train", "patent_infer"]
    assert order(PATENT, "patent_train") == ["patent_train"]
    takes = {"c": ["a", "b"], "b": ["a"], "a": [], "other": ["a"]}
    monkeypatch.setattr(rehearsal, "names", lambda: list(takes))
    monkeypatch.setattr(
        rehearsal,
        "_asked",
        lambda name: {
            "id": name, "kernel_sources": takes[name], "competition_sources": [PATENT.slug if name != "other" else "x"]
        },
    )  # fmt: skip
    assert order(PATENT) == ["a", "b", "c"]


def test_kernel_to_submit_must_be_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="patent_infer"):
        order(PATENT, "patent_inferr")
    with pytest.raises(KernelError, match="none for it"):
        order(replace(PATENT, slug="nowhere"))
    asked = {"competition_sources": [PATENT.slug], "kernel_sources": []}
    monkeypatch.setattr(rehearsal, "_asked", lambda name: {"id": name, **asked})
    monkeypatch.setattr(rehearsal, "names", lambda: ["one", "other"])
    with pytest.raises(KernelError, match="could be one or other; --kernel names one"):
        order(PATENT)


def test_inputs_are_those_given_else_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"dataset_sources": [f"{rehearsal.USER}/weights", "someone/wheels"], "model_sources": ["a/m/pytorch/x/1"]}
    monkeypatch.setattr(rehearsal, "_asked", lambda name: asked)
    told: list[str] = []
    found = rehearsal._sources(["k"], {"OWNER/weights": tmp_path}, tmp_path / "empty", told.append)
    assert found.datasets == {f"{rehearsal.USER}/weights": tmp_path, "someone/wheels": tmp_path / "empty"}
    assert found.models == {"a/m/pytorch/x/1": tmp_path / "empty"}
    assert len(told) == 2
    with pytest.raises(UnknownName, match="someone/wheels"):
        rehearsal._sources(["k"], {"someone/weels": tmp_path}, tmp_path / "empty", told.append)


def test_score_of_a_fallback_is_no_success(tmp_path: Path) -> None:
    class Room(CleanRoom):
        fell_back = False

        def __call__(self, run: KernelRun, folder: Path) -> RunResult:
            (folder / "manifest.json").write_text(json.dumps({"fell_back": self.fell_back}))
            return RunResult(status="COMPLETE", output=folder)

    watched = rehearsal._Observed(Room())
    run = KernelRun(ref="a/b", version=1, kernel_type="script", language="python", source="", rerun=True)
    watched(run, tmp_path)
    watched.require_model()
    Room.fell_back = True
    watched(replace(run, rerun=False), tmp_path)
    watched.require_model()
    watched(run, tmp_path)
    with pytest.raises(KernelError, match="its fallback was submitted"):
        watched.require_model()


@pytest.mark.parametrize("answers", [True, False])
def test_csv_competition_gets_the_file_of_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    """Also where the hidden labels are cut from the training set."""
    data = write_data(tmp_path / "data", answers=answers)
    with seam(tmp_path, monkeypatch, competitions=[Hosted(competition=toy("csv"), data=data)]) as here:
        run = KernelRun(
            ref="a/toy", version=1, kernel_type="script", language="python", source="", inputs=(),
        )  # fmt: skip
        output = tmp_path / "toy" / "output"
        output.mkdir(parents=True)
        sample = here.client.competitions.download("toy-csv", tmp_path / "s.csv", file="sample_submission.csv")
        (output / "submission.csv").write_bytes(sample.read_bytes())
        pushed = Pushed(kernel=run.ref[2:], ref=Ref("a", "toy", 1))
        sent = rehearsal._submit(here.client, toy("csv"), pushed, tmp_path)
    assert sent.scored and sent.file_name == "submission.csv"


def test_commands_refuse_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def refusal(*words: str) -> str:
        try:
            assert main(words) == 1
        except SystemExit as stop:
            assert stop.code == 2
        out, err = capsys.readouterr()
        assert out == "" and err.splitlines()[-1].startswith("kit")
        assert "Traceback" not in err
        return err

    assert "Did you mean 'patent'" in refusal("rehearse", "patents")
    assert "Known: patent_infer, patent_train" in refusal("rehearse", "patent", "--kernel", "x")
    assert "no NAME=DIR" in refusal("rehearse", "patent", "--input", f"a/b={tmp_path / 'missing'}")
    assert "invalid choice: 'kagle'" in refusal("rehearse", "patent", "--environment", "kagle")
    assert "no fault plan" in refusal("stand-in", "--faults", str(tmp_path / "missing.json"))
    assert "is not in" in refusal(
        "stand-in", "--port", "0", "--state", str(tmp_path / "s"), "--data", f"patent={tmp_path}"
    )


def test_stand_in_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    words = ["stand-in", "--port", "0", "--state", str(tmp_path / "state")]
    with subprocess.Popen([*COMMAND, *words], cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(2)]
        while not lines[-1].startswith("Kaggle stand-in on http://localhost:"):
            assert lines[-1], lines
            lines.append(process.stderr.readline())
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.stderr.read()
    assert process.returncode == 0
    assert lines[0].startswith("kernels run in a clean room: ")
