"""Features of pictures: computed once, whoever asks, and bounded on the disk."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from picture_files import photo, saved

from common.errors import SettingError
from common.model import Context
from common.vision import features as module
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
    pictures = open_cache(paths, context.cache, size=48)
    return pd.DataFrame({ENTRY: str(pictures.folder), ROW: range(6)})


def sized(size: int, **changes: Any) -> Frozen:
    return replace(CONFIG, sizes=(size,), **changes)


def test_they_are_computed_once(context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    first = features(frame, CONFIG, context)
    monkeypatch.setattr(module, "Predictor", None)
    again = features(frame[::-1], CONFIG, context)
    for name, block in first.items():
        assert np.array_equal(block, again[name][::-1]) and block.std() > 0


def test_they_are_computed_in_parts(context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = features(frame, CONFIG, context)
    monkeypatch.setattr(module, "PART", 4)
    parts = features(frame, CONFIG, context)
    assert len(list(context.cache.glob("features-*"))) == 3
    for name, block in whole.items():
        assert np.allclose(block, parts[name], atol=1e-5)


def test_of_two_that_ask_at_once_one_computes_them(
    context: Context, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    computing, waits, loads = threading.Event(), threading.Event(), []
    load = module.kept_backbone

    def slow(context: Context) -> Any:
        loads.append(context)
        computing.set()
        assert waits.wait(60)
        return load(context)

    monkeypatch.setattr(module, "kept_backbone", slow)
    monkeypatch.setattr(context.progress, "say", lambda line: "waiting" in line and waits.set())
    found: list[Any] = []
    first = threading.Thread(target=lambda: found.append(features(frame, CONFIG, context)))
    first.start()
    assert computing.wait(60)
    found.append(features(frame, CONFIG, context))
    first.join()
    assert len(loads) == 1
    assert all(np.array_equal(block, found[1][name]) for name, block in found[0].items())


def test_the_bound_holds_for_pictures_and_features_together(context: Context, frame: pd.DataFrame) -> None:
    features(frame, CONFIG, context)
    (pictures,) = context.cache.glob("pictures-*")
    (other,) = context.cache.glob("features-*")
    size = sum(file.stat().st_size for file in other.iterdir())
    features(frame, sized(33, cache_gb=1.5 * size / 1e9), context)
    assert not pictures.exists() and not other.exists()
    assert len(list(context.cache.glob("features-*"))) == 1


def test_more_than_is_allowed_is_refused_with_the_figure(context: Context, frame: pd.DataFrame) -> None:
    with pytest.raises(SettingError, match=r"features of 6 pictures take 0\.00 GB, more than .* \(--set cache_gb="):
        features(frame, sized(32, cache_gb=1e-7), context)
    assert not list(context.cache.glob("features-*"))
