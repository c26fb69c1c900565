"""The official client, unmodified, against the stand-in: its Python API, and its command line on port 80."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from stand_in_world import USER, echo, environment, hosted, kernel_folder, official_api, read_csv, wait_for

from common.errors import SettingError
from common.rehearsal.stand_in.server import StandIn

Run = Callable[..., str]
SOURCE = "print hello\npredict 0.5\nwrite models/a.bin weights"


@pytest.fixture
def api(server: StandIn, client_environment: Path) -> Any:
    return official_api(server.url)


def test_api_from_push_to_leaderboard(api: Any, tmp_path: Path) -> None:
    folder = kernel_folder(tmp_path / "push", SOURCE, competition_sources=["toy-kernel"])
    pushed = api.kernels_push(str(folder))
    assert (pushed.ref, pushed.version_number, pushed.error or "") == (f"/code/{USER}/toy-kernel", 1, "")
    ref = f"{USER}/toy-kernel"
    wait_for(lambda: api.kernels_status(ref).status.name, until=lambda status: status == "COMPLETE")
    api.kernels_output(ref, str(tmp_path / "out"))
    assert (tmp_path / "out" / "models" / "a.bin").read_text() == "weights"
    assert json.loads((tmp_path / "out" / "toy-kernel.log").read_text())[0]["data"] == "hello\n"
    assert [event["data"] for event in api.kernels_logs_stream(ref)] == ["hello\n"]

    answer = api.competition_submit_code("submission.csv", "half", "toy-kernel", ref, 1)
    assert answer.message == "Successfully submitted to Toy"
    latest = wait_for(
        lambda: api.competition_submissions("toy-kernel")[0], until=lambda item: item.status.name != "PENDING"
    )
    assert (latest.ref, latest.status.name, latest.description) == (answer.ref, "COMPLETE", "half")
    board = api.competition_leaderboard_view("toy-kernel")
    assert [row.score for row in board if row.team_name == USER] == [latest.public_score]
    assert [float(row.score) for row in board] == sorted(float(row.score) for row in board)
    assert api.competition_get_submission_limits("toy-kernel").num_allowed_now == 2


def test_c10_api_lists_what_is_there(api: Any, tmp_path: Path) -> None:
    """As Kaggle's own tests call it: the answer has at least one item, and each field that the client shows."""
    api.kernels_push(str(kernel_folder(tmp_path / "push", SOURCE, competition_sources=["toy-kernel"])))
    wait_for(lambda: api.kernels_status(f"{USER}/toy-kernel").status.name, until=lambda status: status == "COMPLETE")
    (folder := tmp_path / "dataset").mkdir()
    (folder / "a.whl").write_text("wheel")
    metadata = {"title": "My wheels", "id": f"{USER}/my-wheels", "licenses": [{"name": "CC0-1.0"}]}
    (folder / "dataset-metadata.json").write_text(json.dumps(metadata))
    api.dataset_create_new(str(folder), quiet=True)

    competitions = api.competitions_list(group="general").competitions
    assert [item.ref.rpartition("/")[2] for item in competitions] == ["toy-csv", "toy-kernel"]
    assert api.competitions_list(search="nothing of the kind").competitions == []
    assert [item.ref.rpartition("/")[2] for item in api.competitions_list(search="KERNEL").competitions] == [
        "toy-kernel"
    ]
    kernels = api.kernels_list(sort_by="dateCreated", user=USER, language="python")
    assert (
        [item.ref for item in kernels] == [item.ref for item in api.kernels_list(mine=True)] == [f"{USER}/toy-kernel"]
    )
    assert api.kernels_list(user="somebody") == api.kernels_list(language="r") == []
    datasets = api.dataset_list(sort_by="votes")
    assert (
        [item.ref for item in datasets] == [item.ref for item in api.dataset_list(mine=True)] == [f"{USER}/my-wheels"]
    )
    assert api.dataset_list(search="nothing of the kind") == []
    board = api.competition_leaderboard_view("toy-csv")
    assert len(board) == 3
    fields = {
        "ref deadline category reward team_count user_has_entered": competitions,
        "ref title author last_run_time total_votes": kernels,
        "ref title total_bytes last_updated download_count vote_count usability_rating": datasets,
        "team_id team_name submission_date score": board,
    }
    for names, items in fields.items():
        assert all(hasattr(item, name) for item in items for name in names.split())


def test_api_downloads_what_is_served(api: Any, tmp_path: Path) -> None:
    api.competition_download_files("toy-csv", str(tmp_path / "all"))
    with zipfile.ZipFile(tmp_path / "all" / "toy-csv.zip") as archive:
        assert archive.read("train.csv") == (tmp_path / "csv" / "train.csv").read_bytes()


def test_api_datasets(api: Any, tmp_path: Path) -> None:
    folder = tmp_path / "dataset"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.whl").write_text("wheel")
    (folder / "sub" / "b.txt").write_text("below")
    metadata = {"title": "My wheels", "id": f"{USER}/my-wheels", "licenses": [{"name": "CC0-1.0"}]}
    (folder / "dataset-metadata.json").write_text(json.dumps(metadata))
    assert api.dataset_create_new(str(folder), quiet=True, dir_mode="zip").status == "ok"
    assert api.dataset_status(f"{USER}/my-wheels") == "ready"
    assert api.dataset_create_version(str(folder), "v2", quiet=True, dir_mode="zip").status == "ok"
    listed = api.dataset_list_files(f"{USER}/my-wheels").dataset_files
    assert sorted(file.name for file in listed) == ["a.whl", "sub/b.txt"]
    api.dataset_download_files(f"{USER}/my-wheels", str(tmp_path / "got"), quiet=True, unzip=True)
    assert (tmp_path / "got" / "sub" / "b.txt").read_text() == "below"
    pushed = api.kernels_push(str(kernel_folder(tmp_path / "push", "inputs", dataset_sources=[f"{USER}/my-wheels"])))
    assert pushed.invalid_dataset_sources == []


@pytest.fixture(scope="module")
def command_line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Path]]:
    """The `kaggle` command against a stand-in on port 80, and the folder that it works in."""
    folder = tmp_path_factory.mktemp("command-line")
    (folder / "home").mkdir()
    variables = {
        **environment(folder / "home"),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }

    def run(*arguments: str) -> str:
        command = [str(Path(sys.executable).parent / "kaggle"), *arguments]
        done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    competitions = [hosted(folder / "csv"), hosted(folder / "kernel", "kernel")]
    server = StandIn(folder / "state", competitions, runner=echo, port=80)
    try:
        with FileLock(Path(tempfile.gettempdir(), "kit-port-80.lock")), server:  # another worker may have it
            yield run, folder
    except SettingError as error:
        pytest.skip(f"the official command line speaks to port 80 only: {error}")


@pytest.mark.slow
def test_command_line_kernels(command_line: tuple[Run, Path]) -> None:
    kaggle, folder = command_line
    kernel_folder(folder / "push", SOURCE, competition_sources=["toy-kernel"])
    assert "Kernel version 1 successfully pushed" in kaggle("kernels", "push", "-p", "push")
    ref = f"{USER}/toy-kernel"
    wait_for(lambda: kaggle("kernels", "status", ref), until=lambda text: "KernelWorkerStatus.COMPLETE" in text)
    kaggle("kernels", "output", ref, "-p", "out")
    assert len(read_csv(folder / "out" / "submission.csv")) == 10
    assert "hello" in kaggle("kernels", "logs", ref, "--follow")
    assert "models/a.bin" in kaggle("kernels", "files", ref)
    kaggle("kernels", "pull", ref, "-p", "pulled", "-m")
    assert json.loads((folder / "pulled" / "kernel-metadata.json").read_text())["competition_sources"] == ["toy-kernel"]
    assert "30.00h" in kaggle("quota")
    submitted = kaggle(
        "competitions", "submit", "toy-kernel", "-f", "submission.csv", "-k", ref, "-v", "1", "-m", "first"
    )
    assert "2 submissions remaining today." in submitted
    assert "Successfully submitted to Toy" in submitted
    listed = wait_for(
        lambda: kaggle("competitions", "submissions", "toy-kernel", "--csv"), until=lambda text: "PENDING" not in text
    )
    assert "first,SubmissionStatus.COMPLETE,0." in listed


@pytest.mark.slow
def test_command_line_competitions(command_line: tuple[Run, Path]) -> None:
    kaggle, folder = command_line
    assert "train.csv" in kaggle("competitions", "files", "toy-csv")
    kaggle("competitions", "download", "toy-csv", "-p", "data")
    with zipfile.ZipFile(folder / "data" / "toy-csv.zip") as archive:
        archive.extractall(folder / "data")
    file = "data/sample_submission.csv"
    assert "Successfully submitted" in kaggle("competitions", "submit", "toy-csv", "-f", file, "-m", "second")
    listed = wait_for(
        lambda: kaggle("competitions", "submissions", "toy-csv", "--csv"), until=lambda text: "PENDING" not in text
    )
    assert "second,SubmissionStatus.COMPLETE,0." in listed
    assert "Remaining today: 2" in kaggle("competitions", "submission-limits", "toy-csv")
    assert USER in kaggle("competitions", "leaderboard", "toy-csv", "--show")


@pytest.mark.slow
def test_command_line_datasets(command_line: tuple[Run, Path]) -> None:
    kaggle, folder = command_line
    source = folder / "dataset"
    source.mkdir()
    (source / "a.whl").write_text("wheel")
    metadata = {"title": "My wheels", "id": f"{USER}/my-wheels", "licenses": [{"name": "CC0-1.0"}]}
    (source / "dataset-metadata.json").write_text(json.dumps(metadata))
    assert "is being created" in kaggle("datasets", "create", "-p", "dataset")
    assert "is being created" in kaggle("datasets", "version", "-p", "dataset", "-m", "v2")
    status = json.loads(kaggle("datasets", "status", f"{USER}/my-wheels", "--format", "json"))
    assert status == {"status": "ready", "current_version_number": 2}
    kaggle("datasets", "download", f"{USER}/my-wheels", "-p", "got", "--unzip")
    assert (folder / "got" / "a.whl").read_text() == "wheel"
