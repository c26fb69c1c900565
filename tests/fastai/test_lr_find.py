"""The learning-rate finder: suggestions, a plot, and networks left as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit import kit
from PIL import Image

from common import registry
from common.config import resolve

TINY = ("backbone=test_resnet", "weights=random", "batch_size=8", "workers=0")


@pytest.fixture(scope="module")
def pets_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pets")
    registry.sample("pets").make(folder, 60, 0)
    return folder


def words(data: Path, profile: str, *settings: str) -> list[object]:
    return ["lr-find", "pets", "--data", data, "--profile", profile, *(f"--set={each}" for each in settings)]


RULES = {"valley", "slide", "minimum", "steep"}


@pytest.mark.slow
def test_it_suggests_rates_and_draws_them(
    pets_data: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "rates.png"
    settings = (*TINY, "sizes=32", "tuning.size=32", "split.n_splits=2")
    said = kit(capsys, *words(pets_data, "best", *settings), "--out", out, "--json")
    assert said.code == 0, said.err
    search = said.json
    assert set(search["suggestions"]) == RULES
    assert all(1e-8 < rate < 10 for rate in search["suggestions"].values())
    assert len(search["rates"]) == len(search["losses"]) > 10
    assert search["rates"] == sorted(search["rates"])
    with Image.open(out) as picture:
        assert picture.size[0] > 500
    assert not list(home.rglob("*.pth")), "fastai's own files are gone"


@pytest.mark.slow
def test_it_prints_a_table(pets_data: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = kit(capsys, *words(pets_data, "course", *TINY, "size=32"))
    assert said.code == 0, said.err
    first, _, header, *rows = said.out.splitlines()[:7]
    assert header.split() == ["rule", "learning", "rate"]
    rates = dict(row.split() for row in rows)
    assert set(rates) == RULES and all(1e-8 < float(rate) < 10 for rate in rates.values())
    suggestion = first.removeprefix("suggested by valley: --set ")
    assert suggestion.startswith("learning_rate=")
    resolve(registry.get("pets"), "course", [suggestion])  # the setting takes it
    assert (home / "build" / "lr-find" / "pets-course.png").is_file()
    assert not list(home.rglob("*.pth")), "fastai's own files are gone"


def test_a_dot_lies_on_the_curve() -> None:
    """C4."""
    from common.fastai.learner import RateSearch
    from common.vision import figures

    search = RateSearch(
        rates=[1e-4, 1e-3, 1e-2], losses=[3.0, 1.0, 2.0], suggestions={"valley": 4e-4, "slide": 2e-3}, setting="lr"
    )
    curve, *dots = figures.rates(search).axes[0].lines
    points = set(zip(*curve.get_data(), strict=True))
    assert len(dots) == 2 and all(set(zip(*dot.get_data(), strict=True)) <= points for dot in dots)


def test_what_trains_no_network_is_told(
    pets_data: Path, sample_data: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = kit(capsys, *words(pets_data, "baseline", "size=32", "cell=4"))
    assert said.code == 1 and "this profile trains no network" in said.complaint
    said = kit(capsys, "lr-find", "patent", "--data", sample_data)
    assert said.code == 1 and "offers no learning-rate finder" in said.complaint
