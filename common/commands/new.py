"""The command that describes a competition from its files: new."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from common.commands.connection import Transfer, ask, connect, notify
from common.commands.options import Commands, command, report, with_data, with_json
from common.wording import table, visible

if TYPE_CHECKING:
    from common.discovery.discover import Discovery, Facts
    from common.discovery.findings import Question

GROUP = "models"
_SPLITS = ("random", "stratified", "group", "stratified_group", "time")


def register(commands: Commands) -> None:
    """Add the command of this module."""
    parser = command(
        commands, "new", new, "describe a competition from its files: folder, models and kernel",
        "kit new spaceship_titanic --data data/spaceship-titanic --metric accuracy",
    )  # fmt: skip
    parser.add_argument("name", metavar="NAME", help="what it will be called here: a Python name")
    with_data(parser)
    parser.add_argument(
        "--slug", metavar="SLUG", help="what Kaggle calls it (default: the data folder's name, or NAME)"
    )
    parser.add_argument("--metric", metavar="METRIC", help="as Kaggle or scikit-learn call it; kit metrics lists them")
    parser.add_argument("--target", metavar="COL", help="column that is predicted; several with commas")
    parser.add_argument("--id", metavar="COL", help="column of the sample submission that names a row")
    parser.add_argument("--split", choices=_SPLITS, help="how rows are divided into folds")
    parser.add_argument("--group", metavar="COL", help="column whose values stay in one fold")
    parser.add_argument("--positive", metavar="CLASS", help="of two classes, the one whose probability is submitted")
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="COL", help="column that models must not see; repeatable"
    )
    parser.add_argument(
        "--metric-column", action="append", default=[], type=_pair, metavar="KEY=COL",
        help="column that the metric takes besides the target, such as group=type; repeatable",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="ask nothing, take what was found")
    with_json(parser)


def new(arguments: argparse.Namespace) -> int:
    """Look at the files, say what was found, write the folders."""
    import competitions
    from common import environment, registry
    from common.discovery import writing
    from common.discovery.discover import discover
    from common.discovery.findings import Hints, refuse

    root = Path([*competitions.__path__][-1])
    kernels = root.parent / "kernels"
    writing.check_name(arguments.name, root, kernels)
    here = environment.detect().working
    slug = arguments.slug or (arguments.data.resolve().name if arguments.data else arguments.name.replace("_", "-"))
    usual = [here / "data" / name for name in dict.fromkeys((slug, arguments.name))]
    folder = arguments.data or next((each for each in usual if each.is_dir()), usual[0])
    asking = sys.stdin.isatty() and not arguments.yes
    facts = _facts(slug, folder, fetch=arguments.data is None)
    hints = Hints(
        metric=arguments.metric, target=arguments.target, id=arguments.id, split=arguments.split, group=arguments.group,
        positive=arguments.positive, leave_out=tuple(arguments.leave_out),
        columns=dict(arguments.metric_column),
    )  # fmt: skip
    found = discover(folder, arguments.name, slug, hints, facts, _answer if asking else refuse)
    notify(_table(found))
    if asking and not ask(f"write competitions/{arguments.name} and kernels/{arguments.name}?"):
        return 1
    written = writing.write(found, root, kernels)
    registry.get(arguments.name)
    more = [] if folder in usual else ["--data", str(folder)]
    steps = _next_steps(found, more)
    document = {
        "folders": list(map(str, written)), "data": str(folder), "application": found.application,
        "findings": [asdict(each) for each in found.findings], "next": steps,
    }  # fmt: skip
    names = "\n".join(f"wrote {path}" for path in written)
    report(arguments, document, lambda: "\n".join([names, "", "next:", *(f"  {line}" for line in steps)]))
    return 0


def _pair(text: str) -> tuple[str, str]:
    key, found, column = text.partition("=")
    if not (key and found and column):
        raise argparse.ArgumentTypeError(f"must be KEY=COL, got {text!r}")
    return key, column


def _facts(slug: str, folder: Path, *, fetch: bool) -> Facts:
    """Return what Kaggle says, where there is a credential; brings the files where they are not here."""
    from common.discovery.discover import Facts
    from common.errors import DataError, KitError
    from common.kaggle import credentials

    missing = fetch and not folder.is_dir()
    if credentials.find().kind == "none":
        if missing:
            raise DataError(
                f"{folder} is not there, and no credential of Kaggle's to get it; --data DIR takes a folder with the files"
            )
        return Facts()
    from common.kaggle.download import download

    client = connect()
    try:
        told = client.competitions.info(slug)
    except KitError as error:
        if missing:
            raise
        notify(f"Kaggle was not asked for the metric: {visible(error)}")
        return Facts()
    if missing:
        download(client, slug, folder, progress=Transfer(slug), notify=notify)
    return Facts(
        title=told.title or None, metric=told.metric or None, kernels_only=told.kernels_only,
        daily_submissions=told.daily_submissions,
    )  # fmt: skip


def _answer(question: Question) -> str:
    """Ask on the terminal."""
    notify(question.text)
    for number, choice in enumerate(question.choices, 1):
        notify(f"  {number}  {visible(choice)}")
    said = input("> ").strip()
    if said.isdecimal() and 0 < int(said) <= len(question.choices):
        return question.choices[int(said) - 1]
    if not said or (question.choices and said not in question.choices):
        raise question
    return said


def _table(found: Discovery) -> str:
    rows: list[Sequence[object]] = [("WHAT", "TAKEN FOR", "HOW SURE", "CHANGED BY", "WHY")]
    for each in found.findings:
        taken = each.taken if len(each.taken) <= 60 else f"{each.taken[:59]}…"
        rows.append((each.what, taken, each.sure, each.option, each.why))
    return table(rows, get_terminal_size((150, 24)).columns)


def _next_steps(found: Discovery, more: Sequence[str]) -> list[str]:
    """Return the commands that come next."""
    import shlex

    name, data = found.competition.name, shlex.join(more)
    run = f"submissions/{name}/RUN"
    return [
        f"kit train {name} --profile baseline {data}".strip(),
        f"kit validate {name} {run} {data}".strip(),
        f'kit submit {name} {run} -m "baseline"',
    ]
