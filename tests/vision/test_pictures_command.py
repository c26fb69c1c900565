"""kit pictures check on a folder as somebody has collected it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from kit import kit
from PIL import Image


@pytest.fixture
def collected(tmp_path: Path) -> Path:
    """Two folders of pictures: one is there twice in another size, one file is a web page, one is empty."""
    folder, rng = tmp_path / "mine", np.random.default_rng(0)
    for label in ("bird", "other"):
        (folder / label).mkdir(parents=True)
        for number in range(3):
            coarse = Image.fromarray(rng.integers(0, 255, (8, 8, 3), dtype=np.uint8))
            coarse.resize((600, 300), Image.Resampling.BICUBIC).save(folder / label / f"{number}.jpg")
    with Image.open(folder / "bird" / "0.jpg") as image:
        image.resize((120, 60)).save(folder / "bird" / "again.png")
    (folder / "other" / "page.jpg").write_text("<html>not found</html>")
    (folder / "other" / "empty.jpg").touch()
    return folder


def test_what_lies_there_is_said(collected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, "pictures", "check", collected, "--json").json
    assert said["files"] == 9 and said["labels"] == {"bird": 4, "other": 3}
    assert said["sizes"] == {"600 × 300": 6, "120 × 60": 1}
    assert set(said["unreadable"]) == {"other/page.jpg", "other/empty.jpg"}
    assert said["alike"] == ["bird/0.jpg = bird/again.png"]
    assert said["removed"] == said["resized"] == 0 and len(list(collected.rglob("*.*"))) == 9
    lines = kit(capsys, "pictures", "check", collected).out
    assert "9 files, 2 unreadable files" in lines and "alike       bird/0.jpg = bird/again.png" in lines


def test_unreadable_files_are_removed_and_large_ones_made_smaller(
    collected: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, "pictures", "check", collected, "--remove", "--resize", 400, "--json").json
    assert said["removed"] == 2 and said["resized"] == 6
    sizes = {}
    for path in collected.rglob("*.*"):
        with Image.open(path) as image:
            sizes[path.name] = (image.size, image.format)
    assert sizes["0.jpg"] == ((400, 200), "JPEG") and sizes["again.png"] == ((120, 60), "PNG")
    again = kit(capsys, "pictures", "check", collected, "--remove", "--resize", 400, "--json").json
    assert again["removed"] == again["resized"] == 0 and again["unreadable"] == {}


def test_an_archive_is_looked_at_and_stays(collected: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive = shutil.make_archive(str(collected.with_name("packed")), "zip", collected)
    assert kit(capsys, "pictures", "check", archive, "--json").json["files"] == 9
    assert "stays as it is; unpack it" in kit(capsys, "pictures", "check", archive, "--remove").complaint
    assert "is not there" in kit(capsys, "pictures", "check", collected / "nowhere").complaint
