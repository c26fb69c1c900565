"""The command that makes pages of runs: report."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.commands.options import Commands, command, report, with_json

GROUP = "look"


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "report", make, "a run, or all runs, as one page for a browser, which needs no network",
        "kit report submissions/patent/baseline-1a2b3c4d",
    )  # fmt: skip
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("folder", nargs="?", type=Path, metavar="RUN", help="the run's folder")
    which.add_argument("--all", action="store_true", help="an index of all runs of all competitions")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: RUN/report.html, submissions/report.html")
    parser.add_argument("--reasons", action="store_true", help="ask the models what their worst predictions rest on")
    with_json(parser)


def make(arguments: argparse.Namespace) -> None:
    """Write the page and name its file."""
    from common import environment, registry
    from common.analysis.board import board
    from common.report import index_page, run_page

    here = environment.detect()
    if arguments.all:
        root = here.working / "submissions"
        out = arguments.out or root / run_page.FILE
        competitions = registry.every()[0]
        size = index_page.write(
            [(each, board(each.name, each.metric, root / each.name)) for each in competitions], out, here
        )
    else:
        out = arguments.out or arguments.folder / run_page.FILE
        size = run_page.write(arguments.folder, out, here, reasons=arguments.reasons)
    report(arguments, {"file": str(out), "bytes": size}, lambda: f"report  {out} ({size / 1e6:.1f} MB)")
