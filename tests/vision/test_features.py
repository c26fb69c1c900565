"""Features of pictures: computed once, whoever asks, and bounded on the disk."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from picture_files import photo, saved

from common.errors import DeviceError, SettingError
from common.files import locked
from common.model import Context
from common.vision import features as module
from common.vision.eviction import INDEX
from common.vision.features import features, keep_backbone
from common.vision.pictures.cache import open_cache
from common.vision.rows import ENTRY, ROW
from common.vision.settings import Frozen

CONFIG = Frozen(backbone="test_resnet", weights="random", sizes=(32,))


@pytest.fixture
def context(context: Context) -> Context:
    keep_backbone(CONFIG.backbone, CONFIG.weights, CONFIG.sizes, CONFIG.seed, context)
    return context


@pytest.fixture
def frame(tmp_path: Path, context: Context) -> pd.DataFrame:
    paths = [str(tmp_path / f"{seed}.jpg") for seed in range(6)]
    for seed, path in enumerate(paths):
        Path(path).write_bytes(saved(photo(seed)))
    pictures = open_cache(paths, context.cache / "pictures", size=48)
    return pd.DataFrame({ENTRY: str(pictures.folder), ROW: range(6)})


def sized(size: int, **changes: Any) -> Frozen:
    return replace(CONFIG, sizes=(size,), **changes)


def entry(size: int, context: Context) -> Path | None:
    """Return the folder with the features at a size."""
    indices = (context.cache / "features").glob(f"*/{INDEX}")
    return next((index.parent for index in indices if f"[{size}]" in index.read_text()), None)


def there(context: Context) -> list[int]:
    return [size for size in (32, 33, 34, 35) if entry(size, context)]


def test_they_are_computed_once(context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    first = features(frame, CONFIG, context)
    monkeypatch.setattr(module, "Eye", None)
    again = features(frame[::-1], CONFIG, context)
    for name, block in first.items():
        assert np.array_equal(block, again[name][::-1]) and block.std() > 0


def test_of_two_that_ask_at_once_one_computes_them(
    context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing, waits, loads = threading.Event(), threading.Event(), []
    load = module._Extractor._load

    def slow(extractor: Any) -> None:
        loads.append(extractor)
        computing.set()
        assert waits.wait(60)
        load(extractor)

    monkeypatch.setattr(module._Extractor, "_load", slow)
    monkeypatch.setattr(context.progress, "say", lambda line: waits.set())
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(features(frame, CONFIG, context)))
    first.start()
    assert computing.wait(60)
    found.append(features(frame, CONFIG, context))
    first.join()
    assert len(loads) == 1
    assert all(np.array_equal(block, found[1][name]) for name, block in found[0].items())


def test_those_not_used_for_longest_leave_and_never_those_in_use(context: Context, frame: pd.DataFrame) -> None:
    features(frame, CONFIG, context)
    size = sum(file.stat().st_size for file in entry(32, context).iterdir())  # type: ignore[union-attr]
    room = 3.5 * size / 1e9
    for number in (33, 34):
        features(frame, sized(number), context)
    for age, number in ((300, 32), (200, 33), (100, 34)):
        index = entry(number, context) / INDEX  # type: ignore[operator]
        os.utime(index, (index.stat().st_mtime - age,) * 2)
    features(frame, CONFIG, context)  # used again, so that another one is next
    features(frame, sized(35, cache_gb=room), context)
    assert there(context) == [32, 34, 35]
    with locked(entry(34, context)):  # type: ignore[arg-type]
        features(frame, sized(33, cache_gb=room), context)
        assert there(context) == [33, 34, 35]
    features(frame, sized(32, cache_gb=1.5 * size / 1e9), context)
    assert there(context) == [32]
    left = {path.name for path in (context.cache / "features").iterdir()}
    folder = entry(32, context)
    assert folder and left == {folder.name}


def test_more_than_is_allowed_is_refused_with_the_figure(context: Context, frame: pd.DataFrame) -> None:
    with pytest.raises(SettingError, match=r"features of 6 pictures take 0\.00 GB, more than .* \(--set cache_gb="):
        features(frame, sized(32, cache_gb=1e-7), context)
    assert not list(context.cache.glob("features/*/*.npz"))


def test_a_full_disk_is_told(context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.vision.eviction.free_disk", lambda folder: 1000)
    with pytest.raises(DeviceError, match=r"features of 6 pictures take .* GB of disk are free"):
        features(frame, CONFIG, context)
