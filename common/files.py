"""Files and folders that are either whole or not there.

Everything the kit writes goes through here: a process killed at any moment leaves the old content or the whole new one,
never half a file. The content is written beside its target under a hidden name, flushed to the disk and renamed, which
file systems do in one step. Where several processes write, they lock each other out.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, overload

from common.errors import DataError, DeviceError

# No space on the device, over the user's quota, over the largest file allowed.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
# The words of safetensors (Rust), NumPy and PyTorch for it.
_FULL_SIGNS = ("os error 28", "os error 27", "no space left", "file too large", "requested and", "unexpected pos")


@overload
def atomic_write(path: Path, mode: Literal["wb"] = "wb") -> AbstractContextManager[BinaryIO]: ...
@overload
def atomic_write(path: Path, mode: Literal["w"]) -> AbstractContextManager[TextIO]: ...


@contextmanager
def atomic_write(path: Path, mode: Literal["wb", "w"] = "wb") -> Iterator[Any]:
    r"""Open a file whose content replaces `path` when the block ends without an error.

    Folders above it are made. An existing file keeps its permissions, a symbolic link stays and what it points to is
    replaced. Text is UTF-8, and a line ends as it is written: "\n" is never translated.

    Args:
        path: the file to write.
        mode: "wb" yields a binary handle, "w" a text handle.

    Raises:
        DeviceError: if the disk is full or the file cannot be written; `path` is as it was before.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise DeviceError(f"cannot write {path}: it is a {'folder' if target.is_dir() else 'device'}; name a file")
    part = _beside(target)
    try:
        with full_disk_reported(path, part):
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                # "x": the name is new, so nobody else's file is ever written; the umask decides its permissions.
                handle = part.open("xb") if mode == "wb" else part.open("x", encoding="utf-8", newline="")
            except OSError as error:
                raise _refused(path, error) from error
            with handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            if target.exists():
                shutil.copymode(target, part)
            part.replace(target)
    finally:
        with suppress(OSError):
            part.unlink()
    _sync_folder(target.parent)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a fresh folder that becomes `path` when the block ends without an error.

    A folder at `path` is replaced; a kill between its removal and the rename leaves none, so that what is there is always
    whole.

    Raises:
        DeviceError: if the disk is full or the folder cannot be written.
    """
    target = Path(os.path.realpath(path))
    part = _beside(target)
    try:
        with full_disk_reported(path, part):
            try:
                part.mkdir(parents=True)
            except OSError as error:
                raise _refused(path, error) from error
            yield part
            for file in part.rglob("*"):
                if file.is_file():
                    with file.open("rb") as handle:
                        os.fsync(handle.fileno())
            if target.is_dir():
                old = _beside(target)
                target.replace(old)
                part.replace(target)
                shutil.rmtree(old, ignore_errors=True)
            else:
                part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    _sync_folder(target.parent)


@contextmanager
def locked(path: Path, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Keep everybody else who locks `path` out of the block: other threads and other processes.

    The lock is a hidden file beside `path`, which is gone after the block. The system takes the lock back when the
    process ends, however it ends. Locking the same path again within the block is an error. On a file system without
    locks nobody is kept out: to work there alone is better than not at all.

    Args:
        path: a file or folder, which need not be there.
        on_wait: called before waiting for whoever has the lock; an error that it raises is raised instead of waiting.

    Raises:
        DeviceError: if the folder above `path` cannot be written.
    """
    from filelock import FileLock, Timeout  # takes 0.1 s, and most commands lock nothing

    file = path.with_name(f".{path.name}.lock")
    lock = FileLock(file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as handle:  # where no file can be made, filelock may wait for ever
            if os.name == "posix":
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_UN)  # where the system has no locks, it would wait for the very file
        with suppress(Timeout):
            lock.acquire(blocking=False)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise _refused(path, error) from error
        yield
        file.unlink(missing_ok=True)
        return
    if not lock.is_locked:
        if on_wait is not None:
            on_wait()
        lock.acquire()
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()  # while it is locked: who waits for it takes a new one
        lock.release()


@contextmanager
def full_disk_reported(path: Path, part: Path | None = None) -> Iterator[None]:
    """Turn a full disk while `path` is written into a DeviceError; libraries that write models raise errors of their own.

    Args:
        path: the file or folder, for the message.
        part: what is written instead of it until it is whole.

    Raises:
        DeviceError: if the disk is full.
    """
    try:
        yield
    except Exception as error:
        number = getattr(error, "errno", None)
        if number not in _FULL and not any(sign in str(error).lower() for sign in _FULL_SIGNS):
            raise
        part = part or path
        files = [part, *part.rglob("*")] if part.is_dir() else [part]
        written = sum(file.stat().st_size for file in files if file.is_file())
        limit = "the largest file allowed is smaller" if number == errno.EFBIG else _left(part.parent)
        raise DeviceError(
            f"disk full: {path} needs more than {written / 1e6:,.1f} MB and {limit} in {part.parent}; "
            "what stood there is unchanged. Free space or choose another folder"
        ) from error


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary folder, which is gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="kit-") as folder:
        yield Path(folder)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder; links are followed, as data may lie on another disk.

    Raises:
        DataError: for a link that leads nowhere, or to a folder that it lies in.
    """
    for at, folders, names in os.walk(folder.absolute(), followlinks=True):
        for path in (Path(at, name) for name in (*folders, *names) if not name.startswith(".")):
            if path.is_symlink() and not path.exists():
                raise DataError(f"{path} is a link to {path.readlink()}, which is not there; remove it")
            if path.is_symlink() and path.resolve() in map(Path.resolve, path.parents):
                raise DataError(f"{path} is a link to {path.readlink()}, a folder that it lies in; remove it")
        folders[:] = [name for name in folders if not (name.startswith(".") and Path(at, name).is_symlink())]
        yield from (
            folder / path.relative_to(folder.absolute()) for name in names if (path := Path(at, name)).is_file()
        )


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _beside(target: Path) -> Path:
    # In the same folder, because a rename is one step only within a file system.
    return target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")


def _refused(path: Path, error: OSError) -> DeviceError:
    if error.errno in _FULL:
        folder = next(folder for folder in path.absolute().parents if folder.exists())
        return DeviceError(f"disk full: cannot write {path}, as {_left(folder)}; free space or choose another folder")
    return DeviceError(f"cannot write {path}: {error.strerror}; choose a folder that you may write to")


def _left(folder: Path) -> str:
    """Return in words what is left of the disk that holds a folder: room, or files that it can still take."""
    if hasattr(os, "statvfs") and (disk := os.statvfs(folder)).f_files and not disk.f_favail:
        return "the disk can hold no more files (no inodes are left; delete some)"
    return f"{shutil.disk_usage(folder).free / 1e6:,.1f} MB are free"


def _sync_folder(folder: Path) -> None:
    # Without it the rename itself may be lost when the power fails. Windows cannot open a folder.
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
