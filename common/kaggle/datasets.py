"""`kit dataset`: a folder as a private Kaggle dataset, created or versioned, waited for and compared."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from common.errors import SettingError
from common.kaggle import secrets
from common.kaggle.errors import Damaged, Invalid
from common.kaggle.results import DatasetState, DatasetStatus, Progress, Ref
from common.kaggle.retry import FAILURES, Clock, Notify, poll, silent
from common.wording import listed

if TYPE_CHECKING:
    from common.kaggle.official import Client

WAIT_LIMIT = 3600.0
"""Seconds that Kaggle may take to process a version."""

TITLE_LENGTH = 50
SCANNED_BYTES = 1_000_000
"""Larger files are weights and vocabularies, in which no credential is looked for."""

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
    follow_links: bool = False,
    limit: float = WAIT_LIMIT,
    progress: Progress | None = None,
    notify: Notify = silent,
    clock: Clock | None = None,
) -> Published:
    """Create the dataset, or its next version, from all files of a folder; return when kernels can use it.

    Each sub-folder travels as one zip archive, which Kaggle unpacks again. Hidden files are left out: they
    are what git and download tools leave.

    Args:
        client: the connection.
        ref: owner and slug of the dataset.
        folder: its files.
        title: its title if it is created; 6 to 50 characters, as the slug.
        notes: of the version.
        follow_links: upload also what links out of the folder lead to.
        limit: seconds to wait until Kaggle has processed it.
        progress: called with the bytes of the file under way.
        notify: called with a line about what happens.
        clock: replaceable in tests.

    Raises:
        SettingError: for names that Kaggle would refuse only after the upload.
        TimedOut: if it is not ready in time.
        Damaged: if the finished version does not hold what was uploaded.
        KaggleError: see `common.kaggle.official`.
    """
    files = _check(ref, title, folder, follow_links)
    expected = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    before = client.datasets.status(ref)
    if before is not None and before.state is DatasetState.DELETED:
        raise Invalid(f"{ref.name} was deleted; Kaggle fails on a name that is used again, so choose another")
    if before is not None and before.state not in {DatasetState.READY, DatasetState.FAILED}:
        before = _await(client, ref, 0, limit, notify, clock)  # a version added during processing is lost
    newest = (before.version or 0) if before else 0
    with tempfile.TemporaryDirectory(prefix="dataset-") as scratch:
        uploads = _pack(folder, files, Path(scratch))
        size = sum(file.stat().st_size for file in uploads)
        notify(f"{ref.name}: uploading {len(uploads)} files, {size / 1e6:,.1f} MB")
        if before is None:
            client.datasets.create(ref, title, uploads, licence="other", progress=progress)
        else:
            client.datasets.version(ref, notes, uploads, progress=progress)
    ready = _await(client, ref, newest, limit, notify, clock)
    _compare(client, ref, expected)
    notify(f"{ref.name} version {ready.version} is ready")
    return Published(ref=ref.at(ready.version), files=tuple(expected), created=before is None)


def _check(ref: Ref, title: str, folder: Path, follow_links: bool) -> list[Path]:
    """Return the files; everything that can be checked before the upload is checked here."""
    for what, text in (("slug", ref.slug), ("title", title)):
        if not 6 <= len(text) <= TITLE_LENGTH:
            raise SettingError(
                f"the {what} of a dataset must have 6 to {TITLE_LENGTH} characters, got {len(text)}: {text!r}"
            )
    if not folder.is_dir():
        raise SettingError(f"folder not found: {folder}; name the folder to upload")
    files = _files(folder, follow_links)
    if not files:
        raise SettingError(f"{folder} is empty; a dataset needs at least one file")
    for file in files:
        name = file.relative_to(folder).as_posix()
        if not all(_NAME.fullmatch(part) for part in name.split("/")):
            raise SettingError(f"Kaggle fails on the file name {name!r}; use letters, digits and . _ - only")
        if name.endswith(_UNPACKED):
            raise SettingError(f"Kaggle would unpack {name!r}; upload the folder that it holds instead")
        if not file.stat().st_size:
            raise SettingError(f"{name!r} is empty; Kaggle does not keep empty files")
    secrets.refuse({file.relative_to(folder).as_posix(): _readable(file) for file in files})
    return files


def _files(folder: Path, follow_links: bool) -> list[Path]:
    """Return all files of a folder and below that are not hidden.

    Raises:
        SettingError: for links that lead nowhere, in a circle, or out of the folder unless they are to be followed.
    """
    files: list[Path] = []
    broken: list[str] = []
    outside: list[str] = []

    def walk(path: Path, above: tuple[Path, ...]) -> None:
        for each in sorted(path.iterdir()):
            real, name = each.resolve(), each.relative_to(folder).as_posix()
            if each.name.startswith("."):
                continue
            if each.is_symlink() and (not real.exists() or real in above):
                broken.append(name)
            elif each.is_symlink() and not real.is_relative_to(folder.resolve()) and not follow_links:
                outside.append(name)
            elif each.is_dir():
                walk(each, (*above, real))
            elif each.is_file():
                files.append(each)

    walk(folder, (folder.resolve(),))
    if broken:
        raise SettingError(f"{listed(broken)} in {folder}: a link that leads nowhere or in a circle; remove it")
    if outside:
        raise SettingError(
            f"{listed(outside)} in {folder}: a link out of the folder; copy the file, or upload it with --follow-links"
        )
    return files


def _readable(file: Path) -> str:
    """Return what can be read as text of a small file."""
    return file.read_bytes().decode(errors="ignore") if file.stat().st_size <= SCANNED_BYTES else ""


def _pack(folder: Path, files: list[Path], scratch: Path) -> list[Path]:
    """Return the files to upload: those at the top, and an archive of every sub-folder."""
    uploads = []
    for top, below in groupby(files, key=lambda file: folder / file.relative_to(folder).parts[0]):
        if top.is_file():
            uploads.append(top)
            continue
        archive = scratch / f"{top.name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:  # weights and wheels do not shrink
            for file in below:
                # A fixed date: the same files make the same archive.
                entry = zipfile.ZipInfo(file.relative_to(top).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                with file.open("rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        uploads.append(archive)
    return uploads


def _await(client: Client, ref: Ref, above: int, limit: float, notify: Notify, clock: Clock | None) -> DatasetStatus:
    """Wait until a version above `above` is ready and current; until then Kaggle may deny that a new dataset exists."""

    def look(waited: float) -> DatasetStatus | None:
        status = client.datasets.status(ref)
        if status is not None and status.state.broken:
            raise Invalid(f"{ref.name} ended as {status.state.value} on Kaggle; its page says why: {_page(ref)}")
        if status is not None and status.state is DatasetState.READY and (status.version or 0) > above:
            return status
        if waited:
            state = f"{status.state.value}, version {status.version}" if status else "not visible yet"
            notify(f"{ref.name}: {state} after {waited:.0f} s")
        return None

    return poll(look, f"dataset {ref.name}", every=10.0, limit=limit, failures=FAILURES, clock=clock)


def _compare(client: Client, ref: Ref, expected: dict[str, int]) -> None:
    sizes = {file.name.lstrip("/"): file.size for file in client.datasets.files(ref)}
    # An archive that Kaggle has not unpacked stands for the folder in it.
    missing = [name for name in expected if name not in sizes and f"{name.split('/')[0]}.zip" not in sizes]
    wrong = [name for name, size in expected.items() if sizes.get(name) not in (None, size)]
    if missing or wrong:
        problem = f"lacks {listed(missing)}" if missing else f"has other sizes than were uploaded: {listed(wrong)}"
        raise Damaged(f"{ref.name} {problem}; upload it once more, and see {_page(ref)}")


def _page(ref: Ref) -> str:
    return f"https://www.kaggle.com/datasets/{ref.name}"
