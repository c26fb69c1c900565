"""The command that looks for better settings: sweep."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TYPE_CHECKING

from common.commands.options import (
    Commands,
    command,
    non_negative_int,
    numbers,
    positive_int,
    report,
    seconds,
    with_data,
    with_json,
    with_name,
    with_profile,
    with_workers,
)  # fmt: skip

if TYPE_CHECKING:
    from common.sweeps.sweep import Swept

GROUP = "models"
TRIALS = 40


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "sweep", sweep, "try settings of a profile, and say what the best are worth",
        "kit sweep patent --profile baseline --param trees.learning_rate=0.02..0.3:log --param trees.max_iter=200,400",
    )  # fmt: skip
    with_name(parser)
    with_data(parser)
    with_profile(parser)
    parser.add_argument(
        "--param", action="append", required=True, metavar="KEY=RANGE",
        help="a setting that varies: key=low..high, key=low..high:log or key=one,another; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--trials", type=positive_int, default=TRIALS, metavar="N", help=f"settings to try (default: {TRIALS})"
    )
    parser.add_argument("--folds", type=numbers, metavar="0,1", help="judge by these folds only")
    parser.add_argument("--seed", type=non_negative_int, help="of training and of what is drawn")
    parser.add_argument("--time-limit", type=seconds, metavar="8h", help="stop in time: 90s, 30m, 8h")
    with_workers(parser)
    with_json(parser)


def sweep(arguments: argparse.Namespace) -> None:
    """Run a sweep, or go on with it."""
    from contextlib import nullcontext
    from dataclasses import asdict

    from common import data, environment, registry, workers
    from common.config import resolve
    from common.deadline import Deadline
    from common.errors import RunError
    from common.pipeline.request import Request
    from common.pipeline.workers import of
    from common.progress import Progress
    from common.sweeps import parameters, sweep

    competition = registry.get(arguments.name)
    varied = [parameters.parse(text, competition, arguments.profile) for text in arguments.param]
    config = resolve(competition, arguments.profile, arguments.set, seed=arguments.seed, folds=arguments.folds)
    here = environment.detect()
    limit = arguments.time_limit
    request = Request(
        competition=competition, profile=arguments.profile, config=config,
        data=data.find(competition, arguments.data, here), environment=here, progress=Progress(),
        deadline=Deadline() if limit is None else Deadline.after(limit),
    )  # fmt: skip
    asked = workers.count(arguments.workers, here)
    try:
        with of(request, asked, whole=True) if asked != 1 else nullcontext() as started:
            swept = sweep.sweep(request, arguments.set, varied, arguments.trials, started)
    except KeyboardInterrupt:
        raise RunError(f"interrupted; nothing is lost. To go on: kit {shlex.join(sys.argv[1:])}") from None
    line = sweep.command_of(request, arguments.set, swept)
    report(arguments, {**asdict(swept), "command": line}, lambda: _summary(swept, competition.metric, line))


def _summary(swept: Swept, metric: str, line: str) -> str:
    from common.wording import rounded, table

    counted = ", ".join(f"{count} {name}" for name, count in swept.trials.items() if count)
    rows = [("trials", counted + ("" if swept.finished else "; stopped in between, the same command goes on"))]
    rows.append(("best", " ".join(swept.best) or "the profile's own settings"))
    rows.append((metric, f"{rounded(swept.score)}, the profile's own settings {rounded(swept.profile)}"))
    if shares := swept.importance:
        rows.append(("importance", "  ".join(f"{key} {share:.0%}" for key, share in shares.items())))
    if worth := swept.worth:
        gain = worth.chosen - worth.profile
        verdict = "better settings than the profile's" if worth.better else "nothing better than the profile's settings"
        rows.append(
            (
                "nested",
                f"{rounded(worth.chosen)} against {rounded(worth.profile)}: {gain:+.4f} ± {worth.error:.4f}, {verdict}",
            )
        )
    return f"{table([*rows, ('run', swept.run), ('study', swept.folder)])}\n\nto train them: {line}"
