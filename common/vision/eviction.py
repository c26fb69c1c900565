"""A bound on the disk of what can be made again: entries that were not used for longest leave first.

An entry is a folder with a file `index.json`, whose time of change is when the entry was used last. Who needs an entry
to stay locks it (`files.locked`); who has its files mapped goes on reading them when they are gone, and their disk
space is free when the last reader ends.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from common.environment import free_disk
from common.errors import DeviceError
from common.files import locked

INDEX = "index.json"


def make_room(root: Path, need: int, max_bytes: int, what: str) -> None:
    """Remove what killed processes left, and entries until a new one fits; who calls it has locked the root.

    Args:
        root: the folder of the entries.
        need: bytes that the new one takes.
        max_bytes: what all entries together may take; those in use stay even if that is more.
        what: the new one and its size, for the error.

    Raises:
        DeviceError: if the disk has no room for it.
    """
    for part in root.glob(".*.part"):
        shutil.rmtree(part, ignore_errors=True)
    entries = [index.parent for index in root.glob(f"*/{INDEX}")]
    used = {entry: (entry / INDEX).stat().st_mtime_ns for entry in entries}
    sizes = {entry: sum(file.stat().st_size for file in entry.iterdir()) for entry in entries}
    total = sum(sizes.values()) + need
    for entry in sorted(entries, key=used.__getitem__):
        if total <= max_bytes:
            break
        with suppress(BlockingIOError), locked(entry, _in_use):
            # Taken out of its place by one rename first: half an entry is never seen.
            aside = entry.rename(entry.with_name(f".{entry.name}.evicted.part"))
            shutil.rmtree(aside, ignore_errors=True)
            total -= sizes[entry]
    if (free := free_disk(root)) < need:
        raise DeviceError(
            f"{what}, and {free / 1e9:.2f} GB of disk are free in {root}; free space, or store them smaller"
        )


def _in_use() -> None:
    raise BlockingIOError
