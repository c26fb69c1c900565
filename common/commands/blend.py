"""The command that makes one submission of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, report, with_json, with_name
from common.wording import rounded, table

if TYPE_CHECKING:
    from common.runs.mixing import Method

GROUP = "models"
METHODS = ("mean", "rank", "weights", "hill-climb", "stack")


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "blend", blend, "one submission of several runs, mixed as their out-of-fold predictions say",
        "kit blend patent submissions/patent/best-1a2b3c4d submissions/patent/baseline-5e6f7a8b --method stack",
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the runs' folders, two at least")
    parser.add_argument("--method", choices=METHODS, help="default: hill-climb; of masks mean, their only one")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="the folder to make (default: submissions/NAME/blend-HASH)"
    )
    with_json(parser)


def blend(arguments: argparse.Namespace) -> None:
    """Blend runs and show what each brings."""
    from common import environment, registry
    from common.analysis.comparing import between
    from common.metrics import get
    from common.pipeline.samples import is_sample
    from common.runs import blending, provenance
    from common.runs.evaluation import Predicted
    from common.runs.ledger import Ledger
    from common.runs.run import Run, enter

    competition = registry.get(arguments.name)
    here = environment.detect()
    method: Method = arguments.method or ("mean" if competition.predicts == "masks" else "hill-climb")
    root = here.working / "submissions" / competition.name
    out = arguments.out or blending.default_folder(root, arguments.runs, method)
    made = blending.blend(competition, arguments.runs, out, method, provenance.machine(here))
    record, data = made.run.record, Path(made.run.record.data_folder)
    if not is_sample(data):
        enter(out, Ledger(root / "ledger.csv"), f"{method} of {' '.join(record.settings['runs'])}", str(data))
    path = out / competition.submission.file_name
    blended = Predicted.of(made.run, competition)
    sign = 1 if get(competition.metric).greater_is_better else -1
    alone = [score if (score := each[competition.metric]) is not None else -sign * float("inf") for each in made.alone]
    member = max(range(len(alone)), key=lambda number: sign * alone[number])
    gain = between(blended, Predicted.of(Run.open(arguments.runs[member]), competition))

    def lines() -> str:
        rows = [["RUN", "WEIGHT", *record.scores]]
        for run, weight, scores in zip(record.settings["runs"], made.weights, made.alone, strict=True):
            rows.append([run, f"{weight:.2f}", *map(rounded, scores.values())])
        rows.append(["blend", "", *map(rounded, record.scores.values())])
        if record.optimistic:
            rows.append(["optimistic", "", *map(rounded, record.optimistic.values())])
        doubt = "" if made.nested else "\none fold: the blend was chosen on the very rows that are scored"
        over = f"over {record.settings['runs'][member]}: {gain}" if gain else ""
        return f"{table(rows)}{doubt}\n\n{over}\n\nrun         {out}\nsubmission  {path}"

    document = {
        "run": str(out), "runs": record.settings["runs"], "method": method, "weights": made.weights,
        "scores": record.scores, "optimistic": record.optimistic, "alone": made.alone, "rows": record.rows_scored,
        "nested": made.nested, "gain": vars(gain) if gain else None, "submission": str(path),
    }  # fmt: skip
    report(arguments, document, lines)
