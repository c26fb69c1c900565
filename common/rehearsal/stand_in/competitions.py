"""Competitions: description, data files, leaderboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.responses import Response

from common.competition import Competition
from common.rehearsal.stand_in.answers import Body, Call, Handler, Refusal
from common.rehearsal.stand_in.grading import benchmarks
from common.rehearsal.stand_in.hidden import SERVED
from common.rehearsal.stand_in.store import Document, Store
from common.rehearsal.stand_in.submissions import daily_limit
from common.rehearsal.stand_in.transfers import Transfers
from common.rehearsal.stand_in.world import Hosted, World, stamp

LOCAL = " Graded by this stand-in only: there is no such page on Kaggle."


class Competitions:
    """The part of `competitions.CompetitionApiService` that reads."""

    def __init__(self, world: World, transfers: Transfers) -> None:
        self._world, self._transfers = world, transfers

    def handlers(self) -> dict[str, Handler]:
        """Return the methods by name."""
        return {
            "GetCompetition": self.get,
            "ListCompetitions": self.list_all,
            "ListDataFiles": self.files,
            "DownloadDataFile": self.download_file,
            "DownloadDataFiles": self.download_all,
            "GetLeaderboard": self.leaderboard,
        }

    def get(self, call: Call) -> Body:
        """Describe a competition."""
        return self._described(self._world.competition(call.text("competitionName")))

    def list_all(self, call: Call) -> Body:
        """List the competitions, or those whose name or title holds what is searched."""
        described = [self._described(hosted) for _, hosted in sorted(self._world.hosted.items())]
        page, token = call.page([item for item in described if call.finds(item["ref"], item["title"])])
        return {"competitions": page, "nextPageToken": token}

    def _described(self, hosted: Hosted) -> Body:
        competition = hosted.competition
        return {
            "id": 1 + sorted(self._world.hosted).index(competition.slug),
            "ref": competition.url,
            "title": competition.title,
            "url": competition.url,
            "description": competition.summary + (LOCAL if competition.local else ""),
            "userHasEntered": hosted.rules_accepted,
            "maxDailySubmissions": daily_limit(competition),
            "teamCount": len(ranking(self._world.store, competition)),
            "evaluationMetric": competition.metric,
            "isKernelsSubmissionsOnly": competition.submitted_as == "kernel",
            "submissionsDisabled": hosted.submissions_disabled,
            **({"deadline": stamp(hosted.deadline)} if hosted.deadline is not None else {}),
        }

    def _open(self, call: Call) -> tuple[Hosted, Path]:
        hosted = self._world.competition(call.text("competitionName"))
        if not hosted.rules_accepted:
            raise Refusal(403, "You must accept this competition's rules before you'll be able to download files.")
        return hosted, self._world.competition_folder(hosted.competition.slug)

    def files(self, call: Call) -> Body:
        """List the data files."""
        _, folder = self._open(call)
        root = folder / SERVED
        paths = sorted(path for path in root.rglob("*") if path.is_file())
        page, token = call.page(paths)
        return {"files": [_data_file(path, root) for path in page], "nextPageToken": token}

    def download_file(self, call: Call) -> Response:
        """Redirect the client to one data file."""
        _, folder = self._open(call)
        root, name = folder / SERVED, call.text("fileName")
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()) or not path.is_file():
            raise Refusal(404, f"Not found: {name}")
        return self._transfers.redirect(call, root / name)

    def download_all(self, call: Call) -> Response:
        """Redirect the client to a zip of all data files, made when it is first requested."""
        hosted, folder = self._open(call)
        return self._transfers.redirect_to_zip(call, folder / SERVED, folder / f"{hosted.competition.slug}.zip")

    def leaderboard(self, call: Call) -> Body:
        """List the teams, best public score first, and the benchmarks among them."""
        competition = self._world.competition(call.text("competitionName")).competition
        folder = self._world.competition_folder(competition.slug)
        since = stamp(datetime.fromtimestamp(folder.stat().st_mtime, UTC))
        marks = [Team(name, since, f"{score:.5f}") for name, score in benchmarks(competition, folder).items()]
        teams, token = call.page(ranking(self._world.store, competition, *marks))
        rows = [{"teamName": team.name, "submissionDate": team.date, "score": team.score} for team in teams]
        return {"submissions": rows, "nextPageToken": token}


@dataclass(frozen=True)
class Team:
    """One row of the leaderboard: a user with the best public score of its submissions."""

    name: str
    date: str
    score: str


def ranking(store: Store, competition: Competition, *others: Team) -> list[Team]:
    """Return the teams, and others with them, best first; of equal scores the earlier one ranks higher."""
    from common.metrics.table import get

    sign = -1 if get(competition.metric).greater_is_better else 1
    scored: dict[str, list[Document]] = {}
    for item in store.all("submission"):
        if item["competition"] == competition.slug and item["status"] == "COMPLETE":
            scored.setdefault(item["user"], []).append(item)
    teams = [*others]
    for user, items in scored.items():
        best = min(items, key=lambda item: sign * float(item["publicScore"]))
        teams.append(Team(user, best["date"], best["publicScore"]))
    return sorted(teams, key=lambda team: (sign * float(team.score), team.date))


def _data_file(path: Path, root: Path) -> Body:
    name, stat = path.relative_to(root).as_posix(), path.stat()
    created = datetime.fromtimestamp(stat.st_mtime, UTC)
    return {"ref": name, "name": name, "totalBytes": stat.st_size, "creationDate": stamp(created)}
