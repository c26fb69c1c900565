"""The command that lets a language model go on with a text: generate."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.commands.options import Commands, command, non_negative_int, positive_int, report, with_json, with_name

GROUP = "models"


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "generate", generate, "let a run's language model go on with a text, to see what it has learnt",
        'kit generate imdb --run submissions/imdb/course-1a2b3c4d --text "I liked this movie because" --words 40',
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", dest="folder", help="the run's folder")
    parser.add_argument("--text", required=True, help="how it begins; with a model that reads backwards, how it ends")
    parser.add_argument("--words", type=positive_int, default=40, metavar="N", help="words to add (default: 40)")
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.75,
        metavar="T",
        help="below 1 likely words are preferred (default: 0.75)",
    )
    parser.add_argument("--seed", type=non_negative_int, metavar="S", help="the same seed gives the same text")
    with_json(parser)


def generate(arguments: argparse.Namespace) -> None:
    """Print the text."""
    from common import environment, registry
    from common.config import restore
    from common.errors import SettingError
    from common.model import Context
    from common.progress import Progress
    from common.runs.run import Run

    if not 0.01 <= arguments.temperature <= 100:
        raise SettingError(f"--temperature must be between 0.01 and 100, got {arguments.temperature:g}")
    competition, run = registry.get(arguments.name), Run.open(arguments.folder, arguments.name)
    context = Context.of(competition.name, environment.detect(), run.folder, progress=Progress())
    config = restore(competition, run.record.profile, run.record.settings)
    prompt = arguments.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # bytes of another encoding
    text = registry.models(competition.name).generate(
        prompt, config, context, words=arguments.words, temperature=arguments.temperature, seed=arguments.seed
    )
    report(arguments, {"run": str(run.folder), "text": text}, lambda: text)
