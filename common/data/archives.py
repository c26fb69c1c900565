"""Unpack zip archives from elsewhere, without letting them write anywhere but into their folder."""

from __future__ import annotations

import lzma
import os
import re
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from common.environment import free_disk
from common.errors import ArchiveError, DeviceError

MAX_RATIO = 1_100
"""Unpacked over packed size. Deflate cannot pass 1,032: beyond that, members share their bytes."""

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, UnicodeDecodeError)
"""What reading a damaged or encrypted archive, or one of an unknown compression, raises."""

# A backslash is a separator on Windows, where a colon is a drive or a stream and the rest is not allowed.
_FORBIDDEN = "\\" + (':"<>|?*' if os.name == "nt" else "")


def extract(archive: Path, into: Path) -> list[Path]:
    """Unpack a zip archive: either all of its files appear in `into`, or none of them.

    Args:
        archive: the zip file.
        into: the folder to unpack into; files of the same name are replaced.

    Returns:
        The files, relative to `into`, in the archive's order.

    Raises:
        ArchiveError: for an archive that is broken, encrypted, a zip bomb, or that holds a link, a device, a name that leads
            out of the folder or two names that the file system cannot tell apart.
        DeviceError: if the disk has no room for it.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            for member in members:
                member.filename = plain(member.filename)
            names = [inside(member.filename) for member in members]
            _check(archive, members, names, free_disk(into))
            into.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}.") as scratch:
                opened.extractall(scratch, members)  # which checks sizes and CRCs
                if sum(path.is_file() for path in Path(scratch).rglob("*")) < len(names):
                    raise ArchiveError(f"{archive} holds two names that this file system cannot tell apart")
                move_all(Path(scratch), into)
    except BROKEN as error:
        raise ArchiveError(f"{archive} cannot be unpacked ({error}); {remedy(error)}") from error
    except OSError as error:
        raise DeviceError(
            f"cannot unpack {archive} into {into}: {error.strerror}; free space or choose another folder"
        ) from error
    return list(map(Path, names))


def plain(name: str) -> str:
    r"""Return the name of an archive's member as a path from its top; some programs write `./a`, `a//b` or `a\b`."""
    return re.sub(r"(?<=.)[/\\]+", "/", name).removeprefix("./")


def remedy(error: BaseException) -> str:
    """Return what helps against one of `BROKEN`."""
    packed_otherwise = isinstance(error, RuntimeError)  # with a password, or by a method that Python does not know
    return "unpack it with another program" if packed_otherwise else "delete it and download it again"


def inside(name: str) -> PurePosixPath:
    """Return a file's name from elsewhere as a relative path that cannot lead out of its folder.

    Raises:
        ArchiveError: for an empty or absolute name, one with `..`, a drive, a backslash or a control character.
    """
    path = PurePosixPath(name)
    parts = name.rstrip("/").split("/")
    escapes = path.is_absolute() or re.match("[A-Za-z]:/", name) or any(part in ("", ".", "..") for part in parts)
    if escapes or any(character in _FORBIDDEN or ord(character) < 32 for character in name):
        raise ArchiveError(f"unsafe file name {name!r}: it could lead out of its folder")
    return path


def move_all(source: Path, target: Path) -> None:
    """Move every file below `source` to the same path below `target` (the same file system), file by file."""
    for file in sorted(source.rglob("*")):
        if file.is_file():
            destination = target / file.relative_to(source)
            destination.parent.mkdir(parents=True, exist_ok=True)
            file.replace(destination)


def _check(archive: Path, members: list[zipfile.ZipInfo], names: list[PurePosixPath], free: int) -> None:
    size, packed = sum(member.file_size for member in members), archive.stat().st_size
    if size > packed * MAX_RATIO:
        raise ArchiveError(f"{archive} ({packed:,} bytes) would unpack to {size:,} bytes: a zip bomb")
    if size > free:
        raise DeviceError(f"{archive} unpacks to {size / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free")
    for member in members:
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ArchiveError(f"{archive} holds {member.filename!r}, which is a link or a device, not a file")
    if both := {parent for name in names for parent in name.parents} & set(names):
        raise ArchiveError(f"{archive} holds {str(both.pop())!r} both as a file and as a folder")
