"""Sample data: made, marked as such, and never written over what the kit has not made."""

from __future__ import annotations

import json
from pathlib import Path

from common import registry
from common.errors import DataError
from common.files import atomic_write
from common.wording import listed

MARK = ".kit-sample.json"
"""Lies beside sample data, so that nobody takes it for a competition's."""


def make(name: str, folder: Path, rows: int, seed: int) -> dict[str, int]:
    """Write a competition's sample data and return the rows of each file.

    Args:
        name: of the competition.
        folder: where to; sample data that lie there are replaced.
        rows: of training and test set together.
        seed: the same seed gives the same files.

    Raises:
        DataError: if the folder holds files that are not sample data.
        UnknownName, MissingPart: if there is no such competition, or it has no sample.
    """
    module = registry.sample(name)
    others = [] if is_sample(folder) or not folder.is_dir() else sorted(path.name for path in folder.iterdir())
    if others:
        raise DataError(f"{folder} holds files that are not sample data ({listed(others)}); --out takes another folder")
    with atomic_write(folder / MARK, "w") as handle:
        json.dump({"competition": name, "rows": rows, "seed": seed}, handle)
    files: dict[str, int] = module.make(folder, rows, seed)
    return files


def is_sample(folder: Path) -> bool:
    """Whether a folder holds sample data."""
    return (folder / MARK).is_file()
