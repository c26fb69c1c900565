"""`kit kernel …` as a user types it, against the stand-in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kaggle_seam import Hourglass, isolate
from kit import kit
from stand_in_world import KEY, USER

from common import registry
from common.kaggle import kernels, official
from common.kaggle.retry import Retry
from common.rehearsal.stand_in.running import KernelRun, LogEntry, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Hosted
from competitions.patent import sample

REF = f"{USER}/patent-phrases-train"


def runner(run: KernelRun, folder: Path) -> RunResult:
    """Leave what a kernel of the kit leaves, without running it; it fails where its settings say `epochs=13`."""
    found = re.search(r'HASH = \\?"(\w+)', run.source)
    assert found
    run.emit(LogEntry("stdout", 0.1, "training\n"))
    output = folder / "working"
    output.mkdir()
    (output / "submission.csv").write_text("id,score\n")
    entry = {"bytes": 9, "sha256": hashlib.sha256(b"id,score\n").hexdigest()}
    (output / "manifest.json").write_text(json.dumps({"bundle": found[1], "files": {"submission.csv": entry}}))
    if run.accelerator:
        return RunResult(status="ERROR", output=output, failure="no such GPU")
    return RunResult(status="COMPLETE", output=output)


@pytest.fixture
def working(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder, a stand-in with the competition, and a clock that makes waiting short."""
    isolate(tmp_path / "home", monkeypatch)
    monkeypatch.setenv("KIT_ENVIRONMENT", f"place=local root={tmp_path / 'work'}")
    sample.make(tmp_path / "data", 80, 0)
    clock = Hourglass(moment=0.01).clock
    patent = Hosted(competition=registry.get("patent"), data=tmp_path / "data")
    with StandIn(tmp_path / "state", [patent], runner=runner) as server:
        connect = official.connect
        monkeypatch.setattr(
            official, "connect",
            lambda notify: connect(server.url, username=USER, key=KEY, retry=Retry(clock=clock), notify=notify),
        )  # fmt: skip
        monkeypatch.setattr("common.kaggle.retry.Clock", lambda: clock)
        yield tmp_path / "work" / "build" / "kernels"


def test_build_says_where_and_what(working: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "kernel", "build", "patent_train", "--owner", "me", "--json")
    assert said.code == 0
    assert said.json["folder"] == str(working / "patent_train" / "built")
    assert said.json["metadata"]["id"] == "me/patent-phrases-train"
    plain = kit(capsys, "kernel", "build", "patent_train")  # the owner is the credential's
    assert f"{REF}, " in plain.out
    assert re.search(r"bundle [0-9a-f]{64}", plain.out)
    assert (working / "patent_train" / "built" / "kernel.ipynb").exists()


@pytest.mark.slow
def test_from_push_to_abort(working: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "kernel", "push", "patent_train", "--cpu", "--watch", "--json")
    assert said.code == 0, said.err
    assert (said.json["ref"], said.json["version"], said.json["state"]) == (REF, 1, "COMPLETE")
    assert said.json["verified"] is True
    assert "training" in said.err
    assert (working / "patent_train" / "fetched" / "submission.csv").exists()

    assert kit(capsys, "kernel", "status", "patent_train").out == f"{REF}@1: complete\n"
    assert kit(capsys, "kernel", "log", "patent_train").out == "training\n"
    assert kit(capsys, "kernel", "log", "patent_train", "--json").json[0]["text"] == "training\n"
    fetched = kit(capsys, "kernel", "output", "patent_train", "--out", working / "mine")
    assert "9 bytes" in fetched.out
    assert (working / "mine" / kernels.LOG).read_text() == "training\n"

    refused = kit(capsys, "kernel", "abort", "patent_train")  # nobody can answer
    assert refused.code == 1
    assert "--yes" in refused.complaint
    assert kit(capsys, "kernel", "abort", "patent_train", "--yes").out == f"{REF} is deleted\n"
    gone = kit(capsys, "kernel", "status", "patent_train")
    assert gone.code == 1
    assert gone.complaint == f"kit: kernel not found: {REF}; kit kernel push creates it"


@pytest.mark.slow
def test_a_failed_session_is_a_failure(working: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "kernel", "push", "patent_train", "--script", "--watch")
    assert said.code == 1
    assert f"{REF}@1 ended: error no such GPU" in said.out
    status = kit(capsys, "kernel", "status", "patent_train", "--json")
    assert (status.code, status.json["failure"]) == (1, "no such GPU")


@pytest.mark.slow
def test_mistakes_are_one_line(working: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, complaint in (
        (["build", "patent_trian"], "unknown kernel 'patent_trian'. Did you mean 'patent_train'?"),
        (["push", "patent_infer"], "does not see kernel dummy/patent-phrases-train"),
        (["status", "patent_train"], f"kernel not found: {REF}"),
        (["build", "patent_train", "--set", "epoch=1"], "Did you mean 'epochs'?"),
    ):
        said = kit(capsys, "kernel", *words)
        assert said.code == 1
        assert complaint in said.complaint
    assert kit(capsys, "kernel").code == 2
    assert kit(capsys, "kernel", "push", "patent_train", "--timeout", "soon").code == 2


@pytest.mark.parametrize("name", ["build", "push", "status", "log", "output", "abort"])
def test_an_unknown_name_is_reported_before_anybody_signs_in(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newcomer has no credential yet; that the kernel does not exist comes first."""
    isolate(tmp_path / "home", monkeypatch)
    for variable in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(variable)
    said = kit(capsys, "kernel", name, "nothing")
    assert said.code == 1 and said.complaint.startswith("kit: unknown kernel 'nothing'. Known: adult, ")
    if name in ("build", "push"):
        for words, hint in ((["--profile", "bset"], "'best'"), (["--set", "epoch=1"], "'epochs'")):
            said = kit(capsys, "kernel", name, "patent_train", *words)
            assert said.code == 1 and f"Did you mean {hint}?" in said.complaint
    known = kit(capsys, "kernel", name, "patent_train")
    assert known.code == 1 and "kaggle.com/settings" in known.complaint
