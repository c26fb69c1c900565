"""P8: a submission is checked, sent once, and its end is reported as it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import Seam, seam
from stand_in_faults import Fault
from stand_in_world import USER, hosted, kernel_folder, toy, wait_for

from common.errors import SubmissionError
from common.kaggle import errors
from common.kaggle.results import Ref, Submission, SubmissionState
from common.kaggle.submit import Outcome, submit
from common.runs.ledger import Ledger

CSV, CODE = toy("csv"), toy("kernel")


def run(here: Seam, folder: Path, what: Path | Ref | None = None, **changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "message": "first",
        "ledger": Ledger(folder / "ledger.csv"),
        "confirm": lambda question: True,
        "sample": folder / "csv" / "sample_submission.csv",
        "clock": here.hourglass.clock,
        "notify": here.messages.append,
    } | changes
    what = what or folder / "csv" / "sample_submission.csv"
    competition = CSV if isinstance(what, Path) else CODE
    return submit(here.client, values.pop("competition", competition), what, **values)


def complete(here: Seam, folder: Path, source: str = "predict 0.5\n", **fields: Any) -> Ref:
    built = kernel_folder(folder / "built", source, competition_sources=[CODE.slug], **fields)
    ref = here.client.kernels.push(built).ref
    wait_for(lambda: here.client.kernels.status(ref), until=lambda status: status.state.final)
    return ref


def test_a_file_is_scored_and_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        asked: list[str] = []
        outcome = run(here, tmp_path, confirm=lambda question: not asked.append(question), run="r1")
        assert outcome.ok
        assert outcome.submission.scored
        assert outcome.left_today == 2
        assert outcome.submission.description == f"#{outcome.sha256[:10]} first"
        assert "3 left today" in asked[0]
        rows = Ledger(tmp_path / "ledger.csv").rows()
        assert [row["event"] for row in rows] == ["submitting", "submitted", "scored"]
        assert rows[-1]["public"] == outcome.submission.public_score
        assert (rows[-1]["run"], rows[-1]["ref"]) == ("r1", str(outcome.submission.ref))


def test_a_kernel_version_is_rerun_and_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        outcome = run(here, tmp_path, complete(here, tmp_path))
        assert outcome.submission.scored


@pytest.mark.parametrize("memory", ["ledger", "Kaggle's list"])
def test_the_same_bytes_are_not_sent_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    with seam(tmp_path, monkeypatch) as here:
        run(here, tmp_path)
        if memory != "ledger":
            (tmp_path / "ledger.csv").unlink()
        with pytest.raises(SubmissionError, match="--again"):
            run(here, tmp_path, message="another message")
        assert len(here.calls("submission")) == 1
        assert run(here, tmp_path, again=True).submission.scored
        assert len(here.calls("submission")) == 2


def test_d3_of_three_at_once_one_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here, ThreadPoolExecutor(3) as threads:
        three = [threads.submit(run, here, tmp_path, wait=None) for _ in range(3)]
        refused = [str(each.exception()) for each in three if each.exception()]
        assert len(refused) == 2
        assert all("--again" in words for words in refused)
        assert len(here.calls("submission")) == 1


@pytest.mark.parametrize("cut", [12, 3])
def test_d3_a_cut_description_does_not_hide_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    shortened = Fault(on="ListSubmissions", kind="cut_descriptions", times=None, parameters={"length": cut})
    with seam(tmp_path, monkeypatch, shortened) as here:
        run(here, tmp_path, message="what this is about", wait=None)
        (tmp_path / "ledger.csv").unlink()  # another machine
        with pytest.raises(SubmissionError, match="on Kaggle already as submission 1001"):
            run(here, tmp_path, message="what this is about")
        other = tmp_path / "submission.csv"
        other.write_text((tmp_path / "csv" / "sample_submission.csv").read_text().replace("0.5", "0.25"))
        assert run(here, tmp_path, other).submission.scored


def test_d27_after_ctrl_c_what_arrived_is_found_by_the_next_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seam(tmp_path, monkeypatch) as here:
        send = here.client.competitions.submit_file

        def interrupted(*arguments: Any) -> Submission:
            send(*arguments)
            raise KeyboardInterrupt

        monkeypatch.setattr(here.client.competitions, "submit_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(here, tmp_path, run="r1")
        assert "it may have been submitted" in here.messages[-1]
        assert [row["event"] for row in Ledger(tmp_path / "ledger.csv").rows()] == ["submitting"]
        with pytest.raises(SubmissionError, match=r"submission 1001.*--again"):
            run(here, tmp_path)
        last = Ledger(tmp_path / "ledger.csv").rows()[-1]
        assert (last["event"], last["ref"], last["run"]) == ("submitted", "1001", "r1")
        assert len(here.calls("submission")) == 1


def test_no_means_no(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        with pytest.raises(SubmissionError, match="--yes"):
            run(here, tmp_path, confirm=lambda question: False)
        assert here.calls("submission") == []
        assert Ledger(tmp_path / "ledger.csv").rows() == []


def test_an_invalid_file_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        bad = tmp_path / "submission.csv"
        bad.write_text("id,score\n0050,7\n")
        with pytest.raises(SubmissionError, match="not submitted"):
            run(here, tmp_path, bad)
        with pytest.raises(SubmissionError, match="sample submission"):
            run(here, tmp_path, sample=None)
        assert here.calls("submission") == []


def test_a_failed_rerun_has_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        outcome = run(here, tmp_path, complete(here, tmp_path, "predict 0.5\nrerun-fails\n"))
        assert not outcome.ok
        assert "Notebook Threw Exception" in outcome.submission.reason
        last = Ledger(tmp_path / "ledger.csv").rows()[-1]
        assert last["event"] == "failed"
        assert "Notebook Threw Exception" in last["status"]


def test_complete_without_a_score_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch, Fault(on="ListSubmissions", kind="unscored", times=None)) as here:
        outcome = run(here, tmp_path)
        assert not outcome.ok
        assert outcome.submission.reason == "Submission Scoring Error"


def test_without_waiting_the_submission_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        outcome = run(here, tmp_path, wait=None)
        assert outcome.ok
        assert Ledger(tmp_path / "ledger.csv").rows()[-1]["event"] == "submitted"


def test_waiting_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pending = {"submissions": [{"ref": 1001, "status": "PENDING", "description": "x"}], "nextPageToken": ""}
    fault = Fault(on="ListSubmissions", kind="answer", skip=3, times=None, parameters={"answer": pending})
    with seam(tmp_path, monkeypatch, fault) as here, pytest.raises(errors.TimedOut, match="look again later"):
        run(here, tmp_path, wait=600)


def test_the_daily_limit_stops_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        for _ in range(3):
            run(here, tmp_path, again=True, wait=None)
        with pytest.raises(errors.LimitReached, match="0:00 UTC"):
            run(here, tmp_path, again=True)
        assert len(here.calls("submission")) == 3
        assert here.calls("upload") == []


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"rules_accepted": False}, errors.RulesNotAccepted, "/rules"),
        ({"submissions_disabled": True}, errors.LimitReached, "disabled them"),
        ({"deadline": datetime(2022, 6, 20, tzinfo=UTC)}, errors.LimitReached, "deadline"),
    ],
)
def test_a_closed_competition_is_refused_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with seam(tmp_path, monkeypatch, competitions=[hosted(tmp_path / "csv", **changes)]) as here:
        with pytest.raises(kind, match=words):
            run(here, tmp_path)
        assert here.calls("submission") == []


def test_before_the_deadline_nothing_is_said_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_until = datetime.now(UTC) + timedelta(days=1)
    with seam(tmp_path, monkeypatch, competitions=[hosted(tmp_path / "csv", deadline=open_until)]) as here:
        assert run(here, tmp_path).ok
        assert not any("late" in line for line in here.messages)


def test_kind_of_competition_and_of_submission_must_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        with pytest.raises(errors.Invalid, match="code competition"):
            run(here, tmp_path, tmp_path / "kernel" / "sample_submission.csv", competition=CODE)
        with pytest.raises(errors.Invalid, match="takes a file"):
            run(here, tmp_path, Ref(USER, "toy-kernel", 1), competition=CSV)


@pytest.mark.parametrize(
    ("source", "kind", "words"),
    [
        ("fail no memory\n", errors.Invalid, "error .no memory.; only a complete version"),
        ("write other.csv x\n", errors.NotFound, "has no submission.csv.*other.csv"),
        ("wait 60\n", errors.Invalid, "queued|running"),
    ],
)
def test_only_a_complete_kernel_with_a_submission_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, kind: type[Exception], words: str
) -> None:
    with seam(tmp_path, monkeypatch) as here:
        built = kernel_folder(tmp_path / "built", source, competition_sources=[CODE.slug])
        ref = here.client.kernels.push(built).ref
        if not source.startswith("wait"):
            wait_for(lambda: here.client.kernels.status(ref), until=lambda status: status.state.final)
        with pytest.raises(kind, match=words):
            run(here, tmp_path, ref)
        with pytest.raises(errors.Invalid, match="needs its version"):
            run(here, tmp_path, ref.at(None))
        assert here.calls("submission") == []
        here.client.kernels.delete(ref)


def test_success_needs_all_three() -> None:
    done = SubmissionState.COMPLETE
    assert Submission(ref=1, state=done, public_score="0.5").scored
    assert not Submission(ref=1, state=done).scored
    assert not Submission(ref=1, state=done, public_score="0.5", error="Scoring Error").scored
    assert not Submission(ref=1, state=SubmissionState.ERROR, public_score="0.5").scored
    assert "gave no reason" in Submission(ref=1, state=done).reason
