"""The stand-in under load: requests per second, and its memory while 1 GiB goes out and comes in.

The server runs in a process of its own, so that its memory is its own. Prints one JSON line.
Usage: python benchmarks/stand_in.py [--mib 1024] [--requests 2000]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import requests

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from stand_in_world import USER, Post, echo, hosted  # noqa: E402 (the path comes first)

from common.rehearsal.stand_in.server import StandIn  # noqa: E402

MIB = 2**20
STATUS = ("kernels/GetKernelSessionStatus", {"userName": USER, "kernelSlug": "toy-kernel"})
LIMITS = ("competitions/GetSubmissionLimits", {"competitionName": "toy-csv"})


def _serve(folder: Path, mib: int, pipe: Connection) -> None:
    competition = replace(hosted(folder / "data"), make=None)  # prepared before anything is measured
    with (folder / "data" / "big.bin").open("wb") as file:
        file.truncate(mib * MIB)
    with StandIn(folder / "state", [competition], runner=echo) as server:
        pipe.send(server.url)
        pipe.recv()


@contextmanager
def _server(folder: Path, mib: int) -> Iterator[tuple[str, BaseProcess]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(folder, mib, theirs))
    process.start()
    yield ours.recv(), process
    ours.send("stop")
    process.join()


def _memory(process: BaseProcess, field: str) -> float:
    """Return VmRSS (now) or VmHWM (highest so far) in MiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


def _timed_download(post: Post) -> float:
    started = time.perf_counter()
    where = post("competitions/DownloadDataFile", competitionName="toy-csv", fileName="big.bin").headers["Location"]
    with requests.get(where, stream=True, timeout=60) as answer:
        size = sum(len(chunk) for chunk in answer.iter_content(MIB))
    assert size == int(answer.headers["Content-Length"])
    return time.perf_counter() - started


def _timed_upload(post: Post, mib: int) -> float:
    started = time.perf_counter()
    body = {"competitionName": "toy-csv", "fileName": "big.csv", "contentLength": mib * MIB}
    upload = post.ok("competitions/StartSubmissionUpload", **body)
    pieces = (bytes(MIB) for _ in range(mib))
    request = requests.Request("PUT", upload["createUrl"], data=pieces).prepare()
    del request.headers["Transfer-Encoding"]
    request.headers["Content-Length"] = str(mib * MIB)
    with requests.Session() as session:
        session.trust_env = False
        assert session.send(request, timeout=60).status_code == 200
    return time.perf_counter() - started


def _rate(post: Post, count: int, method: str, body: dict[str, str]) -> float:
    started = time.perf_counter()
    for _ in range(count):
        post.ok(method, **body)
    return count / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _server(Path(folder), options.mib) as (url, process):
        post = Post(url)
        post.run()
        idle = _memory(process, "VmRSS")
        rates = {
            "status_per_s": _rate(post, options.requests, *STATUS),
            "limits_per_s": _rate(post, options.requests, *LIMITS),
        }
        download = _timed_download(post)
        after_download = _memory(process, "VmHWM")
        upload = _timed_upload(post, options.mib)
        figures = {
            **{name: round(rate) for name, rate in rates.items()},
            "mib": options.mib,
            "download_s": round(download, 2),
            "upload_s": round(upload, 2),
            "idle_mib": round(idle),
            "over_idle_mib_after_download": round(after_download - idle),
            "over_idle_mib_after_upload": round(_memory(process, "VmHWM") - idle),
        }
    print(json.dumps({"benchmark": "stand_in", **figures}))


if __name__ == "__main__":
    main()
