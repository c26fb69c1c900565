"""Files of a folder or of a zip archive, by paths in which an archive counts as a folder.

`/data/train.zip/train/cat.0.jpg` is the member `train/cat.0.jpg` of `/data/train.zip`: code that reads files one by one
need not know which of the two it has.
"""

from __future__ import annotations

import os
import re
import zipfile
from functools import lru_cache
from pathlib import Path

from common.data.archives import BROKEN, inside, plain, remedy
from common.errors import DataError
from common.files import files_below

ARCHIVE = ".zip"
_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX/)")  # what operating systems leave behind: .DS_Store, ._name, __MACOSX


def members(container: Path) -> list[str]:
    """Return the files below a folder or in a zip archive, relative to it, in natural order: 2 before 10.

    Raises:
        DataError: if the archive cannot be read, or a link leads nowhere or in a circle.
        ArchiveError: if a member's name could lead out of a folder.
    """
    if container.is_dir():
        names = [path.relative_to(container).as_posix() for path in files_below(container)]
        names = [name for name in names if not _HIDDEN.search(name)]
    else:
        try:
            with zipfile.ZipFile(container) as archive:
                names = [*listing(archive)]
        except (OSError, *BROKEN) as error:
            raise DataError(f"{container} cannot be read as a zip archive ({error}); {remedy(error)}") from None
    return sorted(names, key=_natural)


def listing(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the files in an archive by their path in it, without what operating systems leave behind.

    Raises:
        ArchiveError: if a member's name could lead out of a folder.
    """
    files = {str(inside(plain(info.filename))): info for info in archive.infolist() if not info.is_dir()}
    return {name: info for name, info in files.items() if not _HIDDEN.search(name)}


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file, which may lie in a zip archive.

    Raises:
        DataError: if it cannot be read.
    """
    archive, member = _parts(path)
    try:
        if not member:
            return Path(path).read_bytes()
        opened, files = _opened(archive, _stamp(archive), os.getpid())
        return opened.read(files[member])
    except (OSError, KeyError, *BROKEN) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def size_of(path: str) -> int:
    """Return the bytes of a file's content, which may lie in a zip archive.

    Raises:
        DataError: if it does not exist.
    """
    archive, member = _parts(path)
    try:
        if not member:
            return Path(path).stat().st_size
        return _opened(archive, _stamp(archive), os.getpid())[1][member].file_size
    except (OSError, ValueError, KeyError, *BROKEN) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def stamp(path: str) -> str:
    """Return size and time of change of a file, or of the archive that it lies in: they change with the content.

    Raises:
        DataError: if the file does not exist.
    """
    archive, member = _parts(path)
    try:
        return _stamp(archive if member else path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def _stamp(file: str) -> str:
    status = os.stat(file)  # noqa: PTH116  paths are text here, and there may be many
    return f"{status.st_size} {status.st_mtime_ns}"


def _parts(path: str) -> tuple[str, str]:
    """Return the archive that a file lies in and its name there, or two empty texts."""
    ends = [match.end() for match in re.finditer(rf"{re.escape(ARCHIVE)}(?=/)", path)]
    archive = next((path[:end] for end in ends if Path(path[:end]).is_file()), "")
    return archive, path[len(archive) + 1 :] if archive else ""


@lru_cache(maxsize=8)
def _opened(archive: str, stamp: str, process: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """Return an archive as it is now, and its files.

    It is opened by this very process: a forked one would share the position in the file.
    """
    opened = zipfile.ZipFile(archive)
    return opened, listing(opened)


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", name)
    # The name itself where that is the same, as of 1 and 01, so that no order depends on the disk.
    return [(int(part), "") if number % 2 else (0, part) for number, part in enumerate(parts)], name
