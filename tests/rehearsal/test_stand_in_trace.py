"""Every request that the official command line makes, replayed in its order; its own classes read the answers."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from stand_in_world import USER, Post, echo, toy, wait_for, write_data

from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Hosted, Sources

SLUG = "us-patent-phrase-to-phrase-matching"
MODEL = f"{USER}/deberta/pyTorch/small/1"
KERNEL = {"userName": USER, "kernelSlug": "uspppm-train"}
PAGE = {"pageSize": 20, "pageToken": ""}
COMPETITION = {"competitionName": SLUG}
DATASET = {"ownerSlug": USER, "datasetSlug": "my-wheels"}
SUBMITTED = {**COMPETITION, "kernelOwner": USER, "kernelSlug": "uspppm-infer", "fileName": "submission.csv"}


def _push(slug: str, title: str, text: str = "predict 0.5", **fields: Any) -> dict[str, Any]:
    body = {"slug": f"{USER}/{slug}", "newTitle": title, "text": text, "language": "python", "kernelType": "script"}
    return {**body, "isPrivate": True, "enableGpu": False, "enableInternet": True, "enableTpu": False, **fields}


FULL = {
    "datasetDataSources": ["dummy/wheels"],
    "kernelDataSources": ["dummy/other-kernel"],
    "competitionDataSources": [SLUG],
    "categoryIds": ["gpu"],
    "enableGpu": True,
    "enableInternet": False,
    "dockerImagePinningType": "original",
    "modelDataSources": [MODEL],
    "machineShape": "NvidiaTeslaT4",
}
BAD = {"datasetDataSources": ["dummy/missing-wheels"], "modelDataSources": ["dummy/missing/pyTorch/small/1"]}
NOTEBOOK = '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": "a=1"}], "nbformat": 4}'

# (command, method, body, fields that the client reads). `WAIT` lets what runs come to its end.
WAIT = ("", "WAIT", {}, ())
REQUESTS: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("push", "kernels/SaveKernel", _push("other-kernel", "Other kernel"), ("ref", "url", "version_number")),
    WAIT,
    ("push", "kernels/SaveKernel", _push("uspppm-train", "USPPPM Train", **FULL), ("ref", "url", "version_number")),
    WAIT,
    (
        "push -t --accelerator",
        "kernels/SaveKernel",
        _push(
            "uspppm-train", "USPPPM Train", **{**FULL, "machineShape": "NvidiaTeslaP100"}, sessionTimeoutSeconds=3600
        ),
        ("ref", "url", "version_number", "kernel_id"),
    ),
    (
        "push with bad sources",
        "kernels/SaveKernel",
        _push("uspppm-train", "A different title", **BAD),
        ("version_number", "invalid_dataset_sources", "invalid_model_sources"),
    ),
    (
        "push --no-run",
        "kernels/SaveKernel",
        _push("uspppm-train", "A different title", **BAD, kernelExecutionType="QUICK_SAVE"),
        ("version_number",),
    ),
    (
        "push notebook",
        "kernels/SaveKernel",
        _push("nb-kernel", "NB kernel", NOTEBOOK, kernelType="notebook"),
        ("ref", "version_number"),
    ),
    WAIT,
    ("status", "kernels/GetKernelSessionStatus", KERNEL, ("status",)),
    ("status /2", "kernels/GetKernelSessionStatus", {**KERNEL, "versionLabel": "v2"}, ("status",)),
    ("output", "kernels/ListKernelSessionOutput", {**KERNEL, **PAGE}, ("log",)),
    ("output /2", "kernels/ListKernelSessionOutput", {**KERNEL, **PAGE, "versionLabel": "v2"}, ("files", "log")),
    ("logs", "kernels/ListKernelSessionOutput", KERNEL, ()),
    ("files", "kernels/ListKernelFiles", {**KERNEL, **PAGE}, ()),
    ("pull", "kernels/GetKernel", KERNEL, ("metadata", "blob")),
    ("quota", "kernels/GetAcceleratorQuotaStatistics", {}, ("quota_refresh_time", "gpu_quota", "tpu_quota")),
    ("competition", "competitions/GetCompetition", COMPETITION, ("title", "is_kernels_submissions_only")),
    ("competition files", "competitions/ListDataFiles", {**COMPETITION, **PAGE}, ("files",)),
    ("push", "kernels/SaveKernel", _push("uspppm-infer", "USPPPM infer", **FULL), ("version_number",)),
    WAIT,
    (
        "submit -k -v",
        "competitions/CreateCodeSubmission",
        {**SUBMITTED, "kernelVersion": 1, "submissionDescription": "code sub"},
        ("message", "ref"),
    ),
    ("limits", "competitions/GetSubmissionLimits", COMPETITION, ("num_today", "num_total", "num_allowed_now")),
    ("--wait", "competitions/GetSubmission", {"ref": 1001}, ("ref", "status")),
    WAIT,
    (
        "submissions",
        "competitions/ListSubmissions",
        {**COMPETITION, "page": 1, "pageToken": ""},
        ("submissions",),
    ),
    ("leaderboard", "competitions/GetLeaderboard", {**COMPETITION, "pageToken": ""}, ("submissions",)),
    (
        "datasets create",
        "datasets/CreateDataset",
        {"ownerSlug": USER, "slug": "my-wheels", "title": "My wheels", "licenseName": "CC0-1.0", "isPrivate": True},
        ("ref", "url", "status"),
    ),
    ("datasets status", "datasets/GetDatasetStatus", DATASET, ("status",)),
    ("datasets version", "datasets/CreateDatasetVersion", {**DATASET, "body": {"versionNotes": "v2"}}, ("status",)),
    ("datasets status --format json", "datasets/GetDataset", DATASET, ("current_version_number",)),
    ("datasets download", "datasets/GetDatasetMetadata", DATASET, ("info",)),
    ("datasets files", "datasets/ListDatasetFiles", DATASET, ()),
    ("kernels delete", "kernels/DeleteKernel", KERNEL, ()),
]
MODULES = {
    "kernels": "kernels.types.kernels_api_service",
    "competitions": "competitions.types.competition_api_service",
    "datasets": "datasets.types.dataset_api_service",
}
RESPONSES = {
    "GetCompetition": "ApiCompetition",
    "GetSubmission": "ApiSubmission",
    "GetSubmissionLimits": "ApiSubmissionLimits",
    "GetDataset": "ApiDataset",
    "CreateDatasetVersion": "ApiCreateDatasetResponse",
}


@pytest.fixture
def patent(tmp_path: Path) -> Iterator[StandIn]:
    weights = tmp_path / "weights"
    weights.mkdir()
    competition = replace(toy("kernel"), slug=SLUG)
    sources = Sources(datasets={"dummy/wheels": weights}, models={MODEL: weights})
    hosted = Hosted(competition=competition, data=write_data(tmp_path / "data"))
    takes_files = Hosted(competition=toy("csv"), data=write_data(tmp_path / "csv"))
    with StandIn(tmp_path / "state", [hosted, takes_files], runner=echo, sources=sources) as running:
        yield running


def _idle(server: StandIn) -> bool:
    kinds = [(kind, item["status"]) for kind in ("session", "submission") for item in server.world.store.all(kind)]
    return not any(status in ("QUEUED", "RUNNING", "PENDING") for _, status in kinds)


def test_replay(patent: StandIn, client_environment: Path) -> None:
    post = Post(patent)
    for command, method, body, fields in REQUESTS:
        if method == "WAIT":
            wait_for(lambda: _idle(patent), until=bool)
            continue
        service, name = method.split("/")
        answer = post.ok(method, **body)
        assert "error" not in answer or not answer["error"], (command, answer)
        module = importlib.import_module(f"kagglesdk.{MODULES[service]}")
        parsed = getattr(module, RESPONSES.get(name, f"Api{name}Response")).from_json(json.dumps(answer))
        for field in fields:
            assert getattr(parsed, field) not in (None, "", [], 0), f"{command}: no {field} in {answer}"
        unknown = set(answer) - {field.json_name for field in parsed._fields}
        assert not unknown, f"{command}: the client does not know {unknown}"


def test_replayed_answers_mean_what_they_say(patent: StandIn) -> None:
    post = Post(patent)
    bad = post.push(**_push("uspppm-train", "USPPPM Train", **BAD))
    assert bad["invalidDatasetSources"] == BAD["datasetDataSources"]
    assert bad["invalidModelSources"] == BAD["modelDataSources"]
    assert (bad["ref"], bad["url"]) == (
        "/code/dummy/uspppm-train",
        "https://www.kaggle.com/code/dummy/uspppm-train",
    )
    denied = post.refused("kernels/GetKernelSessionStatus", userName=USER, kernelSlug="denied-kernel")
    assert denied == (403, "Permission 'kernels.get' was denied")


def test_replay_of_downloads(patent: StandIn) -> None:
    post = Post(patent)
    for method, body, name in (
        ("DownloadDataFiles", COMPETITION, f"{SLUG}.zip"),
        ("DownloadDataFile", {**COMPETITION, "fileName": "train.csv"}, "train.csv"),
    ):
        redirect = post(f"competitions/{method}", **body)
        assert redirect.status_code == 302
        location = redirect.headers["Location"]
        assert location.partition("?")[0].endswith(f"/{name}")  # the client takes the file's name from here
        answer = requests.get(location, timeout=20)
        assert all(header in answer.headers for header in ("Content-Length", "Last-Modified", "ETag"))
        assert answer.headers["Accept-Ranges"] == "bytes"


def test_replay_of_uploads(patent: StandIn, client_environment: Path) -> None:
    post, content = Post(patent), b"id,score\n0050,0\n"

    def upload(method: str, **body: Any) -> str:
        answer = post.ok(method, contentLength=len(content), lastModifiedEpochSeconds=1795343214, **body)
        assert set(answer) == {"token", "createUrl"}
        assert requests.put(answer["createUrl"], data=content, timeout=20).status_code == 200
        return str(answer["token"])

    def read(method: str, kind: str, **body: Any) -> Any:
        service, name = method.split("/")
        module = importlib.import_module(f"kagglesdk.{MODULES[service]}")
        return getattr(module, kind).from_json(json.dumps(post.ok(f"{service}/{name}", **body)))

    token = upload("competitions/StartSubmissionUpload", competitionName="toy-csv", fileName="submission.csv")
    submitted = {"competitionName": "toy-csv", "blobFileTokens": token, "submissionDescription": "csv sub"}
    sent = read("competitions/CreateSubmission", "ApiCreateSubmissionResponse", **submitted)
    assert sent.ref == 1001 and sent.message.startswith("Successfully submitted")

    files = [{"token": upload("blobs/StartBlobUpload", type="DATASET", name="a.whl")}]
    named = {"ownerSlug": USER, "slug": "my-wheels", "title": "My wheels", "licenseName": "CC0-1.0", "isPrivate": True}
    made = read("datasets/CreateDataset", "ApiCreateDatasetResponse", **named, files=files)
    assert made.status == "ok" and made.url.endswith("/my-wheels") and not made.error
    body = {"versionNotes": "v2", "files": [{"token": upload("blobs/StartBlobUpload", type="DATASET", name="a.whl")}]}
    assert read("datasets/CreateDatasetVersion", "ApiCreateDatasetResponse", **DATASET, body=body).status == "ok"
    redirect = post("datasets/DownloadDataset", **DATASET)
    assert redirect.status_code == 302
    with zipfile.ZipFile(io.BytesIO(requests.get(redirect.headers["Location"], timeout=20).content)) as archive:
        assert archive.read("a.whl") == content


def test_replay_of_the_token_check(patent: StandIn) -> None:
    refused = Post(patent)("security/IntrospectToken", **{"token": "badtoken"})
    assert refused.status_code == 400  # which the client takes for: ignore this token, try the next credential


def test_replay_of_the_log(patent: StandIn, tmp_path: Path) -> None:
    """Lines as events while the kernel runs, one JSON array afterwards."""
    post, url = Post(patent), f"{patent.url}/api/v1/kernels/logs/stream/{USER}/uspppm-train"
    post.ok("kernels/SaveKernel", **_push("uspppm-train", "USPPPM Train", f"print hi\nuntil {tmp_path / 'gate'}"))
    with post.session.get(url, headers={"Accept": "text/event-stream"}, timeout=20, stream=True) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        (tmp_path / "gate").touch()
        lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert lines[-1] == "END_OF_LOG" and json.loads(lines[0])["data"] == "hi\n"
    wait_for(lambda: _idle(patent), until=bool)
    assert [line["data"] for line in post.session.get(url, timeout=20).json()] == ["hi\n"]
