"""The rules of the stand-in, over plain HTTP."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from stand_in_world import KEY, USER, Post, echo, hosted, save_kernel, wait_for, write_data

from common.errors import SettingError
from common.rehearsal.stand_in.accounts import Accounts
from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Sources

STATUS = "kernels/GetKernelSessionStatus"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


# Server


def test_it_listens_on_loopback_only(server: StandIn) -> None:
    port = int(server.url.rpartition(":")[2])
    listening = [each for each in psutil.Process().net_connections() if each.status == psutil.CONN_LISTEN]
    assert {each.laddr.ip for each in listening if each.laddr.port == port} == {"127.0.0.1"}


def test_port_that_is_taken(server: StandIn, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(SettingError, match=f"port {port} is not available"), StandIn(tmp_path / "other", port=port):
        pass


def test_unknown_method_and_route(post: Post, server: StandIn) -> None:
    assert post.refused("kernels/Nonsense")[0] == 404
    assert post.session.get(f"{server.url}/", timeout=20).json()["code"] == 404


def test_body_that_is_no_json_object(post: Post, server: StandIn) -> None:
    url = f"{server.url}/api/v1/kernels.KernelsApiService/SaveKernel"
    for body in ("{", "[1]", '"x"'):
        assert post.session.post(url, data=body, timeout=20).status_code == 400


# Accounts


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"dummy:").decode(), "Bearer badtoken", "Digest x"],
)
def test_wrong_credentials(server: StandIn, header: str) -> None:
    url = f"{server.url}/api/v1/kernels.KernelsApiService/GetAcceleratorQuotaStatistics"
    answer = requests.post(url, json={}, headers={"Authorization": header} if header else {}, timeout=20)
    assert (answer.status_code, answer.json()["message"]) == (401, "Unauthenticated")


def test_tokens(tmp_path: Path) -> None:
    accounts = Accounts(keys={USER: KEY}, tokens={"KGAT_right": "someone"})
    with StandIn(tmp_path, accounts=accounts) as server:
        post = Post(server)
        assert post.ok("security/IntrospectToken", **{"token": "KGAT_right"})["username"] == "someone"
        assert post.refused("security/IntrospectToken", **{"token": "KGAT_other"}) == (400, "bad token")
        post.session.auth = (USER, "another key")
        assert post.refused("kernels/GetAcceleratorQuotaStatistics")[0] == 401
        post.session.auth = None
        post.session.headers["Authorization"] = "Bearer KGAT_right"
        assert post.ok("kernels/GetAcceleratorQuotaStatistics")["gpuQuota"]["totalTimeAllowed"] == "108000s"


# Kernels


def test_source_size(post: Post) -> None:
    post.run("#" * 999_999)
    post.push("#" * 2**20)
    code, text = post.refused("kernels/SaveKernel", **save_kernel("#" * (2**20 + 1)))
    assert (code, text) == (400, "The kernel source must be less than 1 megabytes in size.")


@pytest.mark.parametrize(
    "wrong",
    [
        {"newTitle": "four"},
        {"newTitle": "x" * 51},
        {"slug": f"{USER}/abc"},
        {"slug": f"{USER}/Under_score"},
        {"language": "cobol"},
        {"kernelType": "spreadsheet"},
        {"machineShape": "NvidiaTeslaK80"},
    ],
)
def test_forms_that_are_refused(post: Post, wrong: dict[str, Any]) -> None:
    assert post.refused("kernels/SaveKernel", **{**save_kernel(), **wrong})[0] == 400


def test_somebody_elses_kernel(post: Post, server: StandIn) -> None:
    assert post.refused("kernels/SaveKernel", **save_kernel(slug="other/toy-kernel"))[0] == 403
    post.run()
    other = Post(server, user="other")
    denied = other.refused(STATUS, userName=USER, kernelSlug="toy-kernel")
    assert denied == (403, "Permission 'kernels.get' was denied")
    assert denied == post.refused(STATUS, userName=USER, kernelSlug="no-such-kernel")


def test_title_that_does_not_fit_the_slug_makes_another_kernel(post: Post) -> None:
    assert post.push(title="Title A", slug=f"{USER}/something-else")["ref"] == f"/code/{USER}/title-a"
    again = post.push(title="Title of another sort", slug=f"{USER}/title-a")
    assert (again["ref"], again["versionNumber"]) == (f"/code/{USER}/title-a", 2)


def test_kernel_type_cannot_change(post: Post) -> None:
    post.push()
    assert post.refused("kernels/SaveKernel", **save_kernel(kernelType="notebook"))[0] == 400


def test_each_source_that_does_not_exist_is_named_and_dropped(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    model = f"{USER}/deberta/pyTorch/small/1"
    sources = Sources(datasets={"someone/wheels": weights}, models={model: weights})
    with StandIn(tmp_path / "state", [hosted(tmp_path / "data")], runner=echo, sources=sources) as server:
        post = Post(server)
        post.run(title="Other kernel")
        answer = post.run(
            "inputs",
            datasetDataSources=["someone/wheels", "someone/wheels/1", "someone/wheels/2", "someone/missing"],
            competitionDataSources=["toy-csv", "toy-missing"],
            kernelDataSources=[f"{USER}/other-kernel", f"{USER}/missing"],
            modelDataSources=[model, f"{USER}/deberta/pyTorch/small/2"],
        )
        assert answer["invalidDatasetSources"] == ["someone/wheels/2", "someone/missing"]
        assert answer["invalidCompetitionSources"] == ["toy-missing"]
        assert answer["invalidKernelSources"] == [f"{USER}/missing"]
        assert answer["invalidModelSources"] == [f"{USER}/deberta/pyTorch/small/2"]
        files = post.ok("kernels/ListKernelSessionOutput", userName=USER, kernelSlug="toy-kernel")["files"]
        mounted = requests.get(files[0]["url"], timeout=20).json()
        assert mounted == {
            "wheels": True,
            "competitions/toy-csv": True,
            "other-kernel": True,
            "deberta/pytorch/small/1": True,
        }
        pulled = post.ok("kernels/GetKernel", userName=USER, kernelSlug="toy-kernel")["metadata"]
        assert pulled["modelDataSources"] == [model]
        assert pulled["datasetDataSources"] == ["someone/wheels", "someone/wheels/1"]


def test_gpu_session_cap(post: Post) -> None:
    for title in ("First kernel", "Second kernel"):
        post.push("wait 60", title=title, enableGpu=True)
    full = {"error": "Maximum batch GPU session count of 2 reached."}
    assert post.push(title="Third kernel", enableGpu=True) == full
    assert post.push(title="Third kernel", machineShape="NvidiaTeslaP100") == full  # retired: it is a T4 now
    assert "error" not in post.push(title="Third kernel")
    post.ok("kernels/DeleteKernel", userName=USER, kernelSlug="first-kernel")
    assert post.push(title="Fourth kernel", enableGpu=True)["versionNumber"] == 1


def test_gpu_quota(tmp_path: Path, clock: Clock) -> None:
    with StandIn(tmp_path, runner=echo, clock=clock) as server:
        post = Post(server)
        post.push("wait 60", title="Long kernel", enableGpu=True)
        wait_for(lambda: post.status("long-kernel"), until=lambda status: status == "RUNNING")
        clock.now += timedelta(hours=30)
        quota = post.ok("kernels/GetAcceleratorQuotaStatistics")
        assert quota["gpuQuota"]["timeUsed"] == "108000s"
        assert quota["quotaRefreshTime"] == "2026-11-28T00:00:00.000Z"
        assert "quota of 30 hours" in post.push(title="Next kernel", enableGpu=True)["error"]
        assert "error" not in post.push(title="Next kernel")
        clock.now = datetime(2026, 11, 28, 1, tzinfo=UTC)
        assert "error" not in post.push(title="Next kernel", enableGpu=True)


def test_status_of_versions(post: Post) -> None:
    post.run("fail out of memory")
    answer = post.ok(STATUS, userName=USER, kernelSlug="toy-kernel")
    assert answer == {"status": "ERROR", "failureMessage": "out of memory"}
    post.run("print fine")
    assert (post.status(), post.status(versionLabel="v1"), post.status(versionLabel="v2")) == (
        "COMPLETE",
        "ERROR",
        "COMPLETE",
    )
    assert post.refused(STATUS, userName=USER, kernelSlug="toy-kernel", versionLabel="v3")[0] == 404
    post.push(kernelExecutionType="QUICK_SAVE")
    assert post.status() == "NEW_SCRIPT"


def test_runner_that_breaks_ends_the_session(post: Post) -> None:
    post.run("break everything")
    answer = post.ok(STATUS, userName=USER, kernelSlug="toy-kernel")
    assert answer == {"status": "ERROR", "failureMessage": "The session failed: everything"}


def test_output_pages(post: Post) -> None:
    post.run("\n".join(f"write {number:02}.txt {number}" for number in range(45)))
    names: list[str] = []
    token = ""
    for _ in range(3):
        page = post.ok(
            "kernels/ListKernelSessionOutput", userName=USER, kernelSlug="toy-kernel", pageSize=20, pageToken=token
        )
        names += [file["fileName"] for file in page["files"]]
        token = page["nextPageToken"]
    assert names == [f"{number:02}.txt" for number in range(45)]
    assert token == ""
    assert requests.get(page["files"][-1]["url"], timeout=20).text == "44"


def test_output_is_cut_after_500_files(post: Post) -> None:
    post.run("\n".join(f"write {number:03}.txt x" for number in range(502)))
    listed = post.ok("kernels/ListKernelFiles", userName=USER, kernelSlug="toy-kernel", pageSize=1000)["files"]
    assert [listed[0]["name"], listed[-1]["name"], len(listed)] == ["000.txt", "499.txt", 500]


def test_log_while_running_and_after(post: Post, server: StandIn, tmp_path: Path) -> None:
    url = f"{server.url}/api/v1/kernels/logs/stream/{USER}/toy-kernel"
    post.push(f"print one\nuntil {tmp_path / 'gate'}\nprint two")
    wait_for(post.status, until=lambda status: status == "RUNNING")
    assert post.ok("kernels/ListKernelSessionOutput", userName=USER, kernelSlug="toy-kernel")["log"] == ""
    with post.session.get(url, timeout=20, stream=True) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines(decode_unicode=True)
        first = next(lines)
        (tmp_path / "gate").touch()
        *events, end = [line.removeprefix("data: ") for line in (first, *lines) if line]
    assert [json.loads(event)["data"] for event in events] == ["one\n", "two\n"]
    assert end == "END_OF_LOG"
    wait_for(post.status, until=lambda status: status == "COMPLETE")
    done = post.session.get(url, timeout=20)
    assert [entry["data"] for entry in done.json()] == ["one\n", "two\n"]


def test_delete_stops_and_forgets(post: Post, server: StandIn) -> None:
    post.push("wait 60")
    wait_for(post.status, until=lambda status: status == "RUNNING")
    post.ok("kernels/DeleteKernel", userName=USER, kernelSlug="toy-kernel")
    assert post.refused(STATUS, userName=USER, kernelSlug="toy-kernel")[0] == 403
    assert post.run("write new.txt 1")["versionNumber"] == 1
    output = post.ok("kernels/ListKernelFiles", userName=USER, kernelSlug="toy-kernel")
    assert [file["name"] for file in output["files"]] == ["new.txt"]


# Competitions


def test_rules_not_accepted(tmp_path: Path) -> None:
    with StandIn(tmp_path / "state", [hosted(tmp_path / "data", rules_accepted=False)], runner=echo) as server:
        post = Post(server)
        for method in ("ListDataFiles", "DownloadDataFiles"):
            code, text = post.refused(f"competitions/{method}", competitionName="toy-csv")
            assert (code, "accept this competition's rules" in text) == (403, True)
        start = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": 1}
        assert post.refused("competitions/StartSubmissionUpload", **start)[0] == 403
        assert post.ok("competitions/GetCompetition", competitionName="toy-csv")["userHasEntered"] is False
        assert post.push(competitionDataSources=["toy-csv"])["invalidCompetitionSources"] == ["toy-csv"]


def test_unknown_competition(post: Post) -> None:
    assert post.refused("competitions/GetCompetition", competitionName="toy-nothing")[0] == 404
    start = {"competitionName": "toy-nothing", "fileName": "s.csv", "contentLength": 1}
    assert post.refused("competitions/StartSubmissionUpload", **start)[0] == 403


def test_deadline_and_disabled_submissions(tmp_path: Path, clock: Clock) -> None:
    data = write_data(tmp_path / "data")
    start = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": 1}
    with StandIn(tmp_path / "a", [hosted(data, deadline=clock.now)], clock=clock) as server:
        post = Post(server)
        token = post.upload(b"x", competitionName="toy-csv", fileName="s.csv")
        clock.now += timedelta(seconds=1)
        create = {"competitionName": "toy-csv", "blobFileTokens": token}
        assert "deadline" in post.refused("competitions/CreateSubmission", **create)[1]
        assert (
            post.ok("competitions/GetCompetition", competitionName="toy-csv")["deadline"] == "2026-11-25T12:00:00.000Z"
        )
    with StandIn(tmp_path / "b", [hosted(data, submissions_disabled=True)]) as server:
        assert "disabled" in Post(server).refused("competitions/StartSubmissionUpload", **start)[1]


def test_daily_limit(tmp_path: Path, clock: Clock) -> None:
    data = write_data(tmp_path / "data")
    with StandIn(tmp_path / "state", [hosted(data)], clock=clock) as server:
        post = Post(server)
        for _ in range(3):
            assert post.submit(data / "sample_submission.csv")["status"] == "COMPLETE"
        limits = post.ok("competitions/GetSubmissionLimits", competitionName="toy-csv")
        assert limits == {"numToday": 3, "numTotal": 3, "numAllowedNow": 0, "limitedByTotal": False}
        start = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": 1}
        assert "daily submission allowance (3)" in post.refused("competitions/StartSubmissionUpload", **start)[1]
        clock.now += timedelta(hours=12)
        limits = post.ok("competitions/GetSubmissionLimits", competitionName="toy-csv")
        assert (limits["numToday"], limits["numTotal"], limits["numAllowedNow"]) == (0, 3, 3)
        assert (
            Post(server, user="other").ok("competitions/GetSubmissionLimits", competitionName="toy-csv")["numTotal"]
            == 0
        )


def test_code_competition_takes_no_csv(post: Post, tmp_path: Path) -> None:
    token = post.upload(b"id,score\n", competitionName="toy-kernel", fileName="submission.csv")
    code, text = post.refused("competitions/CreateSubmission", competitionName="toy-kernel", blobFileTokens=token)
    assert (code, text) == (400, "This competition only accepts submissions from notebooks.")
    assert post.ok("competitions/ListSubmissions", competitionName="toy-kernel")["submissions"] == []


def test_code_submission(post: Post) -> None:
    post.run("predict 0.5", competitionDataSources=["toy-kernel"])
    request = {
        "competitionName": "toy-kernel",
        "kernelOwner": USER,
        "kernelSlug": "toy-kernel",
        "kernelVersion": 1,
        "fileName": "submission.csv",
        "submissionDescription": "half",
    }
    ref = post.ok("competitions/CreateCodeSubmission", **request)["ref"]
    graded = post.graded(ref)
    assert (graded["status"], graded["description"]) == ("COMPLETE", "half"), graded
    assert 0 < float(graded["publicScore"]) < 1
    board = post.ok("competitions/GetLeaderboard", competitionName="toy-kernel")["submissions"]
    assert [row["score"] for row in board if row["teamName"] == USER] == [graded["publicScore"]]


@pytest.mark.parametrize(
    ("source", "changes", "code"),
    [
        ("predict 0.5", {"kernelVersion": 2}, 404),
        ("predict 0.5", {"kernelSlug": "another"}, 404),
        ("predict 0.5", {"fileName": "other.csv"}, 400),
        ("predict 0.5", {"competitionName": "toy-csv"}, 400),
        ("print nothing written", {}, 400),
        ("predict 0.5\nfail late", {}, 400),
    ],
)
def test_code_submissions_that_are_refused(post: Post, source: str, changes: dict[str, Any], code: int) -> None:
    post.run(source, competitionDataSources=["toy-kernel"])
    request = {"competitionName": "toy-kernel", "kernelOwner": USER, "kernelSlug": "toy-kernel", "kernelVersion": 1}
    refusal = post.refused("competitions/CreateCodeSubmission", **{**request, "fileName": "submission.csv", **changes})
    assert refusal[0] == code
    assert post.ok("competitions/GetSubmissionLimits", competitionName="toy-kernel")["numTotal"] == 0


def test_code_submission_with_internet_is_refused(post: Post) -> None:
    post.run("predict 0.5", competitionDataSources=["toy-kernel"], enableInternet=True)
    request = {"competitionName": "toy-kernel", "kernelOwner": USER, "kernelSlug": "toy-kernel", "kernelVersion": 1}
    assert "Internet" in post.refused("competitions/CreateCodeSubmission", **request, fileName="submission.csv")[1]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("predict 0.5\nrerun-fails", "Notebook Threw Exception: no such column"),
        ("write submission.csv x", "Evaluation Exception: "),
    ],
)
def test_hidden_rerun_that_fails(post: Post, source: str, reason: str) -> None:
    post.run(source, competitionDataSources=["toy-kernel"])
    request = {"competitionName": "toy-kernel", "kernelOwner": USER, "kernelSlug": "toy-kernel", "kernelVersion": 1}
    graded = post.graded(post.ok("competitions/CreateCodeSubmission", **request, fileName="submission.csv")["ref"])
    assert graded["status"] == "ERROR"
    assert graded["errorDescription"].startswith(reason)


def test_upload_token_is_good_for_one_submission(post: Post, tmp_path: Path) -> None:
    file = tmp_path / "csv" / "sample_submission.csv"
    token = post.upload(file.read_bytes(), competitionName="toy-csv", fileName="submission.csv")
    create = {"competitionName": "toy-csv", "blobFileTokens": token}
    post.graded(post.ok("competitions/CreateSubmission", **create)["ref"])
    assert post.refused("competitions/CreateSubmission", **create)[0] == 400
    assert post.ok("competitions/GetSubmissionLimits", competitionName="toy-csv")["numTotal"] == 1


def test_requests_at_the_same_time_do_not_share_the_last_submission(post: Post, tmp_path: Path) -> None:
    data = (tmp_path / "csv" / "sample_submission.csv").read_bytes()
    tokens = [post.upload(data, competitionName="toy-csv", fileName="s.csv") for _ in range(6)]

    def create(token: str) -> int:
        return post("competitions/CreateSubmission", competitionName="toy-csv", blobFileTokens=token).status_code

    with ThreadPoolExecutor(12) as pool:
        codes = list(pool.map(create, tokens * 2))
    assert sorted(codes) == [200] * 3 + [400] * 9
    assert post.ok("competitions/GetSubmissionLimits", competitionName="toy-csv")["numTotal"] == 3


def test_submissions_are_listed_newest_first_in_pages(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    with StandIn(tmp_path / "state", [hosted(data)]) as server:
        post = Post(server)
        refs = [post.submit(data / "sample_submission.csv")["ref"] for _ in range(3)]
        first = post.ok("competitions/ListSubmissions", competitionName="toy-csv", page=1, pageSize=2)
        assert [item["ref"] for item in first["submissions"]] == [refs[2], refs[1]]
        second = post.ok(
            "competitions/ListSubmissions", competitionName="toy-csv", pageSize=2, pageToken=first["nextPageToken"]
        )
        assert ([item["ref"] for item in second["submissions"]], second["nextPageToken"]) == ([refs[0]], "")
        assert Post(server, user="other").refused("competitions/GetSubmission", ref=refs[0])[0] == 404


# Datasets


def test_dataset_is_processed_before_it_can_be_used(tmp_path: Path, clock: Clock) -> None:
    with StandIn(tmp_path, runner=echo, clock=clock, dataset_processing=timedelta(minutes=5)) as server:
        post = Post(server)
        names = {"ownerSlug": USER, "datasetSlug": "my-wheels"}
        create = {
            "ownerSlug": USER,
            "slug": "my-wheels",
            "title": "My wheels",
            "licenseName": "CC0-1.0",
            "isPrivate": True,
        }

        def blob(text: bytes) -> dict[str, str]:
            return {"token": post.upload(text, "blobs/StartBlobUpload", type="DATASET", name="a.whl")}

        assert post.refused("datasets/GetDatasetStatus", **names)[0] == 404
        assert post.ok("datasets/CreateDataset", **create, files=[blob(b"one")])["status"] == "ok"
        seen = []
        for _ in range(6):
            seen.append(post.ok("datasets/GetDatasetStatus", **names)["status"])
            clock.now += timedelta(minutes=1)
        assert seen[0] == "NOT_YET_PERSISTED"
        assert seen[-1] == "READY"
        assert len(set(seen)) == 6
        assert post.ok("datasets/CreateDataset", **create)["error"].endswith("already in use by a dataset.")
        post.ok("datasets/CreateDatasetVersion", **names, body={"versionNotes": "v2", "files": [blob(b"two")]})
        assert post.ok("datasets/GetDataset", **names)["currentVersionNumber"] == 1
        assert post.push(datasetDataSources=[f"{USER}/my-wheels/2"])["invalidDatasetSources"] == [f"{USER}/my-wheels/2"]
        clock.now += timedelta(minutes=5)
        assert post.ok("datasets/GetDataset", **names)["currentVersionNumber"] == 2
        assert post.push(datasetDataSources=[f"{USER}/my-wheels/2"])["invalidDatasetSources"] == []


def test_bad_file_name_fails_in_processing(post: Post) -> None:
    token = post.upload(b"x", "blobs/StartBlobUpload", type="DATASET", name="a@b.whl")
    create = {"ownerSlug": USER, "slug": "my-wheels", "title": "My wheels", "licenseName": "CC0-1.0"}
    assert post.ok("datasets/CreateDataset", **create, files=[{"token": token}])["status"] == "ok"
    names = {"ownerSlug": USER, "datasetSlug": "my-wheels"}
    assert post.ok("datasets/GetDatasetStatus", **names)["status"] == "FAILED"
    assert post.refused("datasets/ListDatasetFiles", **names)[0] == 403


# Restart


def test_restart_goes_on(tmp_path: Path) -> None:
    data = write_data(tmp_path / "data")
    competitions = [hosted(data), hosted(tmp_path / "kernel", "kernel")]
    state = tmp_path / "state"
    with StandIn(state, competitions, runner=echo) as server:
        post = Post(server)
        post.run("predict 0.5", title="Done kernel", competitionDataSources=["toy-kernel"])
        first = post.submit(data / "sample_submission.csv")
        post.push("wait 0.3\nwrite x.txt 1", title="Slow kernel")
        wait_for(lambda: post.status("slow-kernel"), until=lambda status: status == "RUNNING")
    with StandIn(state, competitions, runner=echo) as server:
        post = Post(server)
        assert post.status("done-kernel") == "COMPLETE"
        assert post.ok("competitions/GetSubmission", ref=first["ref"]) == first
        wait_for(lambda: post.status("slow-kernel"), until=lambda status: status == "COMPLETE")
        output = post.ok("kernels/ListKernelSessionOutput", userName=USER, kernelSlug="slow-kernel")
        assert [file["fileName"] for file in output["files"]] == ["x.txt"]
        assert post.submit(data / "sample_submission.csv")["ref"] == first["ref"] + 1
        assert post.push(title="Done kernel")["versionNumber"] == 2


def test_restart_takes_up_a_pending_submission(tmp_path: Path) -> None:
    competitions = [hosted(tmp_path / "kernel", "kernel")]
    state = tmp_path / "state"
    with StandIn(state, competitions, runner=echo) as server:
        post = Post(server)
        post.run("predict 0.5\nwait 0.2", competitionDataSources=["toy-kernel"])
        request = {"competitionName": "toy-kernel", "kernelOwner": USER, "kernelSlug": "toy-kernel", "kernelVersion": 1}
        ref = post.ok("competitions/CreateCodeSubmission", **request, fileName="submission.csv")["ref"]
    with StandIn(state, competitions, runner=echo) as server:
        assert Post(server).graded(ref)["status"] == "COMPLETE"
