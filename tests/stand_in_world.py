"""A small Kaggle for tests: two toy competitions, a runner without a clean room, and the official client."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import time
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import requests
import uvicorn.server

from common.competition import Cell, Column, Competition, Config, Files, Limits, Split, SubmissionFormat, Table
from common.rehearsal.stand_in.running import KernelRun, LogEntry, RunResult
from common.rehearsal.stand_in.server import StandIn
from common.rehearsal.stand_in.world import Hosted

USER, KEY = "dummy", "0123456789abcdef"

# uvicorn looks only every tenth of a second whether it should stop, and then waits another tenth: with hundreds of
# stand-ins that is more than a minute of waiting.
uvicorn.server.asyncio = SimpleNamespace(  # type: ignore[attr-defined]
    **{**vars(asyncio), "sleep": lambda seconds: asyncio.sleep(min(seconds, 0.005))}
)
DEAD_PROXY = "http://127.0.0.1:9"
ENVIRONMENT = {
    "HTTPS_PROXY": DEAD_PROXY,
    "HTTP_PROXY": DEAD_PROXY,
    "https_proxy": DEAD_PROXY,
    "http_proxy": DEAD_PROXY,
    "NO_PROXY": "localhost,127.0.0.1",
    "no_proxy": "localhost,127.0.0.1",
    "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
    "KAGGLE_USERNAME": USER,
    "KAGGLE_KEY": KEY,
}


def toy(submitted_as: str = "csv", metric: str = "rmse", **changes: Any) -> Competition:
    """Return a competition whose target is a number between 0 and 1."""
    target = Column(name="score", kind="number", low=0, high=1)
    row_id, text = Column(name="id", kind="id"), Column(name="text", kind="text")
    values: dict[str, Any] = {
        "name": "toy",
        "slug": f"toy-{submitted_as}",
        "title": "Toy",
        "summary": "How long is a text?",
        "metric": metric,
        "files": Files(
            train=Table(file="train.csv", columns=(row_id, text, target)),
            test=Table(file="test.csv", columns=(row_id, text)),
            sample_submission=Table(file="sample_submission.csv", columns=(row_id, target)),
        ),
        "submission": SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1)),
        "split": Split(kind="random", n_splits=4),
        "submitted_as": submitted_as,
        "limits": Limits(session_hours=9, internet=False, daily_submissions=3),
        "target": "score",
        "inputs": ("text",),
        "profiles": {name: Config() for name in ("sample", "baseline", "course", "best")},
    }
    return Competition(**{**values, **changes})


def write_data(folder: Path, rows: int = 80, tests: int = 40, answers: bool = True) -> Path:
    """Write the toy competition's files; `answers.csv` holds the labels of the test rows."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(7)
    labelled = [(f"{number:04x}", f"text {number}", f"{draw.random():.3f}") for number in range(rows + tests)]
    write_csv(folder / "train.csv", ("id", "text", "score"), labelled[:rows])
    write_csv(folder / "test.csv", ("id", "text"), [row[:2] for row in labelled[rows:]])
    write_csv(folder / "sample_submission.csv", ("id", "score"), [(row[0], "0.5") for row in labelled[rows:]])
    if answers:
        write_csv(folder / "answers.csv", ("id", "score"), [(row[0], row[2]) for row in labelled[rows:]])
    return folder


def write_csv(path: Path, header: tuple[str, ...], rows: list[Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def hosted(folder: Path, submitted_as: str = "csv", **changes: Any) -> Hosted:
    """Return a toy competition whose data are prepared when they are first requested: few tests do."""
    return Hosted(competition=toy(submitted_as), data=write_data(folder), make=write_data, **changes)


def echo(run: KernelRun, folder: Path) -> RunResult:
    """Do what the source says, one word a line: the words are the methods below. Nothing of it is executed."""
    output = folder / "working"
    output.mkdir()
    started = time.monotonic()
    for line in run.source.splitlines():
        word, _, rest = line.partition(" ")
        if word == "print":
            run.emit(LogEntry("stdout", time.monotonic() - started, rest + "\n"))
        elif word == "write":
            name, _, text = rest.partition(" ")
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            (output / name).write_text(text)
        elif word == "predict":  # the sample submission of the mounted competition, with this value
            data = next(item.folder for item in run.inputs if item.kind == "competition")
            rows = [(row["id"], rest) for row in read_csv(data / "sample_submission.csv")]
            write_csv(output / "submission.csv", ("id", "score"), rows)
        elif word == "until":  # a file exists
            while not Path(rest).exists():
                if run.cancelled.wait(0.005):
                    return RunResult(status="ERROR", output=output, failure="cancelled")
        elif word == "wait":
            if run.cancelled.wait(float(rest)):
                return RunResult(status="ERROR", output=output, failure="cancelled")
        elif word == "rerun-fails" and run.rerun:
            return RunResult(status="ERROR", output=output, failure="no such column")
        elif word == "fail":
            return RunResult(status="ERROR", output=output, failure=rest)
        elif word == "break":
            raise RuntimeError(rest)
        elif word == "inputs":
            mounts = {str(item.mount): item.folder.is_dir() for item in run.inputs}
            (output / "inputs.json").write_text(json.dumps(mounts))
    return RunResult(status="COMPLETE", output=output)


def kernel_folder(folder: Path, source: str, title: str = "Toy kernel", owner: str = USER, **fields: Any) -> Path:
    """Write a folder that `kaggle kernels push -p` takes."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.py").write_text(source)
    metadata = {
        "id": f"{owner}/{title.lower().replace(' ', '-')}",
        "title": title,
        "code_file": "kernel.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_gpu": False,
        "enable_internet": False,
        "dataset_sources": [],
        "competition_sources": [],
        "kernel_sources": [],
        "model_sources": [],
    }
    (folder / "kernel-metadata.json").write_text(json.dumps({**metadata, **fields}))
    return folder


def official_api(url: str, user: str = USER, key: str = KEY) -> Any:
    """Return the official Python API, bound to a loopback address for good."""
    from kaggle.api.kaggle_api_extended import KaggleApi
    from kagglesdk import KaggleClient, KaggleEnv

    assert os.environ["HTTPS_PROXY"] == DEAD_PROXY, "the environment of a test with the official client is missing"

    class LocalApi(KaggleApi):
        def build_kaggle_client(self) -> Any:
            client = KaggleClient(
                env=KaggleEnv.LOCAL, username=user, password=key, response_processor=self.get_response_processor()
            )
            client.http_client()._endpoint = url
            assert client.http_client()._endpoint.startswith("http://localhost")
            return client

    api = LocalApi()
    api.authenticate()
    return api


def wait_for(value: Any, *, until: Any, seconds: float = 20) -> Any:
    """Call `value` until `until` holds of what it returns."""
    end = time.monotonic() + seconds
    while not until(last := value()):
        assert time.monotonic() < end, f"still {last!r}"
        time.sleep(0.01)
    return last


def environment(home: Path) -> Mapping[str, str]:
    """Return the variables under which the official client can reach nothing but loopback."""
    return {**ENVIRONMENT, "HOME": str(home), "KAGGLE_CONFIG_DIR": str(home / ".kaggle"), "TMPDIR": str(home)}


class Post:
    """Posts to the methods of a stand-in as the official client does, without the client."""

    SERVICES: ClassVar[dict[str, str]] = {
        "kernels": "kernels.KernelsApiService",
        "competitions": "competitions.CompetitionApiService",
        "datasets": "datasets.DatasetApiService",
        "blobs": "blobs.BlobApiService",
        "security": "security.OAuthService",
    }

    def __init__(self, server: StandIn | str, user: str = USER) -> None:
        self.base = server if isinstance(server, str) else server.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = (user, KEY)

    def __call__(self, method: str, **body: Any) -> requests.Response:
        service, name = method.split("/")
        url = f"{self.base}/api/v1/{self.SERVICES[service]}/{name}"
        return self.session.post(url, json=body, allow_redirects=False, timeout=20)

    def ok(self, method: str, **body: Any) -> dict[str, Any]:
        response = self(method, **body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def refused(self, method: str, **body: Any) -> tuple[int, str]:
        response = self(method, **body)
        answer = response.json()
        assert answer["code"] == response.status_code
        return response.status_code, answer["message"]

    def push(self, source: str = "print hi", title: str = "Toy kernel", **fields: Any) -> dict[str, Any]:
        return self.ok("kernels/SaveKernel", **save_kernel(source, title, **fields))

    def status(self, slug: str = "toy-kernel", **label: Any) -> str:
        answer = self.ok("kernels/GetKernelSessionStatus", userName=USER, kernelSlug=slug, **label)
        return str(answer["status"])

    def run(self, source: str = "print hi", title: str = "Toy kernel", **fields: Any) -> dict[str, Any]:
        """Push and wait for the end."""
        answer = self.push(source, title, **fields)
        slug = answer["ref"].rpartition("/")[2]
        wait_for(lambda: self.status(slug), until=lambda status: status not in ("QUEUED", "RUNNING"))
        return answer

    def upload(self, data: bytes, start: str = "competitions/StartSubmissionUpload", **fields: Any) -> str:
        opened = self.ok(start, contentLength=len(data), **fields)
        assert requests.put(opened["createUrl"], data=data, timeout=20).status_code == 200
        return str(opened["token"])

    def submit(self, file: Path, competition: str = "toy-csv") -> dict[str, Any]:
        """Submit a file and wait until it is graded."""
        token = self.upload(file.read_bytes(), competitionName=competition, fileName=file.name)
        ref = self.ok("competitions/CreateSubmission", competitionName=competition, blobFileTokens=token)["ref"]
        return self.graded(ref)

    def graded(self, ref: int) -> dict[str, Any]:
        graded: dict[str, Any] = wait_for(
            lambda: self.ok("competitions/GetSubmission", ref=ref), until=lambda item: item["status"] != "PENDING"
        )
        return graded


def save_kernel(source: str = "print hi", title: str = "Toy kernel", **fields: Any) -> dict[str, Any]:
    """Return the body of a push."""
    slug = f"{USER}/{title.lower().replace(' ', '-')}"
    body = {"slug": slug, "newTitle": title, "text": source, "language": "python", "kernelType": "script"}
    return {**body, "isPrivate": True, "enableGpu": False, "enableInternet": False, **fields}
