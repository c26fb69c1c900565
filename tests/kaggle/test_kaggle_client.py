"""The seam, on Kaggle's own client, against the stand-in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import Hourglass, Seam, isolate, seam
from stand_in_faults import Fault
from stand_in_world import KEY, USER, hosted, kernel_folder, wait_for

from common.errors import KitError, SettingError
from common.kaggle import errors
from common.kaggle.official import connect
from common.kaggle.outputs import fetch
from common.kaggle.results import KernelState, OutputFile, Ref
from common.kaggle.retry import Retry
from common.rehearsal.stand_in.accounts import Accounts

CSV, CODE = "toy-csv", "toy-kernel"
KERNEL = Ref(USER, "toy-kernel")
PREDICTION = "print hello\npredict 0.5\n"


def push(here: Seam, folder: Path, source: str = PREDICTION, **fields: Any) -> Ref:
    fields.setdefault("competition_sources", [CODE])
    return here.client.kernels.push(kernel_folder(folder / "built", source, **fields)).ref


def unsure(expected: bool) -> Any:
    """Expect that it cannot be told whether something arrived, or expect nothing."""
    return pytest.raises(errors.Unconfirmed) if expected else contextlib.nullcontext()


def finish(here: Seam, ref: Ref) -> KernelState:
    return wait_for(lambda: here.client.kernels.status(ref), until=lambda status: status.state.final).state


# --- who may ask, and whom -------------------------------------------------------------------------------


def test_only_this_machine_is_an_endpoint() -> None:
    for url in ("https://www.kaggle.com", "http://10.0.0.1:80", "http://localhost.example", "no url"):
        with pytest.raises(SettingError, match="loopback"):
            connect(url)
    with pytest.raises(SettingError, match="both"):
        connect("http://localhost:1", username="ann")
    with pytest.raises(SettingError, match="for an endpoint"):
        connect(username="ann", key=KEY)


def test_kit_kaggle_names_a_stand_in_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        monkeypatch.delenv("KAGGLE_API_ENVIRONMENT")
        monkeypatch.setenv("KIT_KAGGLE", here.server.url)
        assert connect().whoami() == USER
        assert connect().competitions.info(CSV).slug == CSV
    monkeypatch.setenv("KIT_KAGGLE", "https://www.kaggle.com")
    with pytest.raises(SettingError, match="loopback"):
        connect()


def test_a_session_with_an_endpoint_reaches_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        elsewhere = OutputFile(name="x", url="https://storage.example/x")
        with pytest.raises(SettingError, match="refused to leave this machine"):
            here.client.kernels.fetch(elsewhere, tmp_path / "x")
        with pytest.raises(SettingError, match="refused"):
            here.client.session.sdk.http_client()._session.get("https://api.kaggle.com/")


@pytest.mark.slow
def test_importing_the_official_client_neither_signs_in_nor_prints(tmp_path: Path) -> None:
    """`import kaggle` itself would try the token over the network and print a page of help."""
    script = (
        "import sys; from common.kaggle.official.package import load; module = load();"
        "assert 'kaggle' not in sys.modules, 'the bare package stays';"
        "print(module.KaggleApi.__name__, module.KaggleApi._authenticated)"
    )
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "KAGGLE_API_TOKEN": "KGAT_" + "0" * 32}
    environment |= {"HTTPS_PROXY": "http://127.0.0.1:9", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("KaggleApi False\n", "")


@pytest.mark.slow
def test_importing_the_flows_does_not_import_the_client() -> None:
    script = (
        "import sys, common.kaggle.results, common.kaggle.submit, common.kaggle.download, common.kaggle.datasets,"
        "common.kaggle.outputs, common.kaggle.sources, common.kaggle.wheels, common.kaggle.credentials;"
        "print([name for name in ('requests', 'kaggle', 'kagglesdk', 'pandas', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("variables", "kind"),
    [
        ({"KAGGLE_USERNAME": None, "KAGGLE_KEY": None}, None),
        ({"KAGGLE_KEY": "wrong"}, errors.AuthError),
        ({}, USER),
        ({"KAGGLE_API_TOKEN": "KGAT_right"}, "ann"),
        ({"KAGGLE_API_TOKEN": "KGAT_wrong"}, USER),
    ],
    ids=["none", "wrong key", "key", "token", "wrong token beside a right key"],
)
def test_signing_in(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    variables: dict[str, str | None],
    kind: Any,
) -> None:
    accounts = Accounts(keys={USER: KEY}, tokens={"KGAT_right": "ann"})
    with seam(tmp_path, monkeypatch, accounts=accounts) as here:
        for name, value in variables.items():
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
        client = connect(here.server.url, retry=Retry(clock=Hourglass().clock))
        if isinstance(kind, str):
            assert client.whoami() == kind
            assert client.competitions.info(CSV).entered
        else:
            with pytest.raises(errors.AuthError, match=r"kaggle\.com/settings") as caught:
                client.competitions.info(CSV)
            assert "wrong" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_the_users_own_credential_does_not_go_to_a_named_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with seam(tmp_path, monkeypatch, accounts=Accounts(keys={"tester": "other-key"}, tokens={})) as here:
        monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_mine")
        client = connect(here.server.url, username="tester", key="other-key")
        assert client.competitions.info(CSV).slug == CSV


# --- competitions ----------------------------------------------------------------------------------------


def test_a_competition_as_kaggle_describes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch, Fault(on="ListDataFiles", kind="page_size", times=None)) as here:
        competitions = here.client.competitions
        assert competitions.info(CODE).kernels_only
        assert not competitions.info(CSV).kernels_only
        assert [file.name for file in competitions.files(CSV)] == ["sample_submission.csv", "test.csv", "train.csv"]
        assert competitions.limits(CSV).allowed_now == 3
        with pytest.raises(errors.NotFound, match="no-such-thing"):
            competitions.info("no-such-thing")


def test_a_file_is_submitted_scored_and_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        sample = tmp_path / "csv" / "sample_submission.csv"
        competitions = here.client.competitions
        submission = competitions.submit_file(CSV, sample, "first")
        scored = wait_for(lambda: competitions.submission(CSV, submission.ref), until=lambda item: item.final)
        assert scored.scored
        assert scored.reason == ""
        assert scored.description == "first"
        assert scored.public_score in [row.score for row in competitions.leaderboard(CSV)]
        assert competitions.limits(CSV).allowed_now == 2


@pytest.mark.parametrize("bad", ["id,score\n", "id,wrong\n0050,0.5\n"])
def test_a_failed_submission_has_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str) -> None:
    """P7: the table of the official command line hides it."""
    with seam(tmp_path, monkeypatch) as here:
        file = tmp_path / "submission.csv"
        file.write_text(bad)
        ref = here.client.competitions.submit_file(CSV, file, "bad").ref
        failed = wait_for(lambda: here.client.competitions.submissions(CSV)[0], until=lambda item: item.final)
        assert failed.ref == ref
        assert not failed.scored
        assert failed.reason


def test_complete_with_an_error_text_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch, Fault(on="ListSubmissions", kind="unscored", times=None)) as here:
        here.client.competitions.submit_file(CSV, tmp_path / "csv" / "sample_submission.csv", "x")
        done = wait_for(lambda: here.client.competitions.submissions(CSV)[0], until=lambda item: item.final)
        assert not done.scored
        assert done.reason == "Submission Scoring Error"


LOST = ("cut_answer", "html", "error", "rate_limited", "late")
NEVER_MADE = ("html", "error")
"""After these, what was to be made is not there, which nobody can tell from what comes late."""


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("method", ["StartSubmissionUpload", "CreateSubmission", "ListSubmissions", "PUT"])
def test_whatever_gets_lost_there_is_one_submission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, kind: str, times: int
) -> None:
    with seam(tmp_path, monkeypatch, Fault(on=method, kind=kind, times=times)) as here:
        made = []
        with unsure(method == "CreateSubmission" and kind in NEVER_MADE):
            file = tmp_path / "csv" / "sample_submission.csv"
            made.append(here.client.competitions.submit_file(CSV, file, "once").ref)
        assert [document["ref"] for document in here.calls("submission")] == made


def test_a_submission_that_is_made_late_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1, D3: a 504, its submission long after it, with a description that Kaggle has cut."""
    late = Fault(on="CreateSubmission", kind="late", parameters={"calls": 9})
    cut = Fault(on="ListSubmissions", kind="cut_descriptions", times=None)
    with seam(tmp_path, monkeypatch, late, cut) as here:
        file = tmp_path / "csv" / "sample_submission.csv"
        submission = here.client.competitions.submit_file(CSV, file, "a long description")
        assert [document["ref"] for document in here.calls("submission")] == [submission.ref]
        assert submission.description == "a long descr"
        assert here.hourglass.time > 60
        assert any("is not there yet (" in line for line in here.messages)


def test_a_code_submission_that_is_made_late_is_awaited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D1."""
    late = Fault(on="CreateCodeSubmission", kind="late", parameters={"calls": 9})
    with seam(tmp_path, monkeypatch, late) as here:
        ref = push(here, tmp_path)
        assert finish(here, ref) is KernelState.COMPLETE
        submission = here.client.competitions.submit_kernel(CODE, ref, "submission.csv", "once")
        assert [document["ref"] for document in here.calls("submission")] == [submission.ref]
        assert here.hourglass.time > 60


def test_an_old_submissions_number_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D4."""
    old = Fault(on="CreateSubmission", kind="answer", skip=1, parameters={"answer": {"ref": 1001}})
    with seam(tmp_path, monkeypatch, old) as here:
        file = tmp_path / "csv" / "sample_submission.csv"
        assert here.client.competitions.submit_file(CSV, file, "first").ref == 1001
        with pytest.raises(errors.Unconfirmed, match="no new submission number"):
            here.client.competitions.submit_file(CSV, file, "second")


def test_an_answer_lost_for_good_is_not_taken_for_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The submission arrives, its answer and every later look are lost: nothing is repeated."""
    faults = (
        Fault(on="CreateSubmission", kind="cut_answer"),
        Fault(on="ListSubmissions", kind="html", skip=1, times=None),
    )
    with seam(tmp_path, monkeypatch, *faults) as here:
        with pytest.raises(errors.Unconfirmed, match="look before doing it again"):
            here.client.competitions.submit_file(CSV, tmp_path / "csv" / "sample_submission.csv", "once")
        assert len(here.calls("submission")) == 1


def test_a_refused_upload_submits_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: the official client reports success."""
    refused = Fault(on="PUT", kind="error", times=None, parameters={"code": 403, "message": "refused"})
    with seam(tmp_path, monkeypatch, refused) as here:
        with pytest.raises(errors.Forbidden, match="refused"):
            here.client.competitions.submit_file(CSV, tmp_path / "csv" / "sample_submission.csv", "x")
        assert here.calls("submission") == []


def test_an_upload_that_breaks_off_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Fault(on="PUT", kind="cut_request", parameters={"after_bytes": 100_000})
    with seam(tmp_path, monkeypatch, cut) as here:
        file = tmp_path / "submission.csv"
        file.write_bytes((tmp_path / "csv" / "sample_submission.csv").read_bytes() + b"\n" * 300_000)
        here.client.competitions.submit_file(CSV, file, "x")
        (document,) = here.calls("submission")
        assert document["totalBytes"] == file.stat().st_size
        kept = here.server.world.folder / "submissions" / str(document["ref"])
        assert kept.read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"rules_accepted": False}, errors.RulesNotAccepted),
        ({"submissions_disabled": True}, errors.LimitReached),
    ],
)
def test_closed_competitions_are_reported_by_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], kind: type[Exception]
) -> None:
    held = hosted(tmp_path / "csv", **changes)
    with seam(tmp_path, monkeypatch, competitions=[held]) as here, pytest.raises(kind):
        here.client.competitions.submit_file(CSV, tmp_path / "csv" / "sample_submission.csv", "x")


def test_the_daily_limit_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        file = tmp_path / "csv" / "sample_submission.csv"
        for number in range(3):
            here.client.competitions.submit_file(CSV, file, f"number {number}")
        with pytest.raises(errors.LimitReached, match="daily"):
            here.client.competitions.submit_file(CSV, file, "one too many")
        assert len(here.calls("submission")) == 3


# --- kernels ---------------------------------------------------------------------------------------------


def test_push_status_log_output_submit_delete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        kernels = here.client.kernels
        assert kernels.info(KERNEL) is None
        ref = push(here, tmp_path)
        assert ref == KERNEL.at(1)
        assert finish(here, ref) is KernelState.COMPLETE
        assert [line.text for line in kernels.log(ref)] == ["hello\n"]
        assert [line.text for line in kernels.follow(ref)] == ["hello\n"]
        assert [file.name for file in kernels.outputs(ref)] == ["submission.csv"]
        info = kernels.info(ref)
        assert info is not None
        assert (info.version, info.sources["competition"]) == (1, (CODE,))
        submission = here.client.competitions.submit_kernel(CODE, ref, "submission.csv", "code")
        done = wait_for(lambda: here.client.competitions.submission(CODE, submission.ref), until=lambda s: s.final)
        assert done.scored
        kernels.delete(ref)
        assert kernels.info(ref) is None
        kernels.delete(ref)


def test_an_error_in_a_200_answer_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: the official command line exits with 0."""
    with seam(tmp_path, monkeypatch, Fault(on="SaveKernel", kind="answer")) as here:
        with pytest.raises(errors.Capacity, match="session count of 2"):
            push(here, tmp_path)
        assert push(here, tmp_path).version == 1


@pytest.mark.parametrize(
    ("field", "name", "kind"),
    [
        ("dataset_sources", "ann/missing-wheels", "dataset"),
        ("competition_sources", "no-such-competition", "competition"),
        ("kernel_sources", "ann/no-such-kernel", "kernel"),
        ("model_sources", "ann/no/pyTorch/small/1", "model"),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
def test_dropped_sources_are_an_error_even_when_the_answer_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, name: str, kind: str, lost: bool
) -> None:
    """P2: of models the official client says nothing at all."""
    faults = [Fault(on="SaveKernel", kind="cut_answer")] if lost else []
    with seam(tmp_path, monkeypatch, *faults) as here:
        with pytest.raises(errors.SourcesDropped, match=name) as caught:
            push(here, tmp_path, **{field: [name]})
        assert caught.value.dropped == {kind: (name,)}
        assert caught.value.version == 1
        assert "Version 1 exists" in str(caught.value)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("method", ["SaveKernel", "GetKernel"])
def test_whatever_gets_lost_there_is_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, kind: str, times: int
) -> None:
    with seam(tmp_path, monkeypatch, Fault(on=method, kind=kind, times=times)) as here:
        made = []
        with unsure(method == "SaveKernel" and kind in NEVER_MADE):
            made.append(push(here, tmp_path).version)
        assert [version["number"] for version in here.calls("version")] == made


def test_status_is_that_of_the_version_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P5: the official command line of 2.2.4 drops the version."""
    with seam(tmp_path, monkeypatch) as here:
        first = push(here, tmp_path)
        finish(here, first)
        second = push(here, tmp_path, "fail out of memory\n")
        assert second.version == 2
        finish(here, second)
        assert here.client.kernels.status(first).state is KernelState.COMPLETE
        failed = here.client.kernels.status(second)
        assert (failed.state, failed.failure) == (KernelState.ERROR, "out of memory")
        assert len(here.client.kernels.outputs(first)) == 1
        with pytest.raises(errors.NotFound):
            here.client.kernels.status(first.at(9))


@pytest.mark.parametrize("state", list(KernelState))
def test_every_status_in_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: KernelState) -> None:
    camel = "".join(part.title() for part in state.name.split("_"))
    spellings = [state.name, state.name.lower(), camel[0].lower() + camel[1:]]
    spoken = Fault(on="GetKernelSessionStatus", kind="statuses", times=None, parameters={"values": spellings})
    with seam(tmp_path, monkeypatch, spoken) as here:
        ref = push(here, tmp_path)
        assert [here.client.kernels.status(ref).state for _ in spellings] == [state] * 3


def test_the_log_is_followed_and_masked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = f"print one\nuntil {tmp_path / 'gate'}\nprint token KGAT_abcdef and {KEY}\nprint three\n"
    cut = Fault(on="LOG", kind="cut_answer", parameters={"after_bytes": 90})
    with seam(tmp_path, monkeypatch, cut) as here:
        ref = push(here, tmp_path, source)
        lines = []
        for line in here.client.kernels.follow(ref):
            lines.append(line.text)
            (tmp_path / "gate").touch()
        assert lines == ["one\n", "token KGAT_*** and ***\n", "three\n"]


def test_output_of_three_pages_is_fetched_whole_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P9: pages to the end, checksums, a folder that appears whole."""
    contents = {"a.txt": "alpha", "models/b.txt": "beta"}
    manifest = {"files": {name: entry(text) for name, text in contents.items()}}
    source = "".join(f"write {name} {text}\n" for name, text in contents.items())
    source += f"write manifest.json {json.dumps(manifest)}\n"
    paged = Fault(on="ListKernelSessionOutput", kind="page_size", times=None)
    with seam(tmp_path, monkeypatch, paged, Fault(on="GET", kind="cut_answer", parameters={"after_bytes": 2})) as here:
        ref = push(here, tmp_path, source)
        finish(here, ref)
        out = tmp_path / "out"
        out.mkdir()
        (out / "a.txt").write_text("stale, and newer than what is on Kaggle")
        output = fetch(here.client, ref, out)
        assert sorted(output.files) == ["a.txt", "manifest.json", "models/b.txt"]
        assert {name: (out / name).read_text() for name in contents} == contents
        assert output.manifest == manifest


def entry(text: str) -> dict[str, Any]:
    return {"bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ({"files": {"a.txt": entry("other")}}, "checksum"),
        ({"files": {"a.txt": entry("longer")}}, "has 5 bytes, expected 6"),
        ({"files": {"gone.csv": entry("x")}}, "gone.csv is missing"),
        ({"files": ["a.txt"]}, "did not finish"),
    ],
)
def test_output_that_is_not_as_the_kernel_wrote_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manifest: Any, complaint: str
) -> None:
    with seam(tmp_path, monkeypatch) as here:
        ref = push(here, tmp_path, f"write a.txt alpha\nwrite manifest.json {json.dumps(manifest)}\n")
        finish(here, ref)
        with pytest.raises(errors.Damaged, match=complaint):
            fetch(here.client, ref, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []


def test_a_404_is_no_output_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official client of 2.2.4 saves the page of the error as the file."""
    gone = Fault(on="GET", kind="error", times=None, parameters={"code": 404, "message": "gone"})
    with seam(tmp_path, monkeypatch, gone) as here:
        ref = push(here, tmp_path)
        finish(here, ref)
        with pytest.raises(errors.NotFound, match="gone"):
            fetch(here.client, ref, tmp_path / "out")


@pytest.mark.parametrize("name", ["../escape", "/etc/escape", "a/../../escape"])
def test_output_names_cannot_escape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    listing = {"files": [{"url": "http://localhost/x", "fileName": name}], "log": "[]", "nextPageToken": ""}
    evil = Fault(on="ListKernelSessionOutput", kind="answer", times=None, parameters={"answer": listing})
    with seam(tmp_path, monkeypatch, evil) as here, pytest.raises(Exception, match="unsafe file name"):
        fetch(here.client, KERNEL.at(1), tmp_path / "out")


def test_a_listing_in_a_circle_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = {"files": [], "log": "", "nextPageToken": "again"}
    circle = Fault(on="ListKernelSessionOutput", kind="answer", times=None, parameters={"answer": listing})
    with seam(tmp_path, monkeypatch, circle) as here, pytest.raises(errors.Damaged, match="circle"):
        here.client.kernels.outputs(KERNEL)


def test_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        quota = here.client.kernels.gpu_quota()
        assert quota is not None
        assert (quota.left.total_seconds(), quota.allowed.total_seconds()) == (30 * 3600, 30 * 3600)


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [(None, "cannot be read"), ("{", "as JSON"), ("[]", "JSON object"), ('{"title": "x"}', "owner/slug")],
)
def test_a_folder_that_is_no_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, metadata: str | None, complaint: str
) -> None:
    if metadata is not None:
        (tmp_path / "kernel-metadata.json").write_text(metadata)
    with seam(tmp_path, monkeypatch) as here, pytest.raises(KitError, match=complaint):
        here.client.kernels.push(tmp_path)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"title": "abc", "id": f"{USER}/abc-abc"}, "five characters"),
        ({"code_file": "gone.py"}, "Source file not found"),
        ({"language": "cobol"}, "valid language"),
        ({"machine_shape": 7}, "must be of type str"),
    ],
)
def test_what_the_client_itself_refuses_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], complaint: str
) -> None:
    with seam(tmp_path, monkeypatch) as here:
        with pytest.raises(errors.Invalid, match=complaint):
            push(here, tmp_path, **fields)
        assert here.hourglass.slept == []
        assert here.calls("version") == []


@pytest.mark.parametrize("seconds", [7, None])
def test_slowing_down_is_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int | None) -> None:
    """P15, for a call that may be repeated and for one that may not."""
    asked = {} if seconds is None else {"retry_after": seconds}
    faults = [Fault(on=method, kind="rate_limited", parameters=asked) for method in ("SaveKernel", "GetCompetition")]
    with seam(tmp_path, monkeypatch, *faults) as here:
        here.client.competitions.info(CSV)
        push(here, tmp_path)
        assert here.hourglass.slept == [seconds or 0.75] * 2
        assert all("slow down" in line for line in here.messages)


def test_trouble_that_stays_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Callable[[Seam], object]] = [
        lambda here: here.client.competitions.info(CSV),
        lambda here: here.client.competitions.files(CSV),
    ]
    for kind in ("html", "cut_answer"):
        faults = [Fault(on=method, kind=kind, times=None) for method in ("GetCompetition", "ListDataFiles")]
        with seam(tmp_path / kind, monkeypatch, *faults) as here:
            for call in calls:
                with pytest.raises(errors.Transient) as caught:
                    call(here)
                assert "\n" not in str(caught.value)
                assert KEY not in str(caught.value)
            assert len(here.hourglass.slept) == 10


def test_no_server_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    client = connect("http://localhost:9", username=USER, key=KEY, retry=Retry(attempts=2, clock=Hourglass().clock))
    with pytest.raises(errors.Transient, match="no connection to localhost"):
        client.competitions.info(CSV)


def test_a_user_may_still_import_kaggle_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        here.client.competitions.info(CSV)
        with contextlib.redirect_stdout(None):
            import kaggle
        assert hasattr(kaggle.api, "kernels_push")
