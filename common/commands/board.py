"""Commands that compare runs: board, compare."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, positive_int, report, with_json
from common.wording import listed, plural, rounded, table

if TYPE_CHECKING:
    from common.analysis.board import Board, Entry
    from common.analysis.comparing import Difference
    from common.runs.run import Run

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

    parser = command(
        commands, "compare", compare, "what differs between runs, and whether it is more than chance",
        "kit compare submissions/patent/best-1a2b3c4d submissions/patent/baseline-5e6f7a8b",
    )  # fmt: skip
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="the runs' folders; the first is the reference"
    )
    parser.add_argument("--rows", type=positive_int, default=10, metavar="N", help="rows shown (default: 10)")
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


def compare(arguments: argparse.Namespace) -> None:
    """Print what differs between runs, and whether the difference is more than chance."""
    from common import registry
    from common.analysis import comparing
    from common.errors import RunError
    from common.runs.evaluation import Predicted
    from common.runs.run import Run

    if len({folder.resolve() for folder in arguments.runs}) < 2:
        raise RunError("a comparison takes two different runs at least")
    runs = [Run.open(folder) for folder in arguments.runs]
    if len(kinds := sorted({run.record.competition for run in runs})) > 1:
        raise RunError(f"these are runs of different competitions: {', '.join(kinds)}; compare runs of one")
    competition = registry.get(runs[0].record.competition)
    predicted = [Predicted.of(run, competition) for run in runs]
    names = [run.folder.name for run in runs]
    others = [comparing.between(each, predicted[0]) for each in predicted[1:]]
    apart = comparing.disagreements(predicted[0], predicted[-1], arguments.rows)
    settings = comparing.settings_that_differ(runs)
    folds = sorted({number for run in runs for number in run.record.folds})
    metric = competition.metric
    of_pictures = ", by each picture's own score" if competition.predicts == "masks" else ""

    def lines() -> str:
        phases = dict.fromkeys(phase for run in runs for phase in run.record.seconds)
        scores = [[str(number), *(_of_fold(run, number, metric) for run in runs)] for number in folds]
        scores.append(["CV", *(rounded(run.record.scores.get(metric)) for run in runs)])
        tables = [
            [["SETTING", *names], *([name, *map(str, values)] for name, values in settings.items())],
            [[metric.upper(), *names], *scores],
            [
                ["SECONDS", *names],
                *([each, *(f"{run.record.seconds.get(each, 0):,.1f}" for run in runs)] for each in phases),
            ],
        ]
        tests = [
            f"{name} over {names[0]}: {difference or 'the metric is undefined'}"
            + (f"; better on the private board: {_chance(difference, runs[0])}" if difference else "")
            for name, difference in zip(names[1:], others, strict=True)
        ]
        rows = [["ROW", "FOLD", "TARGET", names[0], names[-1]]]
        rows += [[each.id, str(each.fold), each.target, each.first, each.second] for each in apart]
        blocks = [
            *map(table, tables[:2]),
            "\n".join(tests),
            f"where {names[0]} and {names[-1]} disagree most{of_pictures}\n{table(rows)}",
            table(tables[2]),
        ]
        return "\n\n".join(blocks)

    document = {
        "runs": list(map(str, arguments.runs)), "settings": settings, "metric": metric,
        "scores": [run.record.scores for run in runs],
        "folds": {number: [_score(run, number, metric) for run in runs] for number in folds},
        "differences": [
            None if each is None else {**vars(each), "p": each.p, "interval": each.interval, "verdict": each.verdict}
            for each in others
        ],
        "disagreements": [vars(each) for each in apart], "seconds": [run.record.seconds for run in runs],
    }  # fmt: skip
    report(arguments, document, lines)


def _chance(difference: Difference, run: Run) -> str:
    from common.analysis.comparing import PUBLIC_SHARE

    test = run.record.submission.rows if run.record.submission else 0
    return f"{difference.odds(round(test * (1 - PUBLIC_SHARE))):.0%}" if test else "unknown odds"


def _score(run: Run, number: int, metric: str) -> float | None:
    return run.record.folds[number].scores.get(metric) if number in run.record.folds else None


def _of_fold(run: Run, number: int, metric: str) -> str:
    return rounded(_score(run, number, metric))
