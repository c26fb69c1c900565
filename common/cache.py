"""Prepared data on disk under a hash of its inputs: made once, shared by runs and processes, bounded in bytes.

An entry is a folder. The first process that asks for one makes it while the others wait; a kill leaves nothing that is
taken for a whole entry, and one that cannot be read is made again. When all entries of a cache take more than
`max_bytes`, the least recently used are removed: a process that has one mapped or open can go on reading it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

from common.environment import free_disk
from common.errors import DeviceError
from common.files import atomic_folder, locked

T = TypeVar("T")

MAX_BYTES = 16 * 10**9
USED = ".used"  # the file in an entry whose time of change is that of its last use
_NAME = "*-" + "[0-9a-f]" * 24
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, BadZipFile)  # removed at this very moment, or damaged


def entry_name(kind: str, about: Any, texts: Iterable[str] = ()) -> str:
    """Return the name of an entry: its kind and a hash of everything that it is made from.

    Args:
        kind: what the entry holds, such as `tokens`.
        about: plain values, as JSON knows them.
        texts: further inputs, of which there may be many.
    """
    digest = hashlib.sha256(json.dumps(about).encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d " % len(raw))  # so that where one text ends is part of the hash
        digest.update(raw)
    return f"{kind}-{digest.hexdigest()[:24]}"


def cached(
    root: Path,
    name: str,
    make: Callable[[Path], object],
    read: Callable[[Path], T],
    *,
    max_bytes: int = MAX_BYTES,
    need: int = 0,
    on_wait: Callable[[], None] | None = None,
) -> T:
    """Return what `read` returns for an entry, which is made first unless it is there and can be read.

    Args:
        root: the folder of the cache.
        name: the entry, as `entry_name` gives it.
        make: fills the fresh folder that it is given; it must not ask for the same entry.
        read: reads the folder; files that it maps or keeps open stay readable when the entry is removed.
        max_bytes: the disk that all entries together may take.
        need: bytes that a new entry will take, if known: room is made before it is written rather than afterwards.
        on_wait: called before waiting for another process that makes the same entry.

    Raises:
        DeviceError: if the disk is full, or has less than `need` bytes free.
    """
    folder = root / name
    with suppress(*_UNREADABLE):
        return _use(folder, read)
    with locked(folder, on_wait):
        with suppress(*_UNREADABLE):
            return _use(folder, read)
        for part in root.glob(f".{name}.*.part"):  # of a process that was killed: this one has the lock
            shutil.rmtree(part, ignore_errors=True)
        if need:
            _make_room(root, need, max_bytes)
        with atomic_folder(folder) as part:
            make(part)
            (part / USED).touch()
        _make_room(root, 0, max_bytes)  # the new entry itself is locked, and stays
        return _use(folder, read)


def _use(folder: Path, read: Callable[[Path], T]) -> T:
    try:
        os.utime(folder / USED)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):  # somebody else's cache serves as well
            raise
    return read(folder)


def _make_room(root: Path, need: int, max_bytes: int) -> None:
    """Remove what killed processes left, then the least recently used entries until `need` more bytes fit."""
    with locked(root / "cache"):
        for part in root.glob(f".{_NAME}.*.part"):
            _remove(root / part.name[1:].partition(".")[0], part)
        entries = [used.parent for used in root.glob(f"{_NAME}/{USED}")]
        last_use = {each: (each / USED).stat().st_mtime_ns for each in entries}
        sizes = {each: sum(file.stat().st_size for file in each.iterdir()) for each in entries}
        total = sum(sizes.values()) + need
        for each in sorted(entries, key=last_use.__getitem__):
            if total <= max_bytes:
                break
            if _remove(each, each):
                total -= sizes[each]
    if (free := free_disk(root)) < need:
        raise DeviceError(
            f"{need / 1e9:.2f} GB are needed in {root}, and {free / 1e9:.2f} GB of disk are free; free space or store less"
        )


def _remove(name: Path, folder: Path) -> bool:
    """Remove the folder of an entry, whole or in the making, unless a process makes that entry; return whether it did."""
    with suppress(OSError), locked(name, _in_use):
        # Renamed first, so that nobody reads half an entry.
        aside = folder.rename(folder.with_name(f".{name.name}.removed.part"))
        shutil.rmtree(aside, ignore_errors=True)
        return True
    return False


def _in_use() -> None:
    raise BlockingIOError
