"""Commands that show runs elsewhere: report, export."""

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
    parser = command(
        commands, "export", export, "runs in the store of a tracker, on this machine; nothing is sent",
        "kit export --to mlflow submissions/patent/baseline-1a2b3c4d",
    )  # fmt: skip
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the runs' folders")
    parser.add_argument(
        "--to", choices=("mlflow", "trackio", "wandb"), required=True, help="the tracker, which has to be installed"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the store (default: build/TRACKER)")
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


def export(arguments: argparse.Namespace) -> None:
    """Write runs into a tracker's store."""
    from common import environment
    from common.report import trackers
    from common.runs.run import Run
    from common.wording import plural

    runs = [Run.open(folder) for folder in arguments.runs]
    out = arguments.out or environment.detect().working / "build" / arguments.to
    shown_by = trackers.export(arguments.to, runs, out)
    document = {"to": arguments.to, "folder": str(out), "runs": list(map(str, arguments.runs)), "shown_by": shown_by}
    report(arguments, document, lambda: f"{plural(len(runs), 'run')} in {out}; to see: {shown_by}")
