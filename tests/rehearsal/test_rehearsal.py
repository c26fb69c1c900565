"""The rehearsal: the whole way with the real kernels, and what it refuses."""

from __future__ import annotations

import json
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
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
from common.rehearsal.chain import USER, input_folders, kernels_of, order
from common.rehearsal.clean_room.runner import EXECUTED
from common.rehearsal.rehearse import Observed, fresh, rehearse, submit_output
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.world import Hosted

PATENT = registry.get("patent")
QUICK: dict[str, Any] = {"profile": "baseline", "settings": ["folds=0", "trees.max_iter=5", "trees.components=4"]}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")


@pytest.mark.slow
def test_whole_way_from_push_to_score(tmp_path: Path) -> None:
    messages: list[str] = []
    done = rehearse(PATENT, tmp_path / "here", notify=messages.append, **QUICK)
    assert done.kernels == ("patent_train", "patent_infer")
    assert done.submission.scored
    assert float(done.submission.public_score) > 0.2
    assert (done.row.team, done.row.score) == (USER, done.submission.public_score)
    pages = ("patent-phrases-infer-rerun", "patent-phrases-infer", "patent-phrases-train")
    for page in pages:  # C6
        assert "files of the kit" in (tmp_path / "here" / "pages" / f"{page}.ipynb").read_text()
        assert "<html" in (tmp_path / "here" / "pages" / f"{page}.html").read_text()
    assert list(done.seconds) == ["sample data", *done.kernels, "hidden rerun and score"]
    assert messages[0].startswith("clean room: ")
    for name in done.kernels:
        kept = tmp_path / "here" / name / "output"
        assert "files of the kit" in (kept / LOG).read_text()
        assert json.loads((kept / "manifest.json").read_text())["place"] == "kaggle-batch"


@pytest.mark.slow
def test_kernel_that_fails_is_named_with_its_reason_and_log(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"patent_train ended as error: .*fold 99 does not exist") as caught:
        rehearse(PATENT, tmp_path / "here", profile="baseline", settings=["folds=99"])
    log = Path(str(caught.value).rpartition(" ")[2])
    assert "SplitError" in log.read_text()


def test_two_rehearsals_do_not_share_a_folder(tmp_path: Path) -> None:
    with fresh(tmp_path / "here"):
        with pytest.raises(KernelError, match="another rehearsal is running"):
            rehearse(PATENT, tmp_path / "here")
        with fresh(tmp_path / "there"):
            pass
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "old").touch()
    with fresh(tmp_path / "here"):
        assert not (tmp_path / "here").exists()


def test_kernels_run_after_those_whose_output_they_take() -> None:
    assert list(kernels_of(PATENT)) == ["patent_infer", "patent_train"]
    assert order(kernels_of(PATENT)) == ["patent_train", "patent_infer"]
    assert order(kernels_of(PATENT), "patent_train") == ["patent_train"]
    takes = {"c": ["a", "b"], "b": ["a"], "a": ["somebody/else"]}
    assert order({name: {"id": name, "kernel_sources": others} for name, others in takes.items()}) == ["a", "b", "c"]


def test_kernel_to_submit_must_be_clear() -> None:
    with pytest.raises(UnknownName, match="patent_infer"):
        order(kernels_of(PATENT), "patent_inferr")
    with pytest.raises(KernelError, match="has no kernel"):
        kernels_of(replace(PATENT, slug="nowhere"))
    with pytest.raises(KernelError, match="several kernels could be submitted: one, other; choose one with --kernel"):
        order({name: {"id": name, "kernel_sources": []} for name in ("one", "other")})


def test_inputs_are_the_folders_given_or_empty(tmp_path: Path) -> None:
    kernel = {"dataset_sources": [f"{USER}/weights", "someone/wheels"], "model_sources": ["a/m/pytorch/x/1"]}
    messages: list[str] = []
    inputs = input_folders([kernel], {"OWNER/weights": tmp_path}, tmp_path / "empty", messages.append)
    assert inputs.datasets == {f"{USER}/weights": tmp_path, "someone/wheels": tmp_path / "empty"}
    assert inputs.models == {"a/m/pytorch/x/1": tmp_path / "empty"}
    assert len(messages) == 2
    with pytest.raises(UnknownName, match="someone/wheels"):
        input_folders([kernel], {"someone/weels": tmp_path}, tmp_path / "empty")


def test_score_of_a_fallback_is_no_success(tmp_path: Path) -> None:
    fell_back = False

    def runner(run: KernelRun, folder: Path) -> RunResult:
        (folder / "manifest.json").write_text(json.dumps({"fell_back": fell_back}))
        return RunResult(status="COMPLETE", output=folder)

    observed = Observed(runner, tmp_path / "pages")
    run = KernelRun(ref="a/b", version=1, kernel_type="script", language="python", source="", rerun=True)
    observed(run, tmp_path)
    observed.require_model()
    fell_back = True
    observed(replace(run, rerun=False), tmp_path)
    observed.require_model()
    observed(run, tmp_path)
    with pytest.raises(KernelError, match="its fallback was submitted"):
        observed.require_model()


def test_c6_an_executed_notebook_is_kept_for_reading(tmp_path: Path) -> None:
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# What was seen")])
    secret = tmp_path / "secret"
    secret.write_text("{}")

    def runner(run: KernelRun, folder: Path) -> RunResult:
        executed = folder / EXECUTED
        executed.parent.mkdir(exist_ok=True)
        executed.unlink(missing_ok=True)
        if run.source == "link":
            executed.symlink_to(secret)
        else:
            executed.write_text(nbformat.writes(page) if run.source else "broken")
        return RunResult(status="COMPLETE", output=folder)

    messages: list[str] = []
    observed = Observed(runner, tmp_path / "pages", messages.append)
    run = KernelRun(ref="a/b", version=1, kernel_type="notebook", language="python", source="x")
    observed(run, tmp_path)
    assert "What was seen" in (tmp_path / "pages" / "b.ipynb").read_text()
    assert "What was seen</h1>" in (tmp_path / "pages" / "b.html").read_text().replace("<a", "</h1><a")
    observed(replace(run, ref="a/broken", source=""), tmp_path)
    assert "broken.html is not written" in messages[-1]
    observed(replace(run, ref="a/link", source="link"), tmp_path)
    assert not (tmp_path / "pages" / "link.ipynb").exists(), "a kernel must not lead to files of this machine"


@pytest.mark.parametrize("answers", [True, False])
def test_csv_competition_gets_the_file_of_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    """Also where the hidden labels are cut from the training set."""
    data = write_data(tmp_path / "data", answers=answers)
    with seam(tmp_path, monkeypatch, competitions=[Hosted(competition=toy("csv"), data=data)]) as here:
        output = tmp_path / "toy" / "output"
        output.mkdir(parents=True)
        sample = here.client.competitions.download("toy-csv", tmp_path / "s.csv", file="sample_submission.csv")
        (output / "submission.csv").write_bytes(sample.read_bytes())
        pushed = Pushed(kernel="toy", ref=Ref("a", "toy", 1))
        sent = submit_output(here.client, toy("csv"), pushed, tmp_path)
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
    assert "must be NAME=DIR" in refusal("rehearse", "patent", "--input", f"a/b={tmp_path / 'missing'}")
    assert "invalid choice: 'kagle'" in refusal("rehearse", "patent", "--environment", "kagle")
    assert "file not found" in refusal(
        "stand-in", "--port", "0", "--state", str(tmp_path / "s"), "--data", f"patent={tmp_path}"
    )


@pytest.mark.slow
def test_stand_in_serves_until_it_is_interrupted(tmp_path: Path) -> None:
    words = ["stand-in", "--port", "0", "--state", str(tmp_path / "state")]
    with subprocess.Popen([*COMMAND, *words], cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline()]
        while "KAGGLE_API_ENVIRONMENT=LOCALHOST" not in lines[-1]:
            assert lines[-1], lines
            lines.append(process.stderr.readline())
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.stderr.read()
    assert process.returncode == 0
    assert lines[0].startswith("kernels run in a clean room: ")
    *_, where, kit, kaggle = lines  # C9: the lines to paste
    assert where.startswith("Kaggle stand-in on http://localhost:")
    assert "export KIT_KAGGLE=http://localhost:" in kit
    assert "KAGGLE_USERNAME=kaggler KAGGLE_KEY=not-a-secret   (after kit stand-in --port 80" in kaggle
