"""Commands that look for trouble: check, check-split."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, report, with_data, with_json, with_name
from common.wording import plural, table

if TYPE_CHECKING:
    from common.analysis.checks import Finding

GROUP = "look"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "check", check, "what is wrong with a run, each with a code and a cure",
        "kit check submissions/patent/baseline-1a2b3c4d",
    )  # fmt: skip
    parser.add_argument("folder", type=Path, metavar="RUN", help="the run's folder")
    with_json(parser)
    parser = command(
        commands, "check-split", check_split, "whether folds promise what the test keeps: drift, leaks, time, groups",
        "kit check-split patent --data data/patent",
    )  # fmt: skip
    with_name(parser)
    with_data(parser)
    with_json(parser)


def check(arguments: argparse.Namespace) -> None:
    """Print what the checks of a run find."""
    from common.analysis import evidence
    from common.analysis.checks import CHECKS
    from common.analysis.checks import check as find

    known = evidence.of(arguments.folder)
    found, lacking = find(known), known.more.get("why", "")

    def lines() -> str:
        none = f"{arguments.folder}: {plural(len(CHECKS), 'check')}, nothing found"
        return (findings(found) or none) + (f"\n\npredictions were not looked at: {lacking}" if lacking else "")

    document = {"run": str(arguments.folder), "findings": [vars(each) for each in found], "lacking": lacking}
    report(arguments, document, lines)


def check_split(arguments: argparse.Namespace) -> None:
    """Print how train and test differ, and what follows for the split."""
    from common import data, environment, registry
    from common.analysis import drift

    competition = registry.get(arguments.name)
    frames = data.read(competition, data.find(competition, arguments.data, environment.detect()))
    found = drift.check_split(competition, frames, competition.split)

    def lines() -> str:
        rows = [
            ["COLUMN", "TELLS TRAIN FROM TEST (AUC)"],
            *([name, f"{each:.3f}"] for name, each in found.columns[:10]),
        ]
        alone = [["COLUMN", "ALONE EXPLAINS THE TARGET"], *([name, f"{each:.3f}"] for name, each in found.alone[:5])]
        blocks = [f"all columns together tell train from test with AUC {found.auc:.3f} (0.5 is chance)", table(rows)]
        blocks += [table(alone)] if found.alone else []
        blocks += [f"the split that imitates the board: {found.imitating.kind}, as {found.why}"]
        return "\n\n".join([*blocks, findings(found.findings) or "nothing to worry about"])

    report(arguments, drift.as_json(found), lines)


def findings(found: Sequence[Finding]) -> str:
    """Return findings as lines."""
    width = get_terminal_size((120, 24)).columns
    return "\n".join(
        f"{each.code}  {each.title}\n" + table([("    measured", each.measured), ("    cure", each.cure)], width)
        for each in found
    )
