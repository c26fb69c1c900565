"""A table's bytes, whatever it is packed in, without unpacking all of it."""

from __future__ import annotations

import codecs
import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from common.data import unpacked
from common.data.zipped import listing, members

START = 1 << 16  # bytes that are read at once, and show how a table is written
_PART = 1 << 24  # bytes that are decoded at once
_GZIP_RATIO = 4  # of text, roughly; the archive does not say how large its content is


@contextmanager
def opened(path: Path, file: str = "") -> Iterator[tuple[BinaryIO, str, int]]:
    """Open a file, or the one in an archive that is called `file`, else the first: the bytes, its name, their rough number."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            files = listing(archive)
            name = _named([*files], file)
            info = files[name]
            with archive.open(info) as stream:
                if name.lower().endswith(".zip"):  # an archive in another
                    with zipfile.ZipFile(stream) as inner:
                        (name, info), *_ = listing(inner).items()
                        with inner.open(info) as table:
                            yield table, name, info.file_size  # type: ignore[misc]
                else:
                    yield stream, name, info.file_size  # type: ignore[misc]
    elif path.suffix.lower() == ".gz":
        with gzip.open(path) as stream:
            yield stream, path.stem, path.stat().st_size * _GZIP_RATIO  # type: ignore[misc]
    elif unpacked.stem(path.name) is not None:
        folder = unpacked.unpacked(path)
        name = _named(members(folder), file)
        with (folder / name).open("rb") as stream:
            yield stream, name, (folder / name).stat().st_size
    else:
        with path.open("rb", buffering=START) as stream:
            yield stream, path.name, path.stat().st_size


def _named(names: list[str], file: str) -> str:
    called = PurePosixPath(file).name
    return next((name for name in names if PurePosixPath(name).name == called), names[0])


def require_utf8(path: Path) -> None:
    """Read a whole file, however large, with little memory.

    Raises:
        UnicodeDecodeError: if it is no UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb", buffering=0) as file:
        while part := file.read(_PART):
            if not part.isascii() or decoder.getstate()[0]:
                decoder.decode(part)
    decoder.decode(b"", final=True)
