"""What Kaggle says by now of submissions that the ledger knows: scores and ranks, each new thing once."""

from __future__ import annotations

from pathlib import Path

import pytest
from kaggle_seam import seam
from stand_in_world import toy

from common.analysis.board import board
from common.kaggle.ranks import rank_of, refresh
from common.kaggle.results import LeaderboardRow
from common.kaggle.submit import submit
from common.runs.ledger import Ledger

CSV = toy("csv")


def test_a_rank_is_that_of_the_scores_that_are_better() -> None:
    rows = [
        LeaderboardRow(rank=number, team="t", score=score) for number, score in enumerate(("0.9", "0.8", "", "0.7"), 1)
    ]
    assert [rank_of(score, rows, "pearson") for score in (1.0, 0.8, 0.75, 0.1)] == [1, 2, 3, 4]
    assert [rank_of(score, rows, "rmse") for score in (1.0, 0.1)] == [4, 1]


def test_scores_and_ranks_are_added_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with seam(tmp_path, monkeypatch) as here:
        ledger = Ledger(tmp_path / "submissions" / "ledger.csv")
        assert refresh(here.client, CSV, ledger) == 0  # of an empty ledger nothing is asked
        submit(
            here.client, CSV, tmp_path / "csv" / "sample_submission.csv", "first", ledger=ledger, confirm=lambda _: True,
            sample=tmp_path / "csv" / "sample_submission.csv", clock=here.hourglass.clock, run="r1",
        )  # fmt: skip
        assert refresh(here.client, CSV, ledger) == 1
        assert refresh(here.client, CSV, ledger) == 0
        (entry,) = board(CSV.name, CSV.metric, ledger.path.parent).entries
        assert entry.run == "r1" and entry.public is not None and entry.rank == 2 and entry.teams == 4
