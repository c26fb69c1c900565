"""Where scores stand on Kaggle's board, and what it says by now of submissions that the ledger knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from common.competition import Competition
from common.kaggle.results import LeaderboardRow
from common.metrics.table import get
from common.wording import number

if TYPE_CHECKING:
    from common.kaggle.official import Client
    from common.runs.ledger import Ledger

_NEWEST = 200
_SAID = ("public", "private", "rank", "teams")


def rank_of(score: float, board: Iterable[LeaderboardRow], metric: str) -> int:
    """Return the rank that a score would have on a board, counted from 1."""
    sign = 1 if get(metric).greater_is_better else -1
    return 1 + sum(sign * other > sign * score for row in board if (other := number(row.score)) is not None)


def refresh(client: Client, competition: Competition, ledger: Ledger) -> int:
    """Add a line for each submission of which Kaggle says something new: a score, the private one, another rank.

    Returns:
        The number of lines added.

    Raises:
        KaggleError: see `common.kaggle.official`.
    """
    known = {row["ref"]: row for row in ledger.rows() if row.get("ref")}
    if not known:
        return 0
    board, added = client.competitions.leaderboard(competition.slug), 0
    for submission in reversed(client.competitions.submissions(competition.slug, newest=_NEWEST)):
        before = known.get(str(submission.ref))
        if before is None or (score := number(submission.public_score)) is None:
            continue
        rank = rank_of(score, board, competition.metric)
        said = {
            "public": submission.public_score, "private": submission.private_score, "rank": str(rank),
            "teams": str(max(len(board), rank)),
        }  # fmt: skip
        if any(said[name] != before.get(name, "") for name in _SAID):
            line = {name: before.get(name, "") for name in ("run", "metric", "file", "sha256", "message", "ref")}
            ledger.add("scored", **line, status=submission.state.name, **said)
            added += 1
    return added
