"""Where the files of a competition lie, and what they hold as a hash."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import Competition, Folder, Source
from common.data import folders, tables
from common.data.zipped import members
from common.errors import DataError
from common.files import sha256

if TYPE_CHECKING:
    from common.environment import Environment


def find(
    competition: Competition, named: Path | None, environment: Environment, remembered: Path | None = None
) -> Path:
    """Return the folder that holds a competition's data.

    Args:
        competition: whose data.
        named: the folder that the user named, the only one looked in.
        environment: says where data usually lies (`usual_folders`).
        remembered: the folder that a run was trained on, looked in before those.

    Raises:
        DataError: if it is not there; names the folders tried and how to get the data.
    """
    folders_tried = [named] if named is not None else usual_folders(competition, environment)
    if named is None and remembered is not None:
        folders_tried.insert(0, remembered)
    for folder in folders_tried:
        if locate(folder, competition.files.test) is not None:
            return folder
    tried = ", ".join(map(str, folders_tried))
    wanted = f"{competition.files.train.file} and {competition.files.test.file}"
    for folder in folders_tried:
        for packed in (folder / f"{competition.slug}.zip", folder.with_name(f"{competition.slug}.zip")):
            if packed.is_file():  # as a browser downloads it
                raise DataError(f"{packed} is not unpacked yet: python -m zipfile -e {packed} {folder}")
    how = (
        f"see competitions/{competition.name}/README.md"
        if competition.local
        else f"accept the rules at {competition.url}/rules, then run: kit download {competition.name}"
    )
    if named is not None and not named.is_dir():
        raise DataError(f"{named} is not a folder; --data takes the folder with {wanted} of {competition.name}")
    raise DataError(f"no {wanted} of {competition.name} in: {tried}. To get them, {how}")


def usual_folders(competition: Competition, environment: Environment) -> list[Path]:
    """Return where a competition's data usually lies: mounts, then `data/<slug>/` and `data/<name>/`."""
    names = dict.fromkeys((competition.slug, competition.name))
    mounts = [mount for name in names for mount in environment.mounts(name)]
    return list(dict.fromkeys([*mounts, *(Path("data") / name for name in names)]))


def hashes(competition: Competition, folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of the competition that lies in the folder."""
    files = competition.files
    sources = (files.train, files.test, files.sample_submission, *files.extra.values())
    present = sorted({path for source in sources for each in _parts(source) for path in paths(folder, each)})
    return {path.name: sha256_of_folder(path) if path.is_dir() else sha256(path) for path in present}


def _parts(source: Source) -> list[Source]:
    """Return a source with those that are joined to its rows."""
    return [
        source,
        *([source.files] if source.files else []),
        *(each for join in source.joined for each in _parts(join.table)),
    ]


def sha256_of_folder(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of a folder's files, in hexadecimal."""
    digest = hashlib.sha256()
    for name in members(folder):
        digest.update(f"{name}\0{sha256(folder / name)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def sample_submission(competition: Competition, folder: Path) -> Path:
    """Return the path of the sample submission.

    Raises:
        DataError: if it is not in the folder.
    """
    if (path := locate(folder, competition.files.sample_submission)) is None:
        file = competition.files.sample_submission.file
        raise DataError(f"{file} is not in {folder}; a submission is checked against it")
    return path


def locate(folder: Path, source: Source) -> Path | None:
    """Return the path of a source in a folder, packed or not, or None; the first one, of several."""
    return next(iter(paths(folder, source)), None)


def paths(folder: Path, source: Source) -> list[Path]:
    """Return the files and folders that hold a source's rows."""
    if isinstance(source, Folder):
        return folders.containers(folder, source)
    if files := tables.located(folder, source.file):
        return [*files, *(path for file in source.continued for path in tables.located(folder, file))]
    return folders.containers(folder, source.instead) if source.instead else []
