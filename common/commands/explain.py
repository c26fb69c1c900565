"""Command that shows where a run is wrong: explain."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, positive_int, report, with_data, with_json, with_name

if TYPE_CHECKING:
    from common.pipeline.explaining import Explanation, Mistake, Weighed

MISTAKES, REASONS = 10, 8
SHOWN = 320  # characters of a text
LINE_BREAK = "⏎"
GROUP = "look"


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands,
        "explain",
        explain,
        "a run's most wrong predictions, and what they rest on",
        "kit explain patent --run submissions/patent/baseline-1a2b3c4d --rows 20",
    )
    with_name(parser)
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", dest="folder", help="the run's folder")
    with_data(parser)
    parser.add_argument("--rows", type=positive_int, default=MISTAKES, metavar="N", help=f"default: {MISTAKES}")
    parser.add_argument(
        "--reasons",
        type=positive_int,
        default=REASONS,
        metavar="N",
        help=f"for each row and answer (default: {REASONS})",
    )
    with_json(parser)


def explain(arguments: argparse.Namespace) -> None:
    """Print the mistakes, the worst first."""
    from dataclasses import asdict

    from common import data, environment, registry
    from common.pipeline import explaining
    from common.progress import Progress
    from common.runs.run import Run

    competition = registry.get(arguments.name)
    run = Run.open(arguments.folder, competition.name)
    here = environment.detect()
    explanation = explaining.explain(
        competition, arguments.folder, data.find(competition, arguments.data, here, run.data_folder), here, Progress(),
        count=arguments.rows, top=arguments.reasons,
    )  # fmt: skip
    figures = sorted((run.folder / "figures").glob("*.png"))
    document = {"run": str(arguments.folder), "figures": list(map(str, figures)), **asdict(explanation)}
    report(arguments, document, lambda: _lines(explanation, figures))


def _lines(explanation: Explanation, figures: list[Path]) -> str:
    blocks = [f"the {len(explanation.mistakes)} most wrong of {explanation.rows:,} rows"]
    blocks += [_mistake(mistake) for mistake in explanation.mistakes]
    blocks += [f"speaks for {answer}: {_weighed(words)}" for answer, words in explanation.overall.items()]
    blocks += ["\n".join(f"figure  {path}" for path in figures)] if figures else []
    return "\n\n".join(blocks)


def _mistake(mistake: Mistake) -> str:
    target, prediction = (
        value if isinstance(value, str) else f"{value:.4g}" for value in (mistake.target, mistake.prediction)
    )
    lines = [f"{mistake.id}  fold {mistake.fold}  target {target}  prediction {prediction}"]
    for name, value in mistake.inputs.items():
        text = " ".join(value.split())
        lines.append(f"  {name}: {text if len(text) <= SHOWN else text[: SHOWN - 1] + '…'}")
    if mistake.reasons:
        lines.append(f"  because of: {_weighed(mistake.reasons)}")
    return "\n".join(lines)


def _weighed(words: Weighed) -> str:
    # A line break is a word like others.
    return ", ".join(f"{word} {weight:+.2f}" for word, weight in words).replace("\n", LINE_BREAK)
