"""The faults that other tests play on the stand-in, one by one: what they test is only as good as these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from stand_in_faults import CALLS, KINDS, Fault, Faults, random_faults
from stand_in_world import KEY, USER, Post, echo, hosted, official_api, save_kernel, write_data

from common.rehearsal.stand_in.server import StandIn

Start = Callable[..., Post]
STATUS = ("kernels/GetKernelSessionStatus", {"userName": USER, "kernelSlug": "toy-kernel"})
OUTPUT = ("kernels/ListKernelSessionOutput", {"userName": USER, "kernelSlug": "toy-kernel"})
DROPPED = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a stand-in with these faults."""
    with ExitStack() as stack:

        def started(*faults: Fault) -> Post:
            competitions = [hosted(tmp_path / "csv"), hosted(tmp_path / "kernel", "kernel")]
            server = StandIn(tmp_path / "state", competitions, runner=echo, layer=Faults(*faults))
            return Post(stack.enter_context(server))

        yield started


def _fault(on: str, kind: str, skip: int = 0, times: int | None = 1, **parameters: Any) -> Fault:
    return Fault(on=on, kind=kind, skip=skip, times=times, parameters=parameters)


# Transport


def test_error_strikes_when_its_turn_has_come(start: Start) -> None:
    post = start(_fault("GetCompetition", "error", skip=1, times=2), _fault("GetCompetition", "html", skip=2))
    codes = [post("competitions/GetCompetition", competitionName="toy-csv").status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]


def test_rate_limit(start: Start) -> None:
    post = start(_fault("SaveKernel", "rate_limited", retry_after=7), _fault("SaveKernel", "rate_limited", skip=1))
    first = post("kernels/SaveKernel", **save_kernel())
    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    second = post("kernels/SaveKernel", **save_kernel())
    assert (second.status_code, second.headers.get("Retry-After")) == (429, None)
    assert post.push()["versionNumber"] == 1


def test_html_where_json_is_due(start: Start) -> None:
    post = start(_fault("GetCompetition", "html"))
    answer = post("competitions/GetCompetition", competitionName="toy-csv")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")


def test_lost_answer_of_a_push_that_arrived(start: Start) -> None:
    post = start(_fault("SaveKernel", "cut_answer"))
    with pytest.raises(DROPPED):
        post("kernels/SaveKernel", **save_kernel())
    assert post.ok("kernels/GetKernel", **STATUS[1])["metadata"]["currentVersionNumber"] == 1


def test_cut_request_is_not_processed(start: Start) -> None:
    post = start(_fault("SaveKernel", "cut_request", after_bytes=50))
    with pytest.raises(DROPPED):
        post("kernels/SaveKernel", **save_kernel())
    assert post.refused("kernels/GetKernel", **STATUS[1])[0] == 403


def test_download_cut_in_the_middle_and_resumed(start: Start) -> None:
    post = start(_fault("GET", "cut_answer", after_bytes=100_000))
    text = "0123456789" * 50_000
    post.run(f"write big.txt {text}")
    method, body = OUTPUT
    url = post.ok(method, **body)["files"][0]["url"]
    got = b""
    with pytest.raises(DROPPED), requests.get(url, stream=True, timeout=20) as answer:
        tag = answer.headers["ETag"]
        for chunk in answer.iter_content(1000):
            got += chunk
    assert 0 < len(got) <= 100_000
    rest = requests.get(url, headers={"Range": f"bytes={len(got)}-", "If-Range": tag}, timeout=20)
    assert rest.status_code == 206
    assert (got + rest.content).decode() == text


def test_upload_cut_in_the_middle_and_resumed(start: Start) -> None:
    post = start(_fault("PUT", "cut_request", after_bytes=300_000))
    data = b"x" * 1_000_000
    body = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": len(data)}
    upload = post.ok("competitions/StartSubmissionUpload", **body)
    with pytest.raises(DROPPED):
        requests.put(upload["createUrl"], data=data, timeout=20)
    submit = {"competitionName": "toy-csv", "blobFileTokens": upload["token"]}
    assert post.refused("competitions/CreateSubmission", **submit)[0] == 400
    state = requests.put(upload["createUrl"], headers={"Content-Range": f"bytes */{len(data)}"}, timeout=20)
    assert (state.status_code, state.headers["Range"]) == (308, "bytes=0-299999")
    headers = {"Content-Range": f"bytes 300000-{len(data) - 1}/{len(data)}"}
    assert requests.put(upload["createUrl"], data=data[300_000:], headers=headers, timeout=20).status_code == 200
    assert post.ok("competitions/GetSubmissionLimits", competitionName="toy-csv")["numTotal"] == 0


def test_refused_upload(start: Start) -> None:
    post = start(_fault("PUT", "error", code=403, message="refused"))
    body = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": 1}
    url = post.ok("competitions/StartSubmissionUpload", **body)["createUrl"]
    assert requests.put(url, data=b"x", timeout=20).status_code == 403
    assert requests.put(url, data=b"x", timeout=20).status_code == 200


@pytest.mark.slow
def test_slow_answer(start: Start) -> None:
    post = start(_fault("GetCompetition", "slow", seconds=30))
    url = f"{post.base}/api/v1/competitions.CompetitionApiService/GetCompetition"
    with pytest.raises(requests.Timeout):
        post.session.post(url, json={"competitionName": "toy-csv"}, timeout=0.2)


# Content


def test_error_in_an_answer_of_200(start: Start) -> None:
    post = start(_fault("SaveKernel", "answer"))
    assert post.push() == {"error": "Maximum batch GPU session count of 2 reached."}
    assert post.push()["versionNumber"] == 1


@pytest.mark.parametrize(
    ("field", "invalid", "source"),
    [
        ("competitionDataSources", "invalidCompetitionSources", "toy-csv"),
        ("kernelDataSources", "invalidKernelSources", f"{USER}/other-kernel"),
        ("datasetDataSources", "invalidDatasetSources", "a/b"),
        ("modelDataSources", "invalidModelSources", "a/b/c/d/1"),
    ],
)
def test_sources_that_are_lost(start: Start, field: str, invalid: str, source: str) -> None:
    post = start(_fault("SaveKernel", "drop_sources", skip=1, field=field))
    post.run(title="Other kernel")
    answer = post.push(**{field: [source]})
    assert answer[invalid] == [source]
    assert post.ok("kernels/GetKernel", **STATUS[1])["metadata"][field] == []


def test_status_of_the_old_version_first(start: Start) -> None:
    values = ["COMPLETE", "QUEUED", "RUNNING"]
    post = start(_fault("GetKernelSessionStatus", "statuses", times=3, values=values))
    post.push("fail at once")
    assert [post.status() for _ in range(3)] == values
    assert post.status() in ("QUEUED", "RUNNING", "ERROR")


def test_dataset_that_never_becomes_ready(start: Start) -> None:
    post = start(_fault("GetDatasetStatus", "statuses", times=None, values=["NOT_YET_PERSISTED"]))
    names = {"ownerSlug": USER, "datasetSlug": "my-wheels"}
    assert post.refused("datasets/GetDatasetStatus", **names)[0] == 404  # the client creates only what is not there
    create = {"ownerSlug": USER, "slug": "my-wheels", "title": "My wheels", "licenseName": "CC0-1.0"}
    post.ok("datasets/CreateDataset", **create)
    statuses = {post.ok("datasets/GetDatasetStatus", **names)["status"] for _ in range(5)}
    assert statuses == {"NOT_YET_PERSISTED"}


def test_small_pages_and_a_missing_file(start: Start) -> None:
    post = start(
        _fault("ListKernelSessionOutput", "page_size", times=3, size=1),
        _fault("ListKernelSessionOutput", "missing_file", skip=3),
    )
    post.run("write a.txt 1\nwrite b.txt 2\nwrite submission.csv 3")
    method, body = OUTPUT
    tokens = [post.ok(method, **body, pageToken=str(index))["nextPageToken"] for index in range(3)]
    assert tokens == ["1", "2", ""]
    assert [file["fileName"] for file in post.ok(method, **body)["files"]] == ["a.txt", "b.txt"]
    assert len(post.ok(method, **body)["files"]) == 3


def test_complete_without_a_score(start: Start, tmp_path: Path) -> None:
    post = start(
        _fault("GetSubmission", "unscored", times=None, reason="Notebook Timeout"),
        _fault("ListSubmissions", "unscored", times=None),
    )
    graded = post.submit(write_data(tmp_path / "data") / "sample_submission.csv")
    assert (graded["status"], graded["publicScore"], graded["errorDescription"]) == ("COMPLETE", "", "Notebook Timeout")
    listed = post.ok("competitions/ListSubmissions", competitionName="toy-csv")["submissions"]
    assert [(item["status"], item["publicScore"]) for item in listed] == [("COMPLETE", "")]


@pytest.mark.slow
def test_official_client_resumes_a_cut_download(start: Start, client_environment: Path, tmp_path: Path) -> None:
    post = start(_fault("GET", "cut_answer", after_bytes=500))
    official_api(post.base, key=KEY).competition_download_file("toy-csv", "train.csv", str(tmp_path / "got"))
    assert (tmp_path / "got" / "train.csv").read_bytes() == (tmp_path / "csv" / "train.csv").read_bytes()


# At random


def test_a_seed_gives_the_same_faults_and_all_kinds_are_drawn() -> None:
    assert random_faults(3) == random_faults(3) != random_faults(4)
    assert {fault.kind for seed in range(500) for fault in random_faults(seed)} == set(KINDS)


@pytest.mark.parametrize("wrong", [{"on": "SaveKernels"}, {"parameters": {"second": 1}}])
def test_a_misspelt_fault_fails_its_test(wrong: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="unknown"):
        Fault(**{"on": "SaveKernel", "kind": "slow", **wrong})


def test_every_call_is_one_of_the_stand_ins(post: Post) -> None:
    for name in CALLS:
        answers = [post(f"{service}/{name}").text for service in ("kernels", "competitions", "datasets", "blobs")]
        assert sum("has no method" in answer for answer in answers) == 3, name
