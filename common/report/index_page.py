"""The page of all runs: the board of every competition, sortable, and how CV and leaderboard agree."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import metrics
from common.analysis.agreement import agreement
from common.analysis.board import Board, Entry
from common.competition import Competition
from common.report import charts, page
from common.report.charts import Chart
from common.report.run_page import FILE, of_board

if TYPE_CHECKING:
    from common.environment import Environment

MOST_ROWS = 1_200  # of all tables together, as a page stays small enough to open


def write(boards: Sequence[tuple[Competition, Board]], out: Path, here: Environment) -> int:
    """Write the page of all boards and return its size in bytes."""
    from common import __version__

    boards = [(competition, board) for competition, board in boards if board.entries]
    share = MOST_ROWS // max(len(boards), 1)
    drawn: list[Chart | None] = []
    shown: list[dict[str, Any]] = []
    for competition, board in boards:
        entries = board.entries[:share]
        rows = [_row(each, board.ledger.parent, out) for each in entries]
        filled = dict.fromkeys(
            name for row in rows for name, (_, text) in row["numbers"].items() if text or name == "CV"
        )
        for row in rows:
            row["numbers"] = [row["numbers"][name] for name in filled]
        drawn += [of_board(f"board_{board.competition}", board), _history(board)]
        greater = metrics.get(board.metric).greater_is_better
        shown.append(
            {
                "name": board.competition,
                "title": competition.title,
                "metric": board.metric,
                "better": "higher" if greater else "lower",
                "sentence": found.sentence if (found := agreement(board)).points else "nothing submitted yet",
                "broken": len(board.broken),
                "left_out": len(board.entries) - len(entries),
                "entries": rows,
                "columns": list(filled),
            }
        )
    html = page.render(
        "index.html",
        [each for each in drawn if each is not None],
        here.cache,
        boards=shown,
        total=sum(len(board.entries) for _, board in boards),
        made=time.strftime("%Y-%m-%d %H:%M"),
        version=__version__,
    )
    page.write(html, out)
    return len(html.encode())


def _row(entry: Entry, folder: Path, out: Path) -> dict[str, Any]:
    report = folder / entry.run / FILE
    rank = f"{entry.rank:,}/{entry.teams:,}" if entry.rank and entry.teams else ""
    return {
        "name": entry.run, "profile": entry.profile, "here": entry.here, "settings": entry.settings,
        "link": _link(report, out) if entry.here and entry.profile and report.is_file() else "",
        "numbers": {
            "CV": _cell(entry.cv, ".4f"), "±": _cell(entry.spread, ".4f"), "public": _cell(entry.public, ".5f"),
            "private": _cell(entry.private, ".5f"), "rank": (entry.rank, rank), "beaten": _cell(entry.beaten, ".1%"),
            "over nothing": _cell(entry.over_nothing, "+.4f"), "over baseline": _cell(entry.over_baseline, "+.4f"),
            "seconds": _cell(entry.seconds, ",.0f"),
        },
    }  # fmt: skip


def _cell(value: float | None, form: str) -> tuple[float | None, str]:
    return (None, "") if value is None else (float(f"{value:.8g}"), format(value, form))


def _link(report: Path, out: Path) -> str:
    """Return the address of a run's page as seen from another; a name is a name there, whatever is in it."""
    from urllib.parse import quote

    return quote(os.path.relpath(report.resolve(), out.resolve().parent))


def _history(board: Board) -> Chart | None:
    """Return the runs' CV in the order in which they were made, with the best so far."""
    known = sorted(
        (each for each in board.entries if each.cv is not None and each.metric == board.metric and each.time),
        key=lambda each: each.time,
    )[-charts.MOST_MARKS // 2 :]
    if len(known) < 2:
        return None
    best, rows = None, []
    better = max if metrics.get(board.metric).greater_is_better else min
    for number, each in enumerate(known, 1):
        best = each.cv if best is None else better(best, each.cv or best)
        rows.append({"line": "CV", "run": number, "CV": each.cv, "name": page.shown(each.run, 60)})
        rows.append({"line": "best so far", "run": number, "CV": best, "name": page.shown(each.run, 60)})
    some = [1 + round(place * (len(known) - 1) / 8) for place in range(9)]
    encoding = {
        "x": charts.axis("run", "run", axis={"values": sorted({*some}), "format": "d"}),
        "y": charts.axis("CV", board.metric, scale={"zero": False}),
        "color": charts.axis("line", None, "nominal", sort=["CV", "best so far"]),
        "tooltip": [charts.axis("name", "run", "nominal"), charts.axis("CV", "CV", format=".5f")],
    }
    marks = {
        "best so far": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
        "CV": {"type": "point", "filled": True, "size": 70, "opacity": 1},
    }
    return charts.chart(
        f"cv_{board.competition}",
        "CV over time",
        "Each run in the order in which it was made.",
        rows,
        height=300,
        encoding=encoding,
        layer=[
            {"transform": [{"filter": {"field": "line", "equal": line}}], "mark": mark} for line, mark in marks.items()
        ],
    )
