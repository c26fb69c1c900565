"""Commands of the rehearsal: rehearse, stand-in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands.connection import notify
from common.commands.options import Commands, command, report, with_data, with_json, with_name, with_profile

if TYPE_CHECKING:
    from common.rehearsal.rehearse import Rehearsal

PORT = 7777
GROUP = "kaggle"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "rehearse", rehearse, "the whole way to a scored submission, on this machine",
        "kit rehearse patent --data data/patent --profile baseline",
    )  # fmt: skip
    with_name(parser)
    parser.add_argument("--kernel", metavar="K", help="the kernel to submit (default: the last of the competition's)")
    with_data(parser)
    with_profile(parser, "sample")
    parser.add_argument(
        "--input", action="append", default=[], type=_pair, metavar="REF=DIR",
        help="the files of a dataset or model that a kernel names; repeatable",
    )  # fmt: skip
    _with_environment(parser)
    with_json(parser)

    parser = command(
        commands, "stand-in", stand_in, "a local Kaggle for experiments with the official client",
        "kit stand-in --data patent=data/patent",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=PORT, help=f"default: {PORT}; the kaggle command needs 80")
    parser.add_argument("--state", type=Path, metavar="DIR", help="default: build/stand-in; it is kept")
    parser.add_argument(
        "--data", action="append", default=[], type=_pair, metavar="NAME=DIR",
        help="a competition's files (default: its sample); repeatable",
    )  # fmt: skip
    _with_environment(parser)


def rehearse(arguments: argparse.Namespace) -> None:
    """Rehearse a competition."""
    from common import environment, registry
    from common.rehearsal import rehearse as rehearsal
    from common.rehearsal.clean_room.python import Python

    competition = registry.get(arguments.name)
    done = rehearsal.rehearse(
        competition,
        environment.detect().working / "build" / "rehearsal" / competition.name,
        kernel=arguments.kernel,
        data=arguments.data,
        profile=arguments.profile,
        settings=arguments.set,
        inputs=dict(arguments.input),
        python=Python.of(arguments.environment),
        notify=notify,
    )
    sent = done.submission
    document = {
        "competition": competition.name,
        "kernels": done.kernels,
        "isolation": done.isolation,
        "gaps": done.gaps,
        "seconds": {phase: round(spent, 2) for phase, spent in done.seconds.items()},
        "submission": {"ref": sent.ref, "public": sent.public_score, "private": sent.private_score},
        "leaderboard": {"rank": done.row.rank, "team": done.row.team, "score": done.row.score},
        "folder": str(done.folder),
    }
    report(arguments, document, lambda: _summary(done))


def stand_in(arguments: argparse.Namespace) -> None:
    """Serve every competition of the kit until Ctrl-C."""
    from common import environment
    from common.rehearsal.clean_room.python import Python
    from common.rehearsal.clean_room.runner import CleanRoom
    from common.rehearsal.stand_in.server import serve

    state = arguments.state or environment.detect().working / "build" / "stand-in"
    room = CleanRoom(python=Python.of(arguments.environment))
    notify(f"kernels run in a clean room: {room.describe()}")
    serve(arguments.port, state, dict(arguments.data), runner=room, notify=notify)


def _summary(done: Rehearsal) -> str:
    from common.wording import table

    phases = [["phase", "seconds"], *([name, f"{spent:.1f}"] for name, spent in done.seconds.items())]
    phases.append(["all", f"{sum(done.seconds.values()):.1f}"])
    sent, row = done.submission, done.row
    board = [
        ["leaderboard", "team", "public", "private"],
        [str(row.rank), row.team, sent.public_score, sent.private_score],
    ]
    return f"{table(phases)}\n\n{table(board)}\n\neverything is in {done.folder}"


def _with_environment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--environment", choices=("current", "kaggle"), default="current",
        help="what kernels run on: this Python, or the versions of Kaggle's image that make test-kaggle installs",
    )  # fmt: skip


def _pair(text: str) -> tuple[str, Path]:
    name, separator, folder = text.partition("=")
    if not (name and separator and Path(folder).is_dir()):
        raise argparse.ArgumentTypeError(f"must be NAME=DIR with a folder that exists, got {text!r}")
    return name, Path(folder)
