"""Bytes in and out of the stand-in: ranges, resumption, what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import requests
from stand_in_world import USER, Post

from common.rehearsal.stand_in.server import StandIn

DATA = bytes(range(256)) * 40


@pytest.fixture
def address(post: Post) -> str:
    """Where 10,240 bytes that a kernel wrote can be fetched."""
    post.run("write big.txt " + "0123456789" * 1024)
    files = post.ok("kernels/ListKernelSessionOutput", userName=USER, kernelSlug="toy-kernel")["files"]
    return str(files[0]["url"])


def test_range_resumes(address: str) -> None:
    whole = requests.get(address, timeout=20)
    part = requests.get(address, headers={"Range": "bytes=10000-", "If-Range": whole.headers["ETag"]}, timeout=20)
    assert (part.status_code, part.headers["Content-Range"]) == (206, "bytes 10000-10239/10240")
    assert whole.content[:10000] + part.content == whole.content
    changed = requests.get(address, headers={"Range": "bytes=10000-", "If-Range": '"another"'}, timeout=20)
    assert (changed.status_code, len(changed.content)) == (200, 10240)
    beyond = requests.get(address, headers={"Range": "bytes=20000-"}, timeout=20)
    assert beyond.status_code == 416


def test_addresses_are_signed(address: str, server: StandIn) -> None:
    plain, _, signature = address.partition("?")
    assert requests.get(plain, timeout=20).status_code == 403
    assert requests.get(plain.replace("big.txt", "other.txt") + "?" + signature, timeout=20).status_code == 403
    assert requests.get(f"{server.url}/files/state.sqlite?{signature}", timeout=20).status_code == 403


@pytest.mark.parametrize("name", ["../answers.csv", "/etc/passwd", "../../state.sqlite", "nothing.csv", ""])
def test_data_file_outside_the_served_folder(post: Post, name: str) -> None:
    answer = post("competitions/DownloadDataFile", competitionName="toy-csv", fileName=name)
    assert answer.status_code == 404


def test_answers_are_never_served(post: Post) -> None:
    listed = post.ok("competitions/ListDataFiles", competitionName="toy-csv")["files"]
    assert sorted(file["name"] for file in listed) == ["sample_submission.csv", "test.csv", "train.csv"]
    location = post("competitions/DownloadDataFiles", competitionName="toy-csv").headers["Location"]
    with zipfile.ZipFile(io.BytesIO(requests.get(location, timeout=20).content)) as archive:
        assert sorted(archive.namelist()) == ["sample_submission.csv", "test.csv", "train.csv"]


def _start(post: Post, **fields: Any) -> dict[str, Any]:
    body = {"competitionName": "toy-csv", "fileName": "submission.csv", "contentLength": len(DATA), **fields}
    return post.ok("competitions/StartSubmissionUpload", **body)


def _put(url: str, data: bytes, content_range: str = "") -> requests.Response:
    headers = {"Content-Range": content_range} if content_range else {}
    return requests.put(url, data=data, headers=headers, timeout=20)


def test_upload_in_parts(post: Post, server: StandIn) -> None:
    upload, size = _start(post), len(DATA)
    url = upload["createUrl"]
    nothing = _put(url, b"", f"bytes */{size}")
    assert (nothing.status_code, nothing.headers.get("Range")) == (308, None)
    first = _put(url, DATA[:5000], f"bytes 0-4999/{size}")
    assert (first.status_code, first.headers["Range"]) == (308, "bytes=0-4999")
    assert _put(url, b"", f"bytes */{size}").headers["Range"] == "bytes=0-4999"
    early = post.refused("competitions/CreateSubmission", competitionName="toy-csv", blobFileTokens=upload["token"])
    assert early == (400, "the upload of 'submission.csv' is not complete")
    assert _put(url, DATA[7000:], f"bytes 7000-{size - 1}/{size}").status_code == 400
    assert _put(url, DATA[5000:], f"bytes 5000-{size - 1}/{size}").status_code == 200
    assert _put(url, b"", f"bytes */{size}").status_code == 200
    assert (server.world.folder / "uploads" / upload["token"]).read_bytes() == DATA


def test_upload_again_from_the_start(post: Post, server: StandIn) -> None:
    upload = _start(post)
    _put(upload["createUrl"], DATA[:5000], f"bytes 0-4999/{len(DATA)}")
    assert _put(upload["createUrl"], DATA).status_code == 200
    assert (server.world.folder / "uploads" / upload["token"]).read_bytes() == DATA


def test_uploads_that_are_refused(post: Post, server: StandIn) -> None:
    url = _start(post)["createUrl"]
    assert _put(url, DATA + b"more").status_code == 400
    assert _put(url, DATA, "bytes 5-4/x").status_code == 400
    assert _put(url, DATA, f"bytes 0-{len(DATA)}/{len(DATA) + 1}").status_code == 400
    assert _put(f"{server.url}/upload/unknown", DATA).status_code == 404
    for wrong in ({"contentLength": -1}, {"contentLength": "many"}, {"fileName": ""}):
        body = {"competitionName": "toy-csv", "fileName": "s.csv", "contentLength": 1, **wrong}
        assert post.refused("competitions/StartSubmissionUpload", **body)[0] == 400


def test_upload_of_another_user_or_purpose(post: Post, server: StandIn) -> None:
    token = post.upload(DATA, "blobs/StartBlobUpload", type="DATASET", name="a.bin")
    for taker in (post, Post(server, user="other")):
        request = {"competitionName": "toy-csv", "blobFileTokens": token}
        assert taker.refused("competitions/CreateSubmission", **request)[0] == 400


def test_dataset_archive_is_unpacked_without_escapes(post: Post, server: StandIn, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("model/config.json", "{}")
        archive.writestr("../../outside.txt", "x")
    token = post.upload(packed.getvalue(), "blobs/StartBlobUpload", type="DATASET", name="weights.zip")
    names = {"ownerSlug": USER, "datasetSlug": "my-weights"}
    create = {"ownerSlug": USER, "slug": "my-weights", "title": "My weights", "licenseName": "CC0-1.0"}
    post.ok("datasets/CreateDataset", **create, files=[{"token": token}])
    listed = [file["name"] for file in post.ok("datasets/ListDatasetFiles", **names)["datasetFiles"]]
    assert listed == ["weights/model/config.json", "weights/outside.txt"]
    assert not list(tmp_path.rglob("outside.txt"))[1:]
    location = post("datasets/DownloadDataset", **names).headers["Location"]
    with zipfile.ZipFile(io.BytesIO(requests.get(location, timeout=20).content)) as archive:
        assert sorted(archive.namelist()) == listed
    one = post("datasets/DownloadDataset", **names, fileName="weights/model/config.json").headers["Location"]
    assert requests.get(one, timeout=20).text == "{}"
    assert post("datasets/DownloadDataset", **names, fileName="../1.d/my-weights.zip").status_code == 404
