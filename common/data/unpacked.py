"""Archives that cannot be read file by file (7z, tar): unpacked once, into the cache."""

from __future__ import annotations

import tarfile
from pathlib import Path

from common.cache import cached, entry_name
from common.data.archives import MAX_RATIO
from common.environment import detect, free_disk
from common.errors import ArchiveError, DataError, DeviceError, KitError
from common.wording import first_line

ENDINGS = (".tar.7z", ".7z", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")


def stem(name: str) -> str | None:
    """Return an archive's name without its ending, or None for a file that is no such archive."""
    return next((name.removesuffix(ending) for ending in ENDINGS if name.lower().endswith(ending)), None)


def unpacked(archive: Path) -> Path:
    """Return the folder, in the cache, that holds an archive's files.

    Raises:
        ArchiveError: if it is broken, a bomb, or holds names that lead out of a folder.
        DeviceError: if the disk has no room for it, or the package that reads it is missing.
    """
    status = archive.stat()
    name = entry_name("unpacked", [archive.name, status.st_size, status.st_mtime_ns])

    def make(folder: Path) -> None:
        try:
            (_seven_zip if archive.name.lower().endswith(".7z") else _tar)(archive, folder)
            inside = [*folder.iterdir()]
            if len(inside) == 1 and inside[0].suffix.lower() == ".tar" and inside[0].is_file():
                _tar(inside[0], folder)
                inside[0].unlink()
        except (KitError, OSError):
            raise
        except Exception as error:  # of three libraries, each with its own
            raise ArchiveError(f"{archive} cannot be unpacked ({first_line(error)}); download it again") from error

    return cached(detect().cache, name, make, lambda folder: folder)


def _tar(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as opened:
        members = [member for member in opened.getmembers() if member.isfile()]
        _require_room(archive, sum(member.size for member in members), folder)
        opened.extractall(folder, members, filter="data")


def _seven_zip(archive: Path, folder: Path) -> None:
    try:
        import py7zr
    except ImportError:
        raise DeviceError(f"{archive} is a 7z archive; pip install py7zr, or unpack it with another program") from None
    with py7zr.SevenZipFile(archive) as opened:
        if opened.needs_password():
            raise DataError(f"{archive} needs a password; unpack it with another program")
        _require_room(archive, opened.archiveinfo().uncompressed, folder)
        opened.extractall(folder)  # noqa: S202  it refuses names that lead out


def _require_room(archive: Path, size: int, folder: Path) -> None:
    if size > archive.stat().st_size * MAX_RATIO:
        raise ArchiveError(f"{archive} would unpack to {size:,} bytes: a bomb")
    if size > (free := free_disk(folder)):
        raise DeviceError(f"{archive} unpacks to {size / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free")
