"""The public leaderboard of a competition."""

from __future__ import annotations

from dataclasses import dataclass

from common.competition import Competition
from common.rehearsal.stand_in.store import Document, Store


@dataclass(frozen=True)
class Team:
    """One row: a user with the best public score of its submissions, and how many of them were scored."""

    number: int
    name: str
    date: str
    score: str
    submissions: int


def ranking(store: Store, competition: Competition) -> list[Team]:
    """Return the teams, best first; of equal scores the earlier one stands higher."""
    from common.metrics.table import get

    sign = -1 if get(competition.metric).greater_is_better else 1
    scored: dict[str, list[Document]] = {}
    for item in store.all("submission"):
        if item["competition"] == competition.slug and item["status"] == "COMPLETE":
            scored.setdefault(item["user"], []).append(item)
    teams = []
    for number, (user, items) in enumerate(scored.items(), 1):
        best = min(items, key=lambda item: sign * float(item["publicScore"]))
        teams.append(Team(number, user, best["date"], best["publicScore"], len(items)))
    return sorted(teams, key=lambda team: (sign * float(team.score), team.date))
