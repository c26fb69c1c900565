"""The command `kit pictures`: what lies in a folder of pictures of one's own, before anything is trained on it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from common.commands.options import Commands, command, positive_int, report, with_json

if TYPE_CHECKING:
    from common.vision.pictures.examine import Examined

GROUP = "look"


def register(commands: Commands) -> None:
    """Add the commands of this module."""
    parser = command(
        commands, "pictures", check, "what lies in a folder of pictures: unreadable ones, sizes, labels, near duplicates",
        "kit pictures check data/birds/train --remove --resize 400",
    )  # fmt: skip
    parser.add_argument("action", choices=("check",), help="look at every file")
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder, or a zip archive of one")
    parser.add_argument("--remove", action="store_true", help="delete the files that cannot be read")
    parser.add_argument(
        "--resize", type=positive_int, metavar="PIXELS", help="make pictures smaller whose longer side has more pixels"
    )
    with_json(parser)


def check(arguments: argparse.Namespace) -> None:
    """Look at every file, then do what was asked for."""
    from common.errors import DataError
    from common.progress import Progress
    from common.vision.pictures.examine import examine, resize

    folder: Path = arguments.folder
    if (arguments.remove or arguments.resize) and folder.is_file():
        raise DataError(f"{folder} is an archive, which stays as it is; unpack it for --remove and --resize")
    examined = examine(folder, Progress())
    removed = resized = 0
    if arguments.remove:
        for name in examined.unreadable:
            (folder / name).unlink()
            removed += 1
    if arguments.resize:
        from common.data.zipped import members

        resized = resize(
            folder, [name for name in members(folder) if name not in examined.unreadable], arguments.resize
        )
    document = {"folder": str(folder), **asdict(examined), "removed": removed, "resized": resized}
    report(arguments, document, lambda: _said(folder, examined, removed, resized))


def _said(folder: Path, examined: Examined, removed: int, resized: int) -> str:
    from common.wording import listed, plural

    def counted(counts: dict[str, int]) -> str:
        return listed((f"{name} {count:,}" for name, count in counts.items()), 6)

    lines = [
        f"{folder}: {plural(examined.files, 'file')}, {plural(len(examined.unreadable), 'unreadable file')}",
        f"labels      {counted(examined.labels)}",
        f"sizes       {counted(examined.sizes)}",
    ]
    lines += [f"unreadable  {name}: {reason}" for name, reason in examined.unreadable.items()]
    lines += [f"alike       {names}" for names in examined.alike]
    if removed:
        lines.append(f"removed     {plural(removed, 'file')}")
    if resized:
        lines.append(f"resized     {plural(resized, 'picture')}")
    return "\n".join(lines)
