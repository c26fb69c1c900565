"""The board: every run of a competition in a line, with what it reached here and on Kaggle."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import metrics
from common.errors import KitError
from common.runs.ledger import Ledger
from common.runs.records import RunRecord
from common.runs.run import RECORD, Run
from common.wording import number

LEDGER = "ledger.csv"


@dataclass(kw_only=True)
class Entry:
    """A run, or a kernel's version that was submitted.

    `settings` is what differs from the profile. `cv` is the metric of all OOF rows, `spread` its standard deviation over
    folds; `over_nothing` and `over_baseline` say by how much it is better than the targets' mean (or shares) and than the
    best run of the profile baseline on the same data, of tables boosted trees: positive is better. `beaten` is the share
    of Kaggle's board behind its rank. `here` says whether the run's folder is still there.
    """

    run: str
    profile: str = ""
    settings: str = ""
    data: str = ""
    metric: str = ""
    cv: float | None = None
    fold_scores: tuple[float, ...] = ()
    nothing: float | None = None
    rows: int = 0
    seconds: float | None = None
    status: str = ""
    time: str = ""
    public: float | None = None
    private: float | None = None
    submissions: int = 0
    rank: int | None = None
    teams: int | None = None
    over_nothing: float | None = None
    over_baseline: float | None = None
    here: bool = True

    @property
    def spread(self) -> float | None:
        """The standard deviation over folds, of two at least."""
        count, mean = len(self.fold_scores), sum(self.fold_scores) / max(len(self.fold_scores), 1)
        return math.sqrt(sum((each - mean) ** 2 for each in self.fold_scores) / (count - 1)) if count > 1 else None

    @property
    def beaten(self) -> float | None:
        """The share of the board that it would leave behind."""
        return 1 - self.rank / self.teams if self.rank and self.teams else None


@dataclass(frozen=True, kw_only=True)
class Board:
    """A competition's runs, the best first; `broken` are the numbers of lines of the ledger that cannot be read."""

    competition: str
    metric: str
    entries: tuple[Entry, ...]
    ledger: Path
    broken: tuple[int, ...] = ()


def board(name: str, metric: str, folder: Path) -> Board:
    """Return the board of a competition.

    Args:
        name: of the competition.
        metric: its metric.
        folder: its submissions, `submissions/<name>`; runs that lie there and stand in no ledger are read too.
    """
    ledger = Ledger(folder / LEDGER)
    rows, broken = ledger.read()
    sign = 1 if metrics.get(metric).greater_is_better else -1
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    entries: dict[str, Entry] = {}
    for row in rows:
        key = row.get("run") or row.get("file", "")
        entry = entries.setdefault(key, Entry(run=key, metric=row.get("metric", "")))
        if row.get("event") == "run":
            _add_run(entry, row)
        else:
            _add_score(entry, row, sign)
    for entry in entries.values():
        entry.here = entry.run in there or not entry.profile
    for run in sorted(there - set(entries)):
        if (folder / run / RECORD).is_file() and (found := _of_folder(folder / run, name)):
            entries[run] = found
    _compare(entries.values(), metric, sign)
    ranked = sorted(
        entries.values(), key=lambda each: (each.metric != metric, each.cv is None, -sign * (each.cv or 0), each.run)
    )
    return Board(competition=name, metric=metric, entries=tuple(ranked), ledger=ledger.path, broken=tuple(broken))


def _add_run(entry: Entry, row: Mapping[str, str]) -> None:
    entry.profile, entry.settings, entry.data = row.get("profile", ""), row.get("settings", ""), row.get("data", "")
    entry.metric, entry.status, entry.time = row.get("metric", ""), row.get("status", ""), row.get("time", "")
    entry.cv, entry.nothing = number(row.get("cv")), number(row.get("nothing"))
    scores = map(number, row.get("fold_scores", "").split())
    entry.fold_scores = tuple(each for each in scores if each is not None)
    entry.rows, entry.seconds = int(number(row.get("rows")) or 0), number(row.get("seconds"))


def _add_score(entry: Entry, row: Mapping[str, str], sign: int) -> None:
    """Add what Kaggle said: of several submissions the best public score counts, of one submission what was said last."""
    entry.submissions += row.get("event") == "submitted"
    public, private = number(row.get("public")), number(row.get("private"))
    if public is None or (entry.public is not None and sign * public < sign * entry.public):
        return
    entry.public, entry.private = public, entry.private if private is None else private
    if (rank := number(row.get("rank"))) and (teams := number(row.get("teams"))):
        entry.rank, entry.teams = int(rank), int(teams)


def _of_folder(folder: Path, name: str) -> Entry | None:
    """Return the entry of a run that stands in no ledger, such as one that a kernel made."""
    try:
        record = Run.open(folder, name).record
    except KitError:
        return None
    return of_record(folder.name, record)


def of_record(run: str, record: RunRecord) -> Entry:
    """Return the entry of a run's record."""
    folds = [fold.scores.get(record.metric) for fold in record.folds.values()]
    return Entry(
        run=run, profile=record.profile, data=record.data_folder, metric=record.metric,
        cv=record.scores.get(record.metric), fold_scores=tuple(each for each in folds if each is not None),
        nothing=record.nothing.get(record.metric), rows=record.rows_scored,
        seconds=round(sum(record.seconds.values()), 1) or None, status=record.outcome,
        time=record.sessions[-1].began if record.sessions else "",
    )  # fmt: skip


def _compare(entries: Iterable[Entry], metric: str, sign: int) -> None:
    """Say of each entry by how much it is better than nothing and than the baseline."""
    known = [each for each in entries if each.metric == metric and each.cv is not None]
    baselines: dict[str, float] = {}
    for entry in known:
        if entry.profile == "baseline" and entry.cv is not None:
            baselines[entry.data] = sign * max(sign * entry.cv, sign * baselines.get(entry.data, entry.cv))
    for entry in known:
        if entry.cv is None:
            continue
        if entry.nothing is not None:
            entry.over_nothing = sign * (entry.cv - entry.nothing)
        if entry.profile != "baseline" and entry.data in baselines:
            entry.over_baseline = sign * (entry.cv - baselines[entry.data])


def as_json(board: Board) -> dict[str, Any]:
    """Return a board as plain values."""
    rows = [{**vars(each), "spread": each.spread, "beaten": each.beaten} for each in board.entries]
    values: dict[str, Any] = json.loads(json.dumps({**vars(board), "ledger": str(board.ledger), "entries": rows}))
    return values
