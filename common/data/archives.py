"""Unpack zip archives that others made, without letting them write anywhere but into their folder."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from common.errors import ArchiveError, DeviceError

MAX_BYTES = 500 * 10**9
MAX_FILES = 5_000_000
MAX_RATIO = 1_100
"""Unpacked over packed size. Deflate cannot pass 1,032; a declared size beyond it is a lie."""

# A backslash is a separator on Windows, where a colon is a drive or a stream and the rest is not allowed.
_FORBIDDEN = "\\" + (':"<>|?*' if os.name == "nt" else "")
_CHUNK = 1 << 20


def extract(
    archive: Path,
    into: Path,
    *,
    max_bytes: int = MAX_BYTES,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Unpack a zip archive: either all of it appears in `into`, or nothing of it.

    Every member is checked before any is written: names that lead out of the folder, links and devices, names
    that fall together on some file system, passwords, sizes that cannot be. While unpacking, sizes and
    CRCs are checked against what the archive says.

    Args:
        archive: the zip file.
        into: folder to unpack into; made if it does not exist, files of the same name are replaced.
        max_bytes: most bytes that may come out.
        progress: told the bytes unpacked and the bytes in all.

    Returns:
        The files, relative to `into`, in the archive's order.

    Raises:
        ArchiveError: for an archive that is broken or that would do any of this.
        DeviceError: if the disk has no room for it.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = list(_checked(opened, archive, max_bytes))
            into.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=into.parent, prefix=f".{into.name}.") as scratch:
                total, done = sum(info.file_size for info, _ in members), 0
                for info, name in members:
                    target = Path(scratch, name)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    done += _unpack(opened, info, target)
                    if progress:
                        progress(done, total)
                move_all(Path(scratch), into)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise ArchiveError(f"{archive} is broken ({error}); delete it and fetch it again") from error
    except OSError as error:
        raise DeviceError(
            f"cannot unpack {archive} into {into}: {error.strerror}; make room or choose another folder"
        ) from error
    return [Path(name) for _, name in members]


def inside(name: str) -> PurePosixPath:
    """Return a file's name from elsewhere as a relative path that cannot lead out of its folder.

    Raises:
        ArchiveError: for an empty or absolute name, one with `..`, a drive, a backslash or a control character.
    """
    path = PurePosixPath(name)
    parts = name.rstrip("/").split("/")
    escapes = path.is_absolute() or any(part in ("", ".", "..") for part in parts)
    if escapes or any(character in _FORBIDDEN or ord(character) < 32 for character in name):
        raise ArchiveError(f"unsafe file name {name!r}: it could lead out of its folder")
    return path


def move_all(source: Path, target: Path) -> None:
    """Move every file below `source` to the same place below `target` (the same file system), file by file."""
    for file in sorted(source.rglob("*")):
        if file.is_file():
            place = target / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            file.replace(place)


def _checked(opened: zipfile.ZipFile, archive: Path, max_bytes: int) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the archive's files with their safe names.

    Raises:
        ArchiveError: see `extract`; folders are checked too but not yielded.
    """
    infos = opened.infolist()
    if len(infos) > MAX_FILES:
        raise ArchiveError(f"{archive} holds {len(infos):,} files; more than {MAX_FILES:,} are refused")
    packed = archive.stat().st_size
    total = sum(info.file_size for info in infos)
    if total > max_bytes or total > packed * MAX_RATIO:
        raise ArchiveError(
            f"{archive} ({packed:,} bytes) would unpack to {total:,} bytes; that is refused as a zip bomb"
        )
    free = shutil.disk_usage(archive.parent).free
    if total > free:
        raise DeviceError(f"{archive} unpacks to {total / 1e9:.1f} GB, but only {free / 1e9:.1f} GB are free")
    seen: dict[str, bool] = {}
    for info in infos:
        name, folder = str(inside(info.filename)), info.is_dir()
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArchiveError(f"{archive} holds {name!r}, which is a link or a device, not a file")
        if info.flag_bits & 0x1:
            raise ArchiveError(f"{archive} is protected by a password ({name!r})")
        same = _folded(name)
        if seen.get(same, folder) != folder or (same in seen and not folder):
            raise ArchiveError(
                f"{archive} holds {name!r} twice (or two names that many file systems cannot tell apart)"
            )
        seen[same] = folder
        if not folder:
            yield info, name
    for same in seen:
        for parent in PurePosixPath(same).parents:
            if seen.get(str(parent)) is False:
                raise ArchiveError(f"{archive} holds {str(parent)!r} both as a file and as a folder")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _unpack(opened: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> int:
    written = 0
    with opened.open(info) as packed, target.open("xb") as out:  # reading to the end checks the CRC
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > info.file_size:
                break
            out.write(chunk)
    if written != info.file_size:
        raise ArchiveError(f"{info.filename!r} is not of the size that its archive says; fetch the archive again")
    return written
