"""What travels between the driver of a run and the machines of a cluster: sources, archives of folders, data."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from common import data, environment
from common.competition import Competition
from common.errors import DataError, RunError
from common.files import atomic_folder, locked, scratch_folder
from common.runs.run import Run
from common.sources import sources

ROOTS = ("common.pipeline.workers", "common.sweeps.trials")
"""The modules whose functions workers call."""
DOWNLOAD = ("common.kaggle.download", "common.kaggle.official")
"""What a machine of a cluster gets data by. It is imported by name, like the look for secrets: a kernel carries neither."""


def bundle(competition: str) -> bytes:
    """Return all sources that training needs, as a cluster gets them.

    Raises:
        SecretFound: for anything that looks like a credential.
    """
    parts = [f"competitions.{competition}.{part}" for part in ("competition", "model")]
    files = sources([*ROOTS, "common.workers", *DOWNLOAD, *parts], "", environment.PROJECT)
    import_module("common.kaggle.secrets").refuse(files)
    return json.dumps(dict(sorted(files.items())), ensure_ascii=False).encode()


def data_here(folder: Path, competition: Competition, here: environment.Environment, run: Run) -> Path:
    """Return the folder of the run's data: the driver's, one where it usually lies, or a download.

    Raises:
        DataError: if this machine has other data, or cannot get any.
    """
    if not folder.is_dir():
        with suppress(DataError):
            return _same(data.find(competition, None, here), competition, run)
        if competition.local:
            raise DataError(f"no data of {competition.name} at {folder}: give a --data that all machines share")
        download, official = map(import_module, DOWNLOAD)
        folder = here.cache / "data" / competition.slug
        with locked(folder):
            download.download(official.connect(), competition.slug, folder)
    return _same(folder, competition, run)


def _same(folder: Path, competition: Competition, run: Run) -> Path:
    if data.hashes(competition, folder) != run.record.data:
        raise DataError(f"{folder} holds other data of {competition.name} than the run was begun with")
    return folder


def packed(folder: Path, only: list[Path] | None = None) -> bytes:
    """Return the files below a folder, or below some of what is in it, as an archive."""
    handle = io.BytesIO()
    with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for top in sorted(folder.iterdir() if only is None else only):
            for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
                if path.is_file():
                    archive.write(path, path.relative_to(folder).as_posix())
    return handle.getvalue()


def unpack(archive: bytes, into: Path) -> None:
    """Write the files of an archive into a folder."""
    from common.data.archives import extract

    with scratch_folder() as scratch:
        (scratch / "archive.zip").write_bytes(archive)
        extract(scratch / "archive.zip", into)


def receive(answer: Mapping[str, Any], folder: Path) -> None:
    """Write a fold that came as an archive, in one step.

    Raises:
        RunError: if it is not what was sent.
    """
    if hashlib.sha256(answer["archive"]).hexdigest() != answer["sha256"]:
        raise RunError(f"{folder.name} came back damaged from a worker; run it again")
    with atomic_folder(folder) as part:
        unpack(answer["archive"], part)
