"""The command that looks for a learning rate: lr-find."""

from __future__ import annotations

import argparse
from pathlib import Path

from common.commands.options import Commands, command, report, with_data, with_json, with_name, with_profile
from common.wording import table

GROUP = "models"


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "lr-find", lr_find, "try ever larger learning rates on the first fold, and draw the loss",
        "kit lr-find pets --data data/pets --profile course --out lr.png",
    )  # fmt: skip
    with_name(parser)
    with_data(parser)
    with_profile(parser)
    parser.add_argument("--out", type=Path, metavar="FILE", help="the plot (default: build/lr-find/NAME-PROFILE.png)")
    with_json(parser)


def lr_find(arguments: argparse.Namespace) -> None:
    """Print the suggestions and save the plot."""
    from dataclasses import asdict, replace

    from common import data, decisions, environment, registry
    from common.config import resolve
    from common.files import scratch_folder
    from common.model import Context
    from common.progress import Progress
    from common.vision import figures

    competition = registry.get(arguments.name)
    config = resolve(competition, arguments.profile, arguments.set)
    models = registry.models(competition.name)
    here = environment.detect()
    out = arguments.out or here.working / "build" / "lr-find" / f"{competition.name}-{arguments.profile}.png"
    frames = data.read(competition, data.find(competition, arguments.data, here))
    with scratch_folder() as folder:
        context = Context.of(competition.name, here, folder, progress=Progress(), title="lr-find")
        frames = models.enrich(frames, config, context)
        context = replace(context, classes=decisions.classes_of(competition, frames.training))
        search = models.lr_find(frames, config, context)
    figures.save(figures.rates(search), out)
    rows = [["rule", "learning rate"], *([name, f"{rate:.2e}"] for name, rate in search.suggestions.items())]
    rule, rate = next(iter(search.suggestions.items()))
    suggestion = f"{search.setting}={rate:.1e}"
    document = {**asdict(search), "suggestion": suggestion, "plot": str(out)}
    lines = f"suggested by {rule}: --set {suggestion}\n\n{table(rows)}\n\nplot  {out}"
    report(arguments, document, lambda: lines)
