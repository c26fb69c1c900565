"""`kit download`, `dataset`, `submit`, `submissions` and `leaderboard` as a user types them, against the stand-in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import isolate
from kit import Said, kit
from stand_in_world import KEY, USER, hosted, kernel_folder, read_csv, toy, wait_for, write_csv

from common import registry
from common.kaggle import official, retry, submit, wheels
from common.kaggle.official import Client
from common.kaggle.results import Ref
from common.kaggle.retry import Clock
from common.rehearsal.stand_in.running import KernelRun, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Hosted
from common.runs.ledger import Ledger
from common.runs.records import Code, RunRecord
from common.runs.run import Run
from competitions.patent import sample

PATENT = registry.get("patent")
TOY = toy("csv")
FASTER = 100.0  # than the clock on the wall: ten seconds between two looks are a tenth


def guess(run: KernelRun, folder: Path) -> RunResult:
    """Predict something for the test set that is mounted; a source `constant` predicts the same for every row."""
    data = next(item.folder for item in run.inputs if item.kind == "competition")
    ids = [row["id"] for row in read_csv(data / "sample_submission.csv")]
    rows = [(name, 0.5 if run.source == "constant" else place * 7 % 5 / 5) for place, name in enumerate(ids)]
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "submission.csv", ("id", "score"), rows)
    return RunResult(status="COMPLETE", output=folder)


@dataclass
class Desk:
    """A user's folder, the connection that the commands have, and what the server keeps."""

    folder: Path
    client: Client
    server: StandIn
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: object) -> Said:
        return kit(self.capsys, *words)

    def submissions(self) -> list[dict[str, Any]]:
        return list(self.server.world.store.all("submission"))

    def kernel(self, source: str = "guess") -> str:
        """Push a kernel and wait for its end; returns how it is submitted."""
        built = kernel_folder(self.folder / "built", source, competition_sources=[PATENT.slug])
        ref = self.client.kernels.push(built).ref
        wait_for(lambda: self.client.kernels.status(ref), until=lambda status: status.state.final)
        return str(ref)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """A user's folder beside a stand-in that has patent, and a competition `toy` that takes files."""
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.setenv("KIT_ENVIRONMENT", f"place=local root={tmp_path / 'work'}")
    sample.make(tmp_path / "data", 320, 0)  # enough for a score that is not 1
    known = registry.get
    monkeypatch.setattr(registry, "get", lambda name: TOY if name == "toy" else known(name))
    quick = Clock(now=lambda: time.monotonic() * FASTER, sleep=lambda seconds: time.sleep(seconds / FASTER))
    for module in (retry, submit):
        monkeypatch.setattr(module, "Clock", lambda: quick)
    competitions = [Hosted(competition=PATENT, data=tmp_path / "data"), hosted(tmp_path / "toy")]
    processing = timedelta(seconds=0.3)
    with StandIn(tmp_path / "state", competitions, runner=guess, dataset_processing=processing) as server:
        connect = official.connect

        def here(notify: Any = retry.silent) -> Client:
            return connect(server.url, username=USER, key=KEY, notify=notify)

        monkeypatch.setattr(official, "connect", here)
        yield Desk(tmp_path / "work", here(), server, capsys)


# --- download ---------------------------------------------------------------------------------------------


def test_download_fetches_once(desk: Desk) -> None:
    first = desk("download", "patent", "--json")
    assert first.code == 0 and first.json["fetched"] is True
    folder = desk.folder / "data" / PATENT.slug
    assert (folder / "train.csv").is_file() and not (folder / "answers.csv").exists()
    assert desk("download", "patent", "--json").json["fetched"] is False
    assert desk("download", "patent", "--force", "--json").json["fetched"] is True


def test_download_goes_to_the_folder_of_out(desk: Desk, tmp_path: Path) -> None:
    said = desk("download", "toy", "--out", tmp_path / "here")
    assert said.code == 0 and f"{tmp_path / 'here'}: 3 files" in said.out
    assert sorted(path.name for path in (tmp_path / "here").glob("*.csv")) == [
        "sample_submission.csv",
        "test.csv",
        "train.csv",
    ]


def test_download_of_a_competition_that_kaggle_does_not_have(desk: Desk) -> None:
    desk.server.world.hosted.pop(TOY.slug)  # type: ignore[attr-defined]
    said = desk("download", "toy")
    assert said.code == 1 and TOY.slug in said.complaint


def test_a_competition_without_a_page_is_refused_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "get", lambda name: toy("local"))
    for words in (["download"], ["submit", "run", "-m", "x"], ["submissions"], ["leaderboard"]):
        said = desk(words[0], "toy", *words[1:])
        assert said.code == 1 and "no page on Kaggle" in said.complaint and "kit grade" in said.complaint


def test_without_a_credential_it_is_said_where_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    isolate(tmp_path / "home", monkeypatch)
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name)
    for words in (
        ["download"],
        ["submissions"],
        ["leaderboard"],
        ["dataset", "weights", "--from", model(tmp_path / "m")],
    ):
        said = kit(capsys, *words[:2] if words[0] == "dataset" else words[:1], "patent", *words[2:])
        assert said.code == 1 and said.out == ""
        assert "kaggle.com/settings" in said.complaint
    monkeypatch.setenv("KIT_KAGGLE", "http://localhost:7777")
    said = kit(capsys, "submissions", "patent")
    assert said.code == 1 and "no credential for KIT_KAGGLE=http://localhost:7777" in said.complaint
    assert "KAGGLE_USERNAME=" in said.complaint


def test_a_run_of_another_competition_is_not_submitted(desk: Desk, tmp_path: Path) -> None:
    record = RunRecord(
        competition="patent", profile="best", metric="pearson", settings={}, data={}, code=Code(hash="", files={})
    )
    run = Run.begin(tmp_path / "run", record, "fresh")
    (run.folder / "submission.csv").write_text("id,label\n1,0.5\n")
    for what in (run.folder, run.folder / "submission.csv"):
        said = desk("submit", "pets", what, "-m", "x")
        assert said.code == 1 and said.complaint == f"kit: {run.folder} is a run of patent, not of pets"
    assert not desk.submissions()


# --- dataset ----------------------------------------------------------------------------------------------


def model(folder: Path, content: str = "weights") -> Path:
    """A folder with a model, as far as Kaggle is concerned."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "pytorch_model.bin").write_text(content)
    (folder / "onnx" / "quantised.bin").write_text("0")
    return folder


def test_weights_are_created_then_versioned_and_waited_for(desk: Desk, tmp_path: Path) -> None:
    said = desk("dataset", "weights", "patent", "--from", model(tmp_path / "deberta"), "--json")
    assert said.code == 0, said.err
    assert said.json == {
        "dataset": f"{USER}/kit-patent-weights-deberta/1",
        "files": ["config.json", "onnx/quantised.bin", "pytorch_model.bin"],
        "created": True,
    }
    assert "not visible yet" in said.err or "version" in said.err  # it took a while
    again = desk("dataset", "weights", "patent", "--from", model(tmp_path / "deberta", "better"), "--owner", USER)
    assert again.code == 0, again.err
    assert again.out.startswith(f"{USER}/kit-patent-weights-deberta/2: 3 files, ready")
    kept = desk.server.world.folder / "datasets" / USER / "kit-patent-weights-deberta" / "2"
    assert (kept / "pytorch_model.bin").read_text() == "better"
    status = desk.client.datasets.status(Ref(USER, "kit-patent-weights-deberta"))
    assert status is not None and status.version == 2


def test_d17_two_long_names_are_two_datasets(desk: Desk, tmp_path: Path) -> None:
    name = "deberta-v3-small-on-us-patents-with-lists-fold"
    made = [desk("dataset", "weights", "patent", "--from", model(tmp_path / f"{name}-{n}"), "--json") for n in (0, 1)]
    assert [said.json["created"] for said in made] == [True, True]
    assert len({said.json["dataset"] for said in made}) == 2


def test_what_a_download_leaves_beside_a_model_stays_here(desk: Desk, tmp_path: Path) -> None:
    folder = model(tmp_path / "deberta")
    (folder / ".cache" / "huggingface").mkdir(parents=True)
    (folder / ".cache" / "huggingface" / "config.json.lock").touch()
    (folder / ".gitattributes").write_text("*.bin filter=lfs")
    said = desk("dataset", "weights", "patent", "--from", folder, "--json")
    assert said.code == 0, said.err
    assert not any("." in name[:1] for name in said.json["files"])


def test_weights_that_are_none_are_refused_before_anything_is_sent(desk: Desk, tmp_path: Path) -> None:
    def refusal(folder: Path) -> str:
        said = desk("dataset", "weights", "patent", "--from", folder)
        assert said.code == 1 and said.out == ""
        return said.complaint

    assert "folder not found" in refusal(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    assert "holds no model: no config.json" in refusal(tmp_path / "empty")
    (tmp_path / "empty" / "config.json").write_text("{}")
    assert "no weights" in refusal(tmp_path / "empty")
    broken = model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"\xff\0\0\0\0\0\0\0{")
    assert "is damaged" in refusal(broken)
    odd = model(tmp_path / "odd")
    (odd / "vocab (1).txt").write_text("a")
    assert "vocab (1).txt" in refusal(odd)
    assert desk("dataset", "weights", "patent").code == 2
    assert desk.server.world.store.all("dataset") == []


def test_wheels_are_fetched_and_published(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def pip(requirements: Any, folder: Path, *, notify: Any) -> list[Path]:
        assert list(requirements) == [*PATENT.packages, "unheard-of>=1"]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "unheard_of-1.0-py3-none-any.whl").write_text("wheel")
        return sorted(folder.glob("*.whl"))

    monkeypatch.setattr(wheels, "fetch", pip)
    said = desk("dataset", "wheels", "patent", "--package", "unheard-of>=1", "--json")
    assert said.code == 0, said.err
    assert said.json["dataset"] == f"{USER}/kit-patent-wheels/1"
    assert said.json["files"] == ["unheard_of-1.0-py3-none-any.whl"]


def test_no_wheels_are_needed(desk: Desk) -> None:
    said = desk("dataset", "wheels", "toy", "--json")
    assert said.code == 0 and said.json == {"dataset": None}
    assert "carries everything" in said.err
    assert desk("dataset", "wheels", "toy", "--package", "no such = thing").code == 1


# --- submit -----------------------------------------------------------------------------------------------


def test_a_kernel_version_is_submitted_and_scored(desk: Desk) -> None:
    kernel = desk.kernel()
    assert kernel == f"{USER}/toy-kernel@1"
    said = desk("submit", "patent", kernel, "-m", "lists, four folds", "--wait", "--yes", "--json")
    assert said.code == 0, said.err
    (submission,) = desk.submissions()
    assert said.json["ref"] == submission["ref"] and said.json["public_score"] == submission["publicScore"]
    assert submission["kernel"] == f"{USER}/toy-kernel/1"
    rows = Ledger(desk.folder / "submissions" / "patent" / "ledger.csv").rows()
    assert [row["event"] for row in rows] == ["submitting", "submitted", "scored"]
    assert rows[-1]["public"] == submission["publicScore"] and rows[-1]["message"] == "lists, four folds"

    listed = desk("submissions", "patent")
    assert submission["publicScore"] in listed.out and "lists, four folds" in listed.out
    assert desk("submissions", "patent", "--json").json[0]["private_score"] == submission["privateScore"]
    board = desk("leaderboard", "patent", "--score", "0.999")
    assert board.code == 0 and f"     {USER}  " in board.out and "0.999 would rank 1 of 5" in board.out
    worse = desk("leaderboard", "patent", "--score", "-1", "--json").json
    assert (worse["rank"], worse["teams"]) == (5, 4) and USER in [row["team"] for row in worse["top"]]
    for score in ("", "nan", "high"):  # D10
        assert desk("leaderboard", "patent", "--score", score).code == 2

    again = desk("submit", "patent", "toy-kernel@1", "-m", "once more", "--yes")
    assert again.code == 1 and "--again" in again.complaint
    assert len(desk.submissions()) == 1


def test_a_run_that_gets_no_score_says_why(desk: Desk) -> None:
    said = desk("submit", "patent", desk.kernel("constant"), "-m", "flat", "--wait", "--yes")
    assert said.code == 1
    assert "constant" in said.out
    reason = desk("submissions", "patent", "--json").json[0]["reason"]
    assert reason and reason in said.out and reason in desk("submissions", "patent").out


def test_a_file_is_submitted(desk: Desk, tmp_path: Path) -> None:
    assert desk("download", "toy").code == 0
    run = desk.folder / "submissions" / "toy" / "baseline-1"
    run.mkdir(parents=True)
    file = run / "submission.csv"
    file.write_bytes((desk.folder / "data" / TOY.slug / "sample_submission.csv").read_bytes())
    unasked = desk("submit", "toy", run, "-m", "a run")
    assert unasked.code == 1 and "--yes" in unasked.complaint and desk.submissions() == []
    said = desk("submit", "toy", run, "-m", "a run", "--yes", "--wait", "1h")
    assert said.code == 0 and "public" in said.out
    assert Ledger(desk.folder / "submissions" / "toy" / "ledger.csv").rows()[-1]["run"] == "baseline-1"
    file.write_text("id,score\n1,2\n")
    said = desk("submit", "toy", file, "-m", "broken", "--yes")
    assert said.code == 1 and "is not submitted" in said.complaint
    assert len(desk.submissions()) == 1


def test_a_file_with_problems_is_submitted_if_they_are_warnings_or_forced(desk: Desk) -> None:
    """D12, D29."""
    assert desk("download", "toy").code == 0
    sample = (desk.folder / "data" / TOY.slug / "sample_submission.csv").read_text()
    file = desk.folder / "file.csv"

    file.write_text(sample.replace(",0.5", ",1.5"))  # an RMSE knows no range
    assert desk("validate", "toy", file).code == 0
    said = desk("submit", "toy", file, "-m", "x", "--yes", "--wait")
    assert said.code == 0 and "warning: 40 cells" in said.err

    file.write_text(sample.replace(",0.5", ",", 1))
    assert desk("validate", "toy", file).code == 1 and desk("validate", "toy", file, "--force").code == 0
    assert "--force" in desk("submit", "toy", file, "-m", "x", "--yes").complaint
    said = desk("submit", "toy", file, "-m", "x", "--yes", "--wait", "--force")
    assert said.code == 1 and "error: 1 cell" in said.err and "Evaluation Exception" in said.out
    assert len(desk.submissions()) == 2


def test_what_cannot_be_submitted_is_said_in_one_line(desk: Desk, tmp_path: Path) -> None:
    assert desk("download", "patent").code == 0
    file = next((desk.folder / "data").rglob("sample_submission.csv"))
    kernel = desk.kernel()

    def refusal(*words: object) -> str:
        said = desk("submit", *words, "-m", "x", "--yes")
        assert said.code == 1 and said.out == ""
        return said.complaint

    assert "constant (0); a correlation is undefined. Look" in refusal("patent", file)
    assert "code competition" in refusal("patent", file, "--force")
    assert "file not found: nowhere.csv" in refusal("patent", "nowhere.csv")
    assert "submission.csv; give a run" in refusal("patent", tmp_path)
    assert "takes a file" in refusal("toy", kernel)
    assert "needs its version" in refusal("patent", "toy-kernel")
    assert "not the name of a kernel" in refusal("patent", "a/b/c/d")
    assert f"{USER}/toy-kernel" in refusal("patent", "toy-kernel@7")
    assert desk("submit", "patent", kernel, "--yes").code == 2  # no message
    assert desk.submissions() == []


def test_nothing_was_submitted_yet(desk: Desk) -> None:
    assert "no submission yet" in desk("submissions", "patent").out
    board = desk("leaderboard", "patent", "--score", "0.5", "--json")
    assert board.code == 0 and board.json["teams"] == 3
