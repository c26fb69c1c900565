from __future__ import annotations

import copy
import os
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.data.archives import extract, inside
from common.errors import ArchiveError, DeviceError


def build(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def refused(archive: Path, into: Path, match: str) -> None:
    with pytest.raises(ArchiveError, match=match) as caught:
        extract(archive, into)
    assert "\n" not in str(caught.value)
    assert not into.exists() or not any(into.iterdir())
    assert [path for path in into.parent.iterdir() if path.name.startswith(f".{into.name}")] == []


def test_files_and_folders_come_out(tmp_path: Path) -> None:
    archive = build(tmp_path / "a.zip", ("train.csv", b"id\n1\n"), ("images/", b""), ("images/ü 1.jpg", b"x" * 5000))
    assert extract(archive, tmp_path / "out") == [Path("train.csv"), Path("images/ü 1.jpg")]
    assert (tmp_path / "out/images/ü 1.jpg").read_bytes() == b"x" * 5000


def test_existing_files_are_replaced_and_others_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a").write_text("old")
    (out / "b").write_text("mine")
    extract(build(tmp_path / "a.zip", ("a", b"new")), out)
    assert ((out / "a").read_text(), (out / "b").read_text()) == ("new", "mine")


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/etc/evil", "a/./b", "a//b", "..", "a\\..\\evil", "C:\\evil", "a\nb", ""]
)
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="unsafe"):
        inside(name)
    if name not in ("", "a//b"):  # which is harmless in an archive
        archive = build(tmp_path / "a.zip", ("good", b"1"), (entry(name, stat.S_IFREG | 0o644), b"2"))
        refused(archive, tmp_path / "out", "unsafe")
    assert not (tmp_path.parent / "evil").exists()


@given(st.text(max_size=30))
def test_a_name_is_either_refused_or_stays_inside(name: str) -> None:
    try:
        path = inside(name)
    except ArchiveError:
        return
    folder = Path("/some/folder")
    assert Path(os.path.normpath(folder / path)).is_relative_to(folder)
    assert Path(os.path.normpath(folder / path)) != folder


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    refused(build(tmp_path / "a.zip", (entry("link", kind | 0o777), b"/etc/passwd")), tmp_path / "out", "link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_names_that_fall_together_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    refused(build(tmp_path / "a.zip", *((name, b"1") for name in names)), tmp_path / "out", "cannot tell apart|both")


def test_bombs_are_refused(tmp_path: Path) -> None:
    archive = build(tmp_path / "a.zip", ("zeros", bytes(3_000_000)))
    assert extract(archive, tmp_path / "fine") == [Path("zeros")]
    with zipfile.ZipFile(archive, "a") as bomb:
        for number in range(99):  # which all have the bytes of the one that is there
            twin = copy.copy(bomb.getinfo("zeros"))
            twin.filename = f"zeros {number}"
            bomb.filelist.append(twin)
        bomb.writestr("end", b"")
    refused(archive, tmp_path / "out", "bomb")


def test_a_size_that_is_a_lie_is_found(tmp_path: Path) -> None:
    archive = build(tmp_path / "a.zip", ("zeros", bytes(100_000)))
    lie = archive.read_bytes().replace((100_000).to_bytes(4, "little"), (50_000).to_bytes(4, "little"))
    archive.write_bytes(lie)
    refused(archive, tmp_path / "out", "cannot be unpacked")


def test_damaged_bytes_are_found(tmp_path: Path) -> None:
    content = os.urandom(10_000)
    archive = build(tmp_path / "a.zip", ("noise", content))
    whole = bytearray(archive.read_bytes())
    whole[5_000] ^= 1
    archive.write_bytes(whole)
    refused(archive, tmp_path / "out", "cannot be unpacked")


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", tmp_path / "out", "cannot be unpacked")


def test_a_password_is_refused(tmp_path: Path) -> None:
    archive = build(tmp_path / "a.zip", ("secret", b"1"))
    raw = bytearray(archive.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(raw)
    refused(archive, tmp_path / "out", "password")


def test_no_room_is_the_machines_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = build(tmp_path / "a.zip", ("a", bytes(1000)))
    full = type("usage", (), {"free": 10})
    monkeypatch.setattr("shutil.disk_usage", lambda path: full)
    with pytest.raises(DeviceError, match="free"):
        extract(archive, tmp_path / "out")
