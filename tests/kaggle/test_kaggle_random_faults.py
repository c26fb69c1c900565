"""Random faults between push and score: one right submission or a clear refusal, never anything else.

`benchmarks/faults.py` goes the way a thousand times; here it is as often as a test may take.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kaggle_faults import Ending, Road, count
from kaggle_seam import isolate

JOURNEYS, PART = 100, 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    folder = tmp_path_factory.mktemp("road")
    with pytest.MonkeyPatch.context() as patch:
        isolate(folder / "home", patch)
        yield Road(folder)


@pytest.fixture(autouse=True)
def fenced_in(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(road.folder / "home", monkeypatch)


@pytest.mark.parametrize("first", range(0, JOURNEYS, PART))
def test_every_journey_ends_in_one_right_submission_or_a_clear_refusal(first: int, road: Road) -> None:
    endings = [road.journey(seed) for seed in range(first, first + PART)]
    assert count(endings).get("scored", 0) > PART // 3, "most faults pass, so most journeys must arrive"


def test_same_faults_end_the_same_way(road: Road) -> None:
    def again(seed: int) -> Ending:
        return road.journey(seed)

    refused = next(ending for ending in map(again, range(JOURNEYS)) if ending.how != "scored")
    assert again(refused.seed).how == refused.how
