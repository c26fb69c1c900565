"""`kit download`: a competition's files into its data folder, resumed, checked, and not fetched twice."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.data.archives import extract
from common.errors import ArchiveError
from common.files import atomic_write, locked
from common.kaggle.errors import Damaged, KaggleError, RulesNotAccepted
from common.kaggle.results import Progress, RemoteFile
from common.kaggle.retry import Notify, silent
from common.wording import listed

if TYPE_CHECKING:
    from common.kaggle.official import Client

RECEIPT = ".download.json"
"""Lists what a finished download brought: file names and sizes."""

_FETCHING = ".fetching"


@dataclass(frozen=True, kw_only=True)
class Download:
    """What is in the data folder now; `fetched` is false if it was complete already."""

    folder: Path
    files: tuple[str, ...]
    size: int
    fetched: bool


def download(
    client: Client,
    slug: str,
    folder: Path,
    *,
    force: bool = False,
    progress: Progress | None = None,
    notify: Notify = silent,
) -> Download:
    """Bring a competition's files into `folder`.

    The archive of all files is fetched (continued where it broke off, in an earlier run too), compared with Kaggle's
    list of files, unpacked with every checksum checked, and only then moved into the folder.

    Args:
        client: the connection.
        slug: the competition.
        folder: for example `data/<slug>`.
        force: fetch again even if everything is there.
        progress: called with the bytes fetched.
        notify: called with a line about what happens.

    Raises:
        RulesNotAccepted: with the page to open.
        Damaged: if what arrived is not what Kaggle lists.
        ArchiveError: if the archive is broken or unsafe.
        KaggleError: if another process is downloading into the folder.
    """
    if not force and (files := receipt(folder)) is not None:  # before the lock: the folder may be read-only
        return Download(folder=folder, files=tuple(file.name for file in files), size=_size(files), fetched=False)

    def refuse() -> None:
        raise KaggleError(f"another process is downloading into {folder}; wait for its end")

    with locked(folder / "download", refuse):
        if not client.competitions.info(slug).entered:
            raise RulesNotAccepted(slug)
        expected = client.competitions.files(slug)
        notify(f"{slug}: {len(expected)} files, {_size(expected) / 1e6:,.1f} MB unpacked")
        fetching = folder / _FETCHING
        if force:
            shutil.rmtree(fetching, ignore_errors=True)
        archive = fetching / f"{slug}.zip"
        try:
            if not archive.exists():
                client.competitions.download(slug, archive, progress=progress)
            arrived = _unpack(archive, folder, expected)
        except (ArchiveError, Damaged):
            archive.unlink(missing_ok=True)  # the next run must not go on from it, as it does after any other failure
            raise
        _write_receipt(folder, arrived)
        shutil.rmtree(fetching, ignore_errors=True)
        return Download(folder=folder, files=tuple(file.name for file in arrived), size=_size(arrived), fetched=True)


def receipt(folder: Path) -> list[RemoteFile] | None:
    """Return what an earlier download brought, if all of it is still there in its size; else None."""
    try:
        saved = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))["files"]
        files = [RemoteFile(name=str(name), size=int(size)) for name, size in saved.items()]
        whole = all((folder / file.name).stat().st_size == file.size for file in files)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    return files if files and whole else None


def _unpack(archive: Path, folder: Path, expected: Sequence[RemoteFile]) -> list[RemoteFile]:
    if not zipfile.is_zipfile(archive):
        raise Damaged(f"{archive.name} is not a zip archive ({archive.stat().st_size:,} bytes); run the download again")
    names = extract(archive, folder)
    arrived = {name.as_posix(): (folder / name).stat().st_size for name in names}
    missing = [file.name for file in expected if file.name not in arrived]
    if missing:
        raise Damaged(f"the download lacks {listed(missing)}, which Kaggle lists; run it again")
    wrong = [file.name for file in expected if file.size is not None and arrived[file.name] != file.size]
    if wrong:
        raise Damaged(f"the download has {listed(wrong)} in other sizes than Kaggle lists; run it again")
    return [RemoteFile(name=name, size=size) for name, size in arrived.items()]


def _write_receipt(folder: Path, files: Sequence[RemoteFile]) -> None:
    with atomic_write(folder / RECEIPT, "w") as handle:
        json.dump({"files": {file.name: file.size for file in files}}, handle, indent=1)
        handle.write("\n")


def _size(files: Sequence[RemoteFile]) -> int:
    return sum(file.size or 0 for file in files)
