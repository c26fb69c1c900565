"""Sample data are made from the description alone, and a baseline learns something of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import kit
from toy_files import Toy, write
from toys import TOYS

import competitions
from common import data, registry
from common.discovery import writing
from common.discovery.discover import discover
from common.discovery.findings import Hints
from common.errors import DataError
from common.splits.folds import make_folds

BY_SLUG = {toy.slug: toy for toy in TOYS}
SHAPES = (
    "spaceship-titanic", "nomad2018-predict-transparent-conductors", "playground-series-s3e13", "leaf-classification",
    "store-sales-like", "champs-scalar-coupling", "tweet-sentiment-extraction", "jigsaw-toxic-comment-classification-challenge",
    "lmsys-chatbot-arena", "random-acts-of-pizza", "icecube-like-parquet", "numbered-rows",
    "detecting-insults-in-social-commentary",
    "aerial-cactus-identification", "plant-pathology-2020-fgvc7", "plant-seedlings-classification", "petfinder-pawpularity-score",
    "dogs-vs-cats-redux-kernels-edition", "imet-2020-fgvc7", "label-at-the-end-of-names",
    "lish-moa", "amex-default-prediction", "telstra-recruiting-network", "champs-with-structures", "kobe-bryant-shot-selection",
    "predict-volcanic-eruptions-with-segments", "rows-told-apart-by-date-and-store", "recruit-restaurant-visitor-forecasting",
    "data-science-london-scikit-learn", "ml2021spring-hw2", "essays-in-files", "train-in-numbered-files",
)  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty project, whose competitions the registry finds."""
    root = tmp_path / "project"
    (root / "competitions").mkdir(parents=True)
    monkeypatch.setattr(competitions, "__path__", [str(root / "competitions")])
    yield root
    for name in [name for name in sys.modules if name.startswith("competitions.toy")]:
        del sys.modules[name]


def described(toy: Toy, project: Path) -> None:
    folder = write(project / "data", toy.files)
    found = discover(folder, "toy", toy.slug, Hints(metric=toy.metric, **toy.hints))
    writing.write(found, project / "competitions", project / "kernels")
    importlib.invalidate_caches()


@pytest.mark.parametrize("slug", SHAPES)
def test_a_description_is_enough_for_sample_data(slug: str, project: Path, tmp_path: Path) -> None:
    described(BY_SLUG[slug], project)
    competition = registry.get("toy")
    folder = tmp_path / "sample"
    written = registry.sample("toy").make(folder, 200, 0)
    frames = data.read(competition, folder)
    assert frames.sample_submission is not None
    ids = set(data.ids(frames.test, competition.files.test))
    assert set(frames.sample_submission[competition.submission.id]) == ids
    assert written["answers.csv"] == len(ids) == len(frames.test) and len(frames.training) + len(ids) == 200
    group = competition.split.group
    if group is not None and group in frames.test and competition.split.group_before is None:
        assert not set(frames.training[group]) & set(frames.test[group])
    if group is None or group in frames.training:
        assert (make_folds(frames.training, competition.split) >= 0).any()
    again = tmp_path / "again"
    registry.sample("toy").make(again, 200, 0)
    assert (again / "answers.csv").read_bytes() == (folder / "answers.csv").read_bytes()


def test_boxes_are_not_made_up(project: Path, tmp_path: Path) -> None:
    described(BY_SLUG["global-wheat-like-boxes"], project)
    with pytest.raises(
        DataError, match=r"sample data with boxes cannot be made from a description; write a sample\.py"
    ):
        registry.sample("toy").make(tmp_path / "sample", 40, 0)


@pytest.mark.slow
def test_a_dry_run_of_a_description_is_better_than_nothing(
    project: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described(BY_SLUG["spaceship-titanic"], project)
    said = kit(capsys, "dry-run", "toy", "--rows", 240, "--json")
    assert said.code == 0, said.err
    assert said.json["hidden"]["accuracy"] > 0.6
