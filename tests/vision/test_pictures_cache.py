"""The cache of pictures: whole or not there, made once, shared, bounded."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from picture_files import bad, good, mutated, photo, saved

from common.data.zipped import members
from common.environment import PROJECT
from common.errors import DataError, SettingError
from common.progress import Progress
from common.vision.pictures import cache as module
from common.vision.pictures.cache import PictureCache, entry_at, open_cache
from common.vision.pictures.decode import decode_with_thumb

# Opens the pictures of a folder and says what it saw; stops for ever at the picture of a number, or at the very end.
OPEN = """
import hashlib, sys, threading
from itertools import count
from pathlib import Path
from common import files
from common.vision.pictures import cache as module
from common.progress import Progress

def stop(*_):
    print("stopped", flush=True)
    threading.Event().wait()

folder, root, stop_at = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
numbers, decode = count(), module.decode_with_thumb
if stop_at.isdecimal():
    module.decode_with_thumb = lambda *given: (stop if next(numbers) == int(stop_at) else decode)(*given)
elif stop_at == "end":
    files.os.fsync = stop
print("ready", flush=True)
sys.stdin.readline()
paths = sorted(str(path) for path in folder.iterdir())
cache = module.open_cache(paths, root, size=64, progress=Progress(sys.stdout, live=False))
print("pixels", hashlib.sha256(cache.pixels.tobytes()).hexdigest())
"""


def write(folder: Path, files: dict[str, bytes]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [str(folder / name) for name in files]


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    return write(tmp_path / "photos", {f"{seed}.jpg": saved(photo(seed)) for seed in range(10)})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def start(*words: object) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    started = subprocess.Popen(
        [sys.executable, "-c", OPEN, *map(str, words)], env=environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert started.stdout.readline() == "ready\n"
    return started


def test_pixels_are_what_was_decoded(photos: list[str], root: Path) -> None:
    cache = open_cache(photos, root, size=48)
    assert (cache.pixels.shape, cache.pixels.dtype, len(cache)) == ((10, 48, 48, 3), np.uint8, 10)
    for row, path in enumerate(photos):
        pixels, thumb = decode_with_thumb(Path(path).read_bytes(), 48)
        assert np.array_equal(cache.pixels[row], pixels)
        assert np.array_equal(cache.thumbs[row], thumb)
    assert cache.rows(photos[::-1]).tolist() == list(range(10))[::-1]
    with pytest.raises(ValueError, match="read-only"):
        cache.pixels[0] = 0


def test_files_of_every_kind_in_one_folder(tmp_path: Path, root: Path) -> None:
    files = bad() | good()
    paths = write(tmp_path / "mixed", files)
    said = io.StringIO()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        cache = open_cache(paths, root, size=24, progress=Progress(said))
    assert not [str(warning.message) for warning in caught], "Pillow's are kept back"
    assert [Path(paths[row]).name for row in cache.unreadable] == list(bad())
    assert cache.readable.sum() == len(good())
    assert not cache.pixels[~cache.readable].any()
    assert cache.pixels[cache.readable].reshape(len(good()), -1).any(axis=1).all()
    assert f"{len(files)} pictures at 24 × 24 take 0.00 GB of disk" in said.getvalue()
    assert f"{len(bad())} unreadable" in said.getvalue()


def test_mutated_jpegs_are_built(tmp_path: Path, root: Path) -> None:
    paths = write(tmp_path / "mutated", {f"{number}.jpg": data for number, data in enumerate(mutated(500))})
    cache = open_cache(paths, root, size=32)
    assert len(cache) == 500
    assert all(cache.unreadable.values())
    assert 50 < cache.readable.sum() < 500


def test_an_archive_is_read_and_a_damaged_member_is_unreadable(tmp_path: Path, root: Path) -> None:
    archive = tmp_path / "train.zip"
    with zipfile.ZipFile(archive, "w") as handle:
        for seed in range(3):
            handle.writestr(f"train/{seed}.jpg", saved(photo(seed)))
    data = bytearray(archive.read_bytes())
    data[data.index(b"train/1.jpg") + 400] ^= 0xFF
    archive.write_bytes(data)
    cache = open_cache([f"{archive}/{name}" for name in members(archive)], root, size=24)
    assert list(cache.unreadable) == [1]
    assert "CRC" in cache.unreadable[1]


def test_it_is_made_once(photos: list[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_cache(photos, root, size=24)
    monkeypatch.setattr(module, "_build", None)
    again = open_cache(photos, root, size=24)
    assert again.folder == first.folder
    assert np.array_equal(again.pixels, PictureCache(first.folder).pixels)
    assert PictureCache(first.folder).paths == photos


def test_another_size_or_file_is_another_entry(photos: list[str], root: Path) -> None:
    folders = {open_cache(photos, root, size=24).folder, open_cache(photos, root, size=32).folder}
    folders.add(open_cache(photos[:9], root, size=24).folder)
    Path(photos[0]).write_bytes(saved(photo(77)))
    changed = open_cache(photos, root, size=24)
    assert len({*folders, changed.folder}) == 4
    assert np.array_equal(changed.pixels[0], decode_with_thumb(saved(photo(77)), 24).pixels)


def test_another_process_maps_the_file_itself(photos: list[str], root: Path) -> None:
    cache = open_cache(photos, root, size=24)
    sent = pickle.dumps(cache)
    assert len(sent) < 3000
    assert np.array_equal(pickle.loads(sent).pixels, cache.pixels)  # noqa: S301  our own bytes


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [0, 50, 99, "end"])
def test_a_kill_while_building_leaves_nothing_that_is_taken_for_whole(
    stop_at: object, tmp_path: Path, root: Path
) -> None:
    paths = sorted(write(tmp_path / "photos", {f"{seed:03}.jpg": saved(photo(seed % 7)) for seed in range(100)}))
    with start(tmp_path / "photos", root, stop_at) as building:
        building.stdin.write("go\n")
        building.stdin.flush()
        for line in building.stdout:
            if line == "stopped\n":
                break
        building.send_signal(signal.SIGKILL)
    assert list(root.glob(".pictures-*.part/pixels.npy"))
    assert not list(root.glob("pictures-*"))
    cache = open_cache(paths, root, size=64)
    assert not cache.unreadable
    for row in (0, 49, 99):
        assert np.array_equal(cache.pixels[row], decode_with_thumb(Path(paths[row]).read_bytes(), 64).pixels)
    assert list(root.iterdir()) == [cache.folder]


@pytest.mark.slow
def test_of_two_processes_one_builds(tmp_path: Path, root: Path) -> None:
    paths = sorted(write(tmp_path / "photos", {f"{seed}.jpg": saved(photo(seed % 7)) for seed in range(100)}))
    with start(tmp_path / "photos", root, "") as one, start(tmp_path / "photos", root, "") as other:
        for process in (one, other):
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=120)[0] for process in (one, other)]
    assert sorted("pictures/s" in text for text in said) == [False, True]
    expected = hashlib.sha256(open_cache(paths, root, size=64).pixels.tobytes()).hexdigest()
    assert [text.splitlines()[-1] for text in said] == [f"pixels {expected}"] * 2


def test_a_damaged_entry_is_made_anew(photos: list[str], root: Path) -> None:
    cache = open_cache(photos, root, size=24)
    for name in ("pixels.npy", "index.json"):
        with (cache.folder / name).open("rb+") as handle:
            handle.truncate(200)
        assert np.array_equal(open_cache(photos, root, size=24).pixels, np.stack([_decoded(path) for path in photos]))


def _decoded(path: str) -> np.ndarray:
    return decode_with_thumb(Path(path).read_bytes(), 24).pixels


def test_more_than_is_allowed_is_refused_with_the_figure(photos: list[str], root: Path) -> None:
    with pytest.raises(SettingError, match=r"10 pictures at 256 × 256 take 0\.00 GB.*at 57 pixels or less"):
        open_cache(photos, root, size=256, max_bytes=100_000)
    assert len(open_cache(photos, root, size=57, max_bytes=100_000)) == 10


def test_wrong_settings(photos: list[str], root: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="size must be between 1 and 4096 pixels, got 0"):
        open_cache(photos, root, size=0)
    with pytest.raises(DataError, match="list of files is empty"):
        open_cache([], root, size=24)
    with pytest.raises(DataError, match=r"gone\.jpg cannot be read"):
        open_cache([*photos, str(tmp_path / "gone.jpg")], root, size=24)
    with pytest.raises(DataError, match=r"other\.jpg is not among the 10 pictures"):
        open_cache(photos, root, size=24).rows(["other.jpg"])


def test_an_interrupt_ends_the_work(photos: list[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "decode_with_thumb", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_cache(photos, root, size=24)
    assert not any(root.iterdir())


def test_who_has_an_entry_open_can_read_it_after_its_eviction(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in ("one.jpg", "two.jpg")]
    for path in paths:
        Path(path).write_bytes(saved(photo(1)))
    first = open_cache(paths, tmp_path / "cache", size=32)
    seen = np.array(first.pixels)
    open_cache(paths, tmp_path / "cache", size=40, max_bytes=2 * 40 * 40 * 3)
    assert not first.folder.exists()
    assert np.array_equal(entry_at(first.folder).pixels, seen)
