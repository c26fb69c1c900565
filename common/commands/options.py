"""What the commands share: how one is declared, how it reports."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Commands = Any  # argparse's own type of what `add_subparsers` returns is private


def command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int | None], summary: str, example: str
) -> argparse.ArgumentParser:
    """Add a command; its help ends with an example."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def with_name(parser: argparse.ArgumentParser) -> None:
    """Add the competition's name."""
    parser.add_argument("name", metavar="NAME", help="a competition; kit list shows them")


def with_data(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the competition's files."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with the competition's files")


def with_profile(parser: argparse.ArgumentParser, default: str = "best") -> None:
    """Add the settings of a run: a profile, and what overrides it."""
    parser.add_argument("--profile", default=default, help=f"kit show NAME lists them (default: {default})")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting; repeatable"
    )


def with_workers(parser: argparse.ArgumentParser) -> None:
    """Add --workers."""
    parser.add_argument(
        "--workers", default="1", metavar="N",
        help="train so many folds at once: a number, auto, or a Ray cluster as ray://HOST:PORT (default: 1)",
    )  # fmt: skip


def with_json(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")


def report(arguments: argparse.Namespace, document: Any, lines: Callable[[], str]) -> None:
    """Print the document with --json, else the lines for people."""
    if arguments.json:
        json.dump(document, sys.stdout, indent=1)
        print()
    else:
        print(lines())


def non_negative_int(text: str, low: int = 0) -> int:
    """Read an integer >= `low` given as an option."""
    if not text.isdecimal() or not low <= int(text) < 2**63:
        raise argparse.ArgumentTypeError(f"must be an integer >= {low}, got {text!r}")
    return int(text)


def positive_int(text: str) -> int:
    """Read an integer >= 1 given as an option."""
    return non_negative_int(text, 1)


def numbers(text: str) -> tuple[int, ...]:
    """Read numbers such as `0,1` given as an option."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be numbers such as 0,1, got {text!r}") from None


def seconds(text: str) -> float:
    """Read a duration given as an option."""
    from common.deadline import duration
    from common.errors import SettingError

    try:
        return duration(text)
    except SettingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
