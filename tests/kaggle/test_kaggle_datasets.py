from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from kaggle_seam import Hourglass, Seam, seam
from stand_in_faults import Fault
from stand_in_world import USER

from common.errors import SecretFound, SettingError
from common.kaggle import errors, sources, wheels
from common.kaggle.datasets import Published, publish
from common.kaggle.results import DatasetState, Ref

REF = Ref(USER, "toy-wheels")


def weights(folder: Path, text: str = "weights") -> Path:
    (folder / "tokenizer" / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_text(text)
    (folder / "tokenizer" / "vocab.json").write_text("{}")
    (folder / "tokenizer" / "deep" / "merges.txt").write_text("a b")
    return folder


def run(here: Seam, folder: Path, ref: Ref = REF, **changes: Any) -> Published:
    values: dict[str, Any] = {
        "title": "Toy wheels",
        "notes": "more",
        "clock": here.hourglass.clock,
        "notify": here.messages.append,
    }
    return publish(here.client, ref, folder, **(values | changes))


FILES = ("model.safetensors", "tokenizer/deep/merges.txt", "tokenizer/vocab.json")


def test_created_then_versioned_with_all_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P10: the official client skips sub-folders and posts versions without files."""
    with seam(tmp_path, monkeypatch, Fault(on="ListDatasetFiles", kind="page_size", times=None)) as here:
        assert here.client.datasets.status(REF) is None
        first = run(here, weights(tmp_path / "model"))
        assert (first.created, first.files, first.pinned) == (True, FILES, f"{USER}/toy-wheels/1")
        second = run(here, weights(tmp_path / "model", "better"))
        assert (second.created, second.pinned) == (False, f"{USER}/toy-wheels/2")
        folder = here.server.world.folder / "datasets" / REF.name / "2"
        assert (folder / "model.safetensors").read_text() == "better"
        assert (folder / "tokenizer" / "deep" / "merges.txt").read_text() == "a b"


class Calendar:
    """A clock of the server that goes with the client's waiting."""

    def __init__(self) -> None:
        self.hourglass: Hourglass | None = None

    def __call__(self) -> datetime:
        passed = self.hourglass.time if self.hourglass else 0.0
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=passed)


def test_processing_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """P11: a kernel pushed too early binds the older version."""
    calendar = Calendar()
    with seam(tmp_path, monkeypatch, clock=calendar, dataset_processing=timedelta(minutes=5)) as here:
        calendar.hourglass = here.hourglass
        run(here, weights(tmp_path / "model"))
        assert 300 <= here.hourglass.time < 330
        run(here, weights(tmp_path / "model", "better"))
        assert 600 <= here.hourglass.time < 660
        status = here.client.datasets.status(REF)
        assert status is not None
        assert (status.state, status.version) == (DatasetState.READY, 2)


def test_never_ready_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = timedelta(days=1)
    with (
        seam(tmp_path, monkeypatch, dataset_processing=slow) as here,
        pytest.raises(errors.TimedOut, match="after 10 min"),
    ):
        run(here, weights(tmp_path / "model"), limit=600)


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", ["cut_answer", "html", "rate_limited", "late"])
@pytest.mark.parametrize(
    "method", ["CreateDataset", "CreateDatasetVersion", "StartBlobUpload", "PUT", "GetDatasetStatus"]
)
def test_whatever_gets_lost_there_is_one_version_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, kind: str, times: int
) -> None:
    with seam(tmp_path, monkeypatch, Fault(on=method, kind=kind, times=times)) as here:
        versions = 0
        for text in ("good", "better"):
            try:
                versions += 1
                assert run(here, weights(tmp_path / "model", text)).ref.version == versions
            except errors.Unconfirmed:  # nothing was made, which nobody can tell from what comes late
                assert kind == "html" and method.startswith("CreateDataset")
                versions -= 1
        assert versions == 2 or kind == "html"
        assert sum(len(dataset["versions"]) for dataset in here.calls("dataset")) == versions


def test_a_refused_upload_makes_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Fault(on="PUT", kind="error", skip=3, times=None, parameters={"code": 403, "message": "refused"})
    with seam(tmp_path, monkeypatch, refused) as here:
        run(here, weights(tmp_path / "model"))  # 2 uploads
        with pytest.raises(errors.Forbidden):
            run(here, weights(tmp_path / "model", "better"))
        (dataset,) = here.calls("dataset")
        assert len(dataset["versions"]) == 1


def test_files_that_did_not_arrive_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"datasetFiles": [{"name": "model.safetensors", "totalBytes": 7}], "nextPageToken": ""}
    fault = Fault(on="ListDatasetFiles", kind="answer", times=None, parameters={"answer": empty})
    with seam(tmp_path, monkeypatch, fault) as here, pytest.raises(errors.Damaged, match="lacks tokenizer/deep/merges"):
        run(here, weights(tmp_path / "model"))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("a@b.txt", "'a@b.txt'"), ("with space.txt", "letters"), ("sub/ü.txt", "letters"), ("x.zip", "unpack")],
)
def test_names_that_kaggle_fails_on_are_refused_before_the_upload(tmp_path: Path, name: str, complaint: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("x")
    with pytest.raises(SettingError, match=complaint):
        publish(None, REF, tmp_path, title="Toy wheels", notes="")  # type: ignore[arg-type]  # nobody is asked


@pytest.mark.parametrize(
    ("ref", "title"),
    [(Ref(USER, "short"), "Toy wheels"), (REF, "short"), (REF, "x" * 51), (Ref(USER, "s" * 51), "Title 1")],
)
def test_title_and_slug_have_their_lengths(tmp_path: Path, ref: Ref, title: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(SettingError, match="6 to 50"):
        publish(None, ref, tmp_path, title=title, notes="")  # type: ignore[arg-type]


def test_nothing_is_no_dataset(tmp_path: Path) -> None:
    for folder, complaint in ((tmp_path, "is empty"), (tmp_path / "gone", "folder not found")):
        with pytest.raises(SettingError, match=complaint):
            publish(None, REF, folder, title="Toy wheels", notes="")  # type: ignore[arg-type]
    (tmp_path / "a.txt").touch()
    with pytest.raises(SettingError, match=r"'a\.txt' is empty"):
        publish(None, REF, tmp_path, title="Toy wheels", notes="")  # type: ignore[arg-type]


# --- wheels ----------------------------------------------------------------------------------------------


def test_the_image_decides_what_is_missing() -> None:
    image = wheels.image()
    assert image["transformers"] == "5.0.0"
    assert image["scikit-learn"] == "1.6.1"
    assert image["ray"] is None
    wanted = ["Torch>=2.0", "transformers>=5.23", "scikit_learn", "rapidfuzz>=3", "ray", "ray>=2", "# a comment", ""]
    assert wheels.missing(wanted) == ["transformers>=5.23", "rapidfuzz>=3", "ray>=2"]


def test_markers_are_those_of_the_image() -> None:
    assert wheels.missing(["tomli; python_version < '3.11'", "pywin32; sys_platform == 'win32'"]) == []
    assert wheels.missing(["rapidfuzz; python_version >= '3.12'"]) == ["rapidfuzz; python_version >= '3.12'"]


def test_what_is_no_requirement_is_refused() -> None:
    with pytest.raises(SettingError, match="is not a requirement"):
        wheels.missing(["two words"])


def test_pip_is_asked_for_kaggles_python() -> None:
    joined = " ".join(wheels.download_options(Path("out")))
    for part in ("--no-deps", "--only-binary=:all:", "--python-version 3.12", "--abi cp312", "--platform manylinux"):
        assert part in joined
    assert joined.endswith("--dest out")


def test_nothing_missing_needs_no_pip(tmp_path: Path) -> None:
    messages: list[str] = []
    assert wheels.fetch(["torch", "pandas>=2.2"], tmp_path / "wheels", notify=messages.append) == []
    assert "everything" in messages[0]


@pytest.mark.slow
def test_a_wheel_that_does_not_exist_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_INDEX": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(errors.KaggleError, match=r"no wheels for no-such-package on Python 3\.12") as caught:
        wheels.fetch(["no-such-package"], tmp_path)
    assert "\n" not in str(caught.value)


# --- names of sources ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "name"),
    [
        ("dataset", "datasets/ann/wheels", "ann/wheels"),
        ("dataset", "https://www.kaggle.com/datasets/ann/wheels/", "ann/wheels"),
        ("dataset", "ann/wheels/3", "ann/wheels/3"),
        ("kernel", "code/ann/train", "ann/train"),
        ("competition", "c/titanic", "titanic"),
        ("competition", "competitions/titanic", "titanic"),
        ("competition", "titanic", "titanic"),
        ("model", "models/ann/bert/pyTorch/base/2", "ann/bert/pyTorch/base/2"),
    ],
)
def test_sources_lose_their_prefixes(kind: Any, given: str, name: str) -> None:
    """P2: what pull writes and the address bar shows is what push rejects or drops."""
    assert sources.normalise(kind, given) == name
    assert sources.normalise(kind, name) == name


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("dataset", "wheels"),
        ("competition", "ann/titanic"),
        ("model", "ann/bert/pyTorch/base"),
        ("kernel", ""),
    ],
)
def test_other_names_are_refused(kind: Any, given: str) -> None:
    with pytest.raises(SettingError, match="; write "):
        sources.normalise(kind, given)


def test_sources_are_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        run(here, weights(tmp_path / "model"))
        assert sources.exists(here.client, "dataset", REF.name)
        assert sources.exists(here.client, "competition", "toy-csv")
        assert not sources.exists(here.client, "dataset", "ann/nothing")
        assert not sources.exists(here.client, "kernel", "ann/nothing")
        assert not sources.exists(here.client, "competition", "nothing")
        assert sources.exists(here.client, "model", "ann/bert/pyTorch/base/2") is None


def test_d17_links_leave_the_folder_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A9, D17: a linked folder is not left out in silence, and nothing from outside goes along unasked."""
    model = weights(tmp_path / "model")
    (tmp_path / "disk" / "deep").mkdir(parents=True)
    (tmp_path / "disk" / "deep" / "config.json").write_text("{}")
    (model / "more").symlink_to(tmp_path / "disk")
    (model / "again.safetensors").symlink_to("model.safetensors")
    with seam(tmp_path, monkeypatch) as here:
        with pytest.raises(SettingError, match=r"more in .*--follow-links"):
            run(here, model)
        done = run(here, model, follow_links=True)
        assert done.files == ("again.safetensors", *FILES[:1], "more/deep/config.json", *FILES[1:])
        (model / "nowhere").symlink_to(tmp_path / "gone")
        (tmp_path / "disk" / "back").symlink_to(tmp_path / "disk")
        with pytest.raises(SettingError, match=r"more/back, nowhere in .*in a circle"):
            run(here, model, follow_links=True)


@pytest.mark.parametrize(
    ("name", "text"), [("access_token", "x"), ("config.json", '{"key": "' + "0a1b2c3d" * 4 + '"}')]
)
def test_d17_credentials_are_not_uploaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    model = weights(tmp_path / "model")
    (model / name).write_text(text)
    with seam(tmp_path, monkeypatch) as here, pytest.raises(SecretFound, match=name):
        run(here, model)
