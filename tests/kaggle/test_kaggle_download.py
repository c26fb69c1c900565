from __future__ import annotations

import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kaggle_seam import seam
from stand_in_faults import Fault
from stand_in_world import hosted

from common.errors import ArchiveError
from common.kaggle import errors
from common.kaggle.download import download, receipt
from common.rehearsal.stand_in.world import Hosted

SLUG = "toy-csv"
NAMES = {"train.csv", "test.csv", "sample_submission.csv"}


def test_files_come_whole_and_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        data = tmp_path / "data" / SLUG
        assert receipt(data) is None
        seen: list[tuple[int, int | None]] = []
        done = download(here.client, SLUG, data, progress=lambda *at: seen.append(at))
        assert (done.fetched, set(done.files)) == (True, NAMES)
        assert seen[-1][0] == seen[-1][1]
        assert (data / "train.csv").read_bytes() == (tmp_path / "csv" / "train.csv").read_bytes()
        assert {path.name for path in data.iterdir()} == {*NAMES, ".download.json"}
        again = download(None, SLUG, data)  # type: ignore[arg-type]  # nobody is asked
        assert (again.fetched, again.size) == (False, done.size)


def test_what_was_damaged_since_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        data = tmp_path / "data"
        download(here.client, SLUG, data)
        (data / "train.csv").write_text("cut")
        assert download(here.client, SLUG, data).fetched
        assert (data / "train.csv").read_bytes() == (tmp_path / "csv" / "train.csv").read_bytes()
        (data / "test.csv").unlink()
        assert download(here.client, SLUG, data).fetched
        assert download(here.client, SLUG, data, force=True).fetched


def big(tmp_path: Path) -> Hosted:
    """A competition of 3 MB that does not compress."""
    competition = hosted(tmp_path / "csv")
    (tmp_path / "csv" / "noise.bin").write_bytes(os.urandom(3_000_000))
    return competition


@pytest.mark.parametrize("times", [1, 7])
def test_a_broken_connection_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    cut = Fault(on="GET", kind="cut_answer", times=times, parameters={"after_bytes": 400_000})
    with seam(tmp_path, monkeypatch, cut, competitions=[big(tmp_path)]) as here:
        target, whole = tmp_path / "all.zip", tmp_path / "whole.zip"
        seen: list[int] = []
        here.client.competitions.download(SLUG, target, progress=lambda done, total: seen.append(done))
        here.client.competitions.download(SLUG, whole)
        assert target.stat().st_size > 3_000_000
        assert target.read_bytes() == whole.read_bytes()
        assert seen == sorted(seen), "bytes that had come were thrown away"
        assert list(tmp_path.glob("*.part*")) == []
        assert zipfile.ZipFile(target).testzip() is None


def test_a_part_left_by_a_killed_run_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Fault(on="GET", kind="cut_answer", parameters={"after_bytes": 1_500_000})
    then = Fault(on="GET", kind="cut_answer", times=6, parameters={"after_bytes": 0})
    with seam(tmp_path, monkeypatch, first, then, competitions=[big(tmp_path)]) as here:
        target = tmp_path / "all.zip"
        with pytest.raises(errors.Transient, match="broke off"):
            here.client.competitions.download(SLUG, target)
        assert not target.exists()
        part = (tmp_path / "all.zip.part").stat().st_size
        assert part > 0
        seen: list[int] = []
        here.client.competitions.download(SLUG, target, progress=lambda done, total: seen.append(done))
        assert seen[0] > part
        assert zipfile.ZipFile(target).testzip() is None


def test_a_part_of_other_bytes_is_not_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        target = tmp_path / "all.zip"
        (tmp_path / "all.zip.part").write_bytes(b"old" * 100)
        (tmp_path / "all.zip.part.json").write_text('{"validator": "\\"an old tag\\""}')
        here.client.competitions.download(SLUG, target)
        assert zipfile.ZipFile(target).testzip() is None
        (tmp_path / "all.zip.part").write_bytes(b"old" * 100)
        here.client.competitions.download(SLUG, target)  # a part that nothing is known about
        assert zipfile.ZipFile(target).testzip() is None


def test_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        got = here.client.competitions.download(SLUG, tmp_path / "test.csv", file="test.csv")
        assert got.read_bytes() == (tmp_path / "csv" / "test.csv").read_bytes()
        with pytest.raises(errors.NotFound):
            here.client.competitions.download(SLUG, tmp_path / "x", file="../secret")


def test_rules_name_the_page_to_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch, competitions=[hosted(tmp_path / "csv", rules_accepted=False)]) as here:
        with pytest.raises(errors.RulesNotAccepted, match=rf"https://www\.kaggle\.com/competitions/{SLUG}/rules"):
            download(here.client, SLUG, tmp_path / "data")
        with pytest.raises(errors.RulesNotAccepted):
            here.client.competitions.download(SLUG, tmp_path / "all.zip")


@pytest.mark.parametrize(("name", "mode"), [("../evil.csv", 0o100644), ("/evil.csv", 0o100644), ("evil.csv", 0o120777)])
def test_an_archive_that_would_escape_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, mode: int
) -> None:
    """Names that lead out of the folder, and a link."""
    with seam(tmp_path, monkeypatch) as here:
        data = tmp_path / "data" / SLUG
        served = here.server.world.competition_folder(SLUG)
        with zipfile.ZipFile(served / f"{SLUG}.zip", "w") as archive:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "/etc/passwd")
        with pytest.raises(ArchiveError, match=r"unsafe|link"):
            download(here.client, SLUG, data)
        assert not list(tmp_path.rglob("evil.csv"))
        (served / f"{SLUG}.zip").unlink()
        assert download(here.client, SLUG, data).fetched


@pytest.mark.parametrize(
    ("content", "complaint"), [("id\n", "has train.csv in other sizes"), (None, "lacks train.csv")]
)
def test_less_than_kaggle_lists_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, complaint: str
) -> None:
    with seam(tmp_path, monkeypatch) as here:
        served = here.server.world.competition_folder(SLUG)
        with zipfile.ZipFile(served / f"{SLUG}.zip", "w") as archive:
            for name in NAMES - {"train.csv"}:
                archive.write(tmp_path / "csv" / name, name)
            if content is not None:
                archive.writestr("train.csv", content)
        with pytest.raises(errors.Damaged, match=complaint):
            download(here.client, SLUG, tmp_path / "data")
        assert receipt(tmp_path / "data") is None


def test_the_time_zone_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """East of UTC the official client keeps an older local file, because it compares two kinds of time."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    with seam(tmp_path, monkeypatch) as here:
        target = tmp_path / "test.csv"
        target.write_text("stale" * 1000)
        here.client.competitions.download(SLUG, target, file="test.csv")
        assert target.read_bytes() == (tmp_path / "csv" / "test.csv").read_bytes()


def test_d28_of_two_downloads_into_one_folder_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch, Fault(on="GET", kind="slow", parameters={"seconds": 0.5})) as here:
        with ThreadPoolExecutor(2) as threads:
            two = [threads.submit(download, here.client, "toy-csv", tmp_path / "data") for _ in range(2)]
        (refused,) = filter(None, (each.exception() for each in two))
        assert isinstance(refused, errors.KaggleError)
        assert "another process is downloading into" in str(refused)
        assert receipt(tmp_path / "data") is not None
        assert not download(here.client, "toy-csv", tmp_path / "data").fetched
