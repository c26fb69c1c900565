"""`kit dataset`: a folder as a private Kaggle dataset, created or versioned, waited for and compared."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from common.errors import SettingError
from common.kaggle.client import Client, Progress
from common.kaggle.errors import Damaged, Invalid
from common.kaggle.results import DatasetState, DatasetStatus, Ref, RemoteFile
from common.kaggle.retry import Clock, Tell, poll, silent, tolerant

WAIT_LIMIT = 3600.0
"""Seconds that Kaggle may take to process a version."""

_NAME = re.compile(r"[A-Za-z0-9._-]+")
# What Kaggle unpacks when it is uploaded; a wheel is a zip archive by another name and stays as it is.
_UNPACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".7z")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A dataset version that is ready, current and complete; `pinned` is how a kernel names exactly it."""

    ref: Ref
    files: tuple[str, ...]
    created: bool

    @property
    def pinned(self) -> str:
        """The name for `dataset_sources`, with the version, so that a kernel cannot bind an older one."""
        return f"{self.ref.name}/{self.ref.version}"


def publish(
    client: Client,
    ref: Ref,
    folder: Path,
    *,
    title: str,
    notes: str,
    licence: str = "other",
    limit: float = WAIT_LIMIT,
    progress: Progress | None = None,
    tell: Tell = silent,
    clock: Clock | None = None,
) -> Published:
    """Create the dataset, or its next version, from all files of a folder; return when kernels can use it.

    Each sub-folder travels as one zip archive, which Kaggle unpacks to the same place. Hidden files stay here: they
    are what git and download tools leave.

    Args:
        client: the connection.
        ref: owner and slug of the dataset.
        folder: what it shall hold.
        title: its title where it is created; 6 to 50 characters, as the slug.
        notes: of the version.
        licence: Kaggle's name of a licence.
        limit: seconds to wait until Kaggle has processed it.
        progress: told the bytes of the file under way.
        tell: told what happens.
        clock: replaceable in tests.

    Raises:
        SettingError: for names that Kaggle would refuse only after the upload.
        TimedOut: if it is not ready in time.
        Damaged: if the finished version does not hold what was uploaded.
        KaggleError: see `common.kaggle.client.Datasets`.
    """
    expected = _check(ref, title, folder)
    before = client.datasets.status(ref)
    if before is not None and before.state is DatasetState.DELETED:
        raise Invalid(f"{ref.name} was deleted; Kaggle fails on a name that is made anew, so choose another")
    if before is not None and before.state not in {DatasetState.READY, DatasetState.FAILED}:
        before = _await(client, ref, 0, limit, tell, clock)  # a version added during processing is lost
    newest = (before.version or 0) if before else 0
    with tempfile.TemporaryDirectory(prefix="dataset-") as scratch:
        uploads = _pack(folder, Path(scratch))
        tell(
            f"{ref.name}: uploading {len(uploads)} files, {sum(file.stat().st_size for file in uploads) / 1e6:,.1f} MB"
        )
        if before is None:
            client.datasets.create(ref, title, uploads, licence=licence, progress=progress)
        else:
            client.datasets.version(ref, notes, uploads, progress=progress)
    ready = _await(client, ref, newest, limit, tell, clock)
    _compare(ref, expected, client.datasets.files(ref))
    tell(f"{ref.name} version {ready.version} is ready")
    return Published(ref=ref.at(ready.version), files=tuple(expected), created=before is None)


def _check(ref: Ref, title: str, folder: Path) -> dict[str, int]:
    """Return names and sizes of the files; every complaint that can be made before the upload is made here."""
    for what, text in (("slug", ref.slug), ("title", title)):
        if not 6 <= len(text) <= 50:
            raise SettingError(f"dataset {what} {text!r} has {len(text)} characters; Kaggle takes 6 to 50")
    if not folder.is_dir():
        raise SettingError(f"{folder} is no folder; name the folder to upload")
    files = _files(folder)
    if not files:
        raise SettingError(f"{folder} is empty; a dataset needs at least one file")
    names = [file.relative_to(folder).as_posix() for file in files]
    bad = [name for name in names if not all(_NAME.fullmatch(part) for part in name.split("/"))]
    if bad:
        raise SettingError(f"Kaggle fails on the file name {bad[0]!r}; use letters, digits and . _ - only")
    packed = [name for name in names if name.endswith(_UNPACKED)]
    if packed:
        raise SettingError(f"Kaggle would unpack {packed[0]!r}; upload the folder that it holds instead")
    empty = [name for name, file in zip(names, files, strict=True) if not file.stat().st_size]
    if empty:
        raise SettingError(f"{empty[0]!r} is empty; Kaggle does not keep empty files")
    return {name: file.stat().st_size for name, file in zip(names, files, strict=True)}


def _files(folder: Path) -> list[Path]:
    """Return all files of a folder and below that are not hidden."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts)]


def _pack(folder: Path, scratch: Path) -> list[Path]:
    """Return the files to upload: those at the top, and an archive of every sub-folder."""
    uploads = []
    by_place = groupby(_files(folder), key=lambda file: folder / file.relative_to(folder).parts[0])
    for place, files in by_place:
        if place.is_file():
            uploads.append(place)
            continue
        archive = scratch / f"{place.name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # weights and wheels do not shrink
            for file in files:
                with file.open("rb") as source, packed.open(_entry(file, place), "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        uploads.append(archive)
    return uploads


def _entry(file: Path, folder: Path) -> zipfile.ZipInfo:
    # A fixed date: the same files make the same archive.
    return zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))


def _await(client: Client, ref: Ref, above: int, limit: float, tell: Tell, clock: Clock | None) -> DatasetStatus:
    """Wait until a version above `above` is ready and current; until then Kaggle may deny that a new dataset exists."""
    look = tolerant(lambda: client.datasets.status(ref))
    for waited in poll(f"dataset {ref.name}", every=10.0, limit=limit, clock=clock):
        status = look()
        if status is not None and status.state.broken:
            raise Invalid(f"{ref.name} ended as {status.state.value} on Kaggle; its page says why: {_page(ref)}")
        if status is not None and status.state is DatasetState.READY and (status.version or 0) > above:
            return status
        if waited:
            where = f"{status.state.value}, version {status.version}" if status else "not visible yet"
            tell(f"{ref.name}: {where} after {waited:.0f} s")
    raise AssertionError("unreachable: poll raises when the limit is over")


def _compare(ref: Ref, expected: dict[str, int], listed: Sequence[RemoteFile]) -> None:
    there = {file.name.lstrip("/"): file.size for file in listed}
    missing = [name for name in expected if name not in there]
    # An archive that Kaggle has not unpacked stands for the folder in it.
    missing = [name for name in missing if f"{name.split('/')[0]}.zip" not in there]
    wrong = [name for name, size in expected.items() if there.get(name) not in (None, size)]
    if missing or wrong:
        what = f"lacks {', '.join(missing[:5])}" if missing else f"holds {', '.join(wrong[:5])} in another size"
        raise Damaged(f"{ref.name} {what}; upload it once more, and see {_page(ref)}")


def _page(ref: Ref) -> str:
    return f"https://www.kaggle.com/datasets/{ref.name}"
