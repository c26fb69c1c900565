"""Commands that compare runs: board, compare."""

from __future__ import annotations

import argparse
import sys
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, positive_int, report, with_json
from common.wording import listed, plural, rounded, table

if TYPE_CHECKING:
    from common.analysis.board import Board, Entry

GROUP = "look"
SHOWN = 50  # the best runs


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "board", board, "every run of a competition in a line, the best first, beside Kaggle's scores",
        "kit board patent --refresh",
    )  # fmt: skip
    parser.add_argument("name", nargs="?", metavar="NAME", help="a competition (default: all that have runs)")
    parser.add_argument("--top", type=positive_int, default=SHOWN, metavar="N", help=f"runs shown (default: {SHOWN})")
    parser.add_argument("--refresh", action="store_true", help="ask Kaggle for scores and ranks first")
    with_json(parser)


def board(arguments: argparse.Namespace) -> None:
    """Print the board of one competition or of all."""
    from common import environment, registry
    from common.analysis import board as boards
    from common.runs.ledger import Ledger

    root = environment.detect().working / "submissions"
    names = [arguments.name] if arguments.name else [name for name in registry.names() if (root / name).is_dir()]
    made: list[Board] = []
    for name in names:
        competition = registry.get(name)
        if arguments.refresh and not competition.local:
            from common.commands.connection import connect
            from common.kaggle.ranks import refresh

            refresh(connect(), competition, Ledger(root / name / boards.LEDGER))
        made.append(boards.board(name, competition.metric, root / name))
        if broken := made[-1].broken:
            text = f"{plural(len(broken), 'damaged line')} of {made[-1].ledger} left out: {listed(broken)}"
            print(f"warning: {text}; they stay in the file", file=sys.stderr)
    documents = [boards.as_json(each) for each in made if arguments.json]

    def lines() -> str:
        blocks = [_board(each, arguments.top) for each in made if each.entries or arguments.name]
        return "\n\n".join(blocks) or "no run yet: kit train NAME makes one"

    report(arguments, documents[0] if arguments.name and documents else documents, lines)


def _board(board: Board, top: int) -> str:
    from common import metrics

    if not board.entries:
        return f"{board.competition}: no run yet; kit train {board.competition} makes one"
    better = "higher" if metrics.get(board.metric).greater_is_better else "lower"
    head = f"{board.competition}: {plural(len(board.entries), 'run')} by {board.metric}, {better} is better"
    titles = [
        "RUN", "PROFILE", "CV", "±", "SECONDS", "PUBLIC", "PRIVATE", "RANK", "BEATEN", "OVER NOTHING", "OVER BASELINE",
        "CHANGED",
    ]  # fmt: skip
    rows = [titles, *(_row(each, board.metric) for each in board.entries[:top])]
    used = [number for number, column in enumerate(zip(*rows[1:], strict=True)) if any(column) or number < 3]
    gone = [each.run for each in board.entries if not each.here]
    note = f"\n\n{plural(len(gone), 'folder')} moved or deleted: {listed(gone)}" if gone else ""
    width = max(get_terminal_size((160, 24)).columns, 100)
    more = len(board.entries) - top
    note = (f"\n\n{more:,} more; --top {len(board.entries)} shows all" if more > 0 else "") + note
    return f"{head}\n\n{table([[row[number] for number in used] for row in rows], width)}{note}"


def _row(entry: Entry, metric: str) -> list[str]:
    other = f" ({entry.metric})" if entry.metric not in ("", metric) else ""
    return [
        entry.run,
        entry.profile,
        "" if entry.cv is None else f"{rounded(entry.cv)}{other}",
        _optional(entry.spread, ".4f"),
        _optional(entry.seconds, ",.0f"),
        _optional(entry.public, ".5f"),
        _optional(entry.private, ".5f"),
        f"{entry.rank:,}/{entry.teams:,}" if entry.rank and entry.teams else "",
        _optional(entry.beaten, ".1%"),
        _optional(entry.over_nothing, "+.4f"),
        _optional(entry.over_baseline, "+.4f"),
        entry.settings,
    ]


def _optional(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
