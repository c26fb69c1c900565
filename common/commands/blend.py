"""The command that makes one submission of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.commands.options import Commands, command, report, with_json, with_name
from common.wording import table

GROUP = "models"


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "blend", blend, "one submission of several runs, weighted by their out-of-fold predictions",
        "kit blend patent submissions/patent/best-1a2b3c4d submissions/patent/baseline-5e6f7a8b --out build/blend",
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the runs' folders, two at least")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to make")
    with_json(parser)


def blend(arguments: argparse.Namespace) -> None:
    """Blend runs and show what each brings."""
    from common import registry
    from common.runs import blending

    competition = registry.get(arguments.name)
    made = blending.blend(competition, arguments.runs, arguments.out)
    path = arguments.out / competition.submission.file_name

    def lines() -> str:
        rows = [["RUN", "WEIGHT", *made.scores]]
        for run, weight, scores in zip(made.runs, made.weights, made.alone, strict=True):
            rows.append([run, f"{weight:.2f}", *(f"{value:.4f}" for value in scores.values())])
        rows.append(["blend", "1.00", *(f"{value:.4f}" for value in made.scores.values())])
        doubt = "" if made.cross_fitted else "\none fold: the weights were chosen on the very rows that are scored"
        return f"{table(rows)}{doubt}\n\nsubmission  {path}"

    report(arguments, {**vars(made), "submission": str(path)}, lines)
