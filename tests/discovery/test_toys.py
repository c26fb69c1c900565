"""What is found in the shapes of real competitions, and that what is written of them works."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from toy_files import Toy, write
from toys import TOYS

import competitions
from common import data, registry
from common.discovery import writing
from common.discovery.discover import discover
from common.discovery.findings import Hints
from common.splits.folds import make_folds


@pytest.fixture(params=TOYS, ids=lambda toy: toy.slug)
def toy(request: pytest.FixtureRequest) -> Toy:
    made: Toy = request.param
    return made


@pytest.fixture
def folder(toy: Toy, tmp_path: Path) -> Path:
    return write(tmp_path / "data", toy.files)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project, whose competitions the registry finds."""
    root = tmp_path / "project"
    (root / "competitions").mkdir(parents=True)
    monkeypatch.setattr(competitions, "__path__", [str(root / "competitions")])
    yield root
    for name in [name for name in sys.modules if name.partition(".")[2].partition(".")[0] == "toy"]:
        del sys.modules[name]


def test_the_shape_is_found_and_its_description_works(toy: Toy, folder: Path, project: Path) -> None:
    hints = Hints(metric=toy.metric, **toy.hints)
    found = discover(folder, "toy", toy.slug, hints)
    writing.write(found, project / "competitions", project / "kernels")
    importlib.invalidate_caches()
    competition = registry.get("toy")
    assert competition.submission.id == toy.id
    assert competition.target == toy.target
    assert (competition.predicts, competition.submission.cell.kind) == (toy.predicts, toy.cell)
    assert (found.application, found.trained) == (toy.application, toy.trained)
    assert (competition.split.kind, competition.split.group) == (
        toy.split,
        toy.group or ("duplicate_group" if toy.split == "stratified_group" and toy.application == "vision" else None),
    )
    frames = data.read(competition, folder)
    ids = data.ids(frames.test, competition.files.test)
    if frames.sample_submission is not None:
        assert set(frames.sample_submission[toy.id]) == set(ids)
    if competition.split.group in (None, toy.group):
        folds = make_folds(frames.training, competition.split)
        assert len(np.unique(folds[folds >= 0])) == competition.split.n_splits
    if found.application != "nothing":
        assert registry.models("toy").task.targets == competition.targets  # type: ignore[attr-defined]
