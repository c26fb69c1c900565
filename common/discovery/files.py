"""What lies in a folder: tables, and folders or archives of other files."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from common.competition.files import renamed
from common.data import formats, unpacked
from common.data.archives import BROKEN
from common.data.zipped import read_bytes
from common.discovery import heads
from common.discovery.heads import ENDINGS, LISTS, PACKED, Head, bare, separator_of
from common.errors import DataError, KitError
from common.wording import first_line, listed

_HIDDEN = (".", "__MACOSX")
_UNSEEN = re.compile(r"(^|/)(\.|__MACOSX/)|/$")  # of an archive: hidden files and folders
_MOST_FILES = 300_000  # of a container that are looked at
PICTURES = (
    *formats.PICTURES,
    # Read as such: those of medical devices, arrays, and spectrograms of sounds.
    *(".dcm", ".dicom", ".npy", ".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"),
)
TABLES = (".csv", ".tsv", ".parquet")
"""Endings of files of which each may be the table of one row."""
_SIDES = re.compile(r"(?i)train|test|label|sample")  # which name a table of its own
TEXTS = (".txt", ".md", ".html", ".htm")
_COLOURS = ("red", "green", "blue")
_KINDS = 8  # of files that each row has
_FEW_TABLES = 2  # of a folder that are tables of their own


def stem(path: str) -> str:
    """Return a path's name without folders and ending; of many thousands in a moment."""
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def ending(path: str) -> str:
    """Return the ending of a path's name, with its point, in lower case."""
    before, point, end = path.rpartition("/")[2].rpartition(".")
    return f"{point}{end}".lower() if before else ""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A folder, or an archive of one, of files that are no tables; `names` are paths below it.

    Where it holds pictures and their masks, `only` is the pattern of the paths of those meant, as a `Folder` has it, and
    `called` what its files are called instead of their names.
    """

    name: str
    path: Path
    names: tuple[str, ...]
    only: str = ".*"
    called: tuple[str, str] | None = None

    def id_of(self, name: str) -> str:
        """Return what a file is called: its name without folders and ending, or what the rule makes of its path."""
        return renamed(self.called, name.rpartition(".")[0]) or stem(name)

    @cached_property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of most of its files, the commonest first."""
        counts = Counter(ending(name) for name in self.names)
        return tuple(each for each, count in counts.most_common() if each and count * 20 >= len(self.names))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Its files of those endings."""
        return tuple(name for name in self.names if ending(name) in self.suffixes)

    @cached_property
    def stems(self) -> frozenset[str]:
        """What its files are called."""
        return frozenset(map(self.id_of, self.files))

    @cached_property
    def after_ids(self) -> tuple[str, ...]:
        """What stands behind the last mark in the names of its files, if they are of few kinds, such as _green."""
        counts = Counter("".join(name.rpartition("_")[1:]) for name in self.stems if "_" in name)
        order = sorted(counts, key=lambda end: (_COLOURS.index(end[1:]) if end[1:] in _COLOURS else len(_COLOURS), end))
        return tuple(order) if 1 < len(counts) <= _KINDS and counts.total() == len(self.stems) else ()

    @property
    def plain(self) -> bool:
        """Whether they are pictures as cameras make them."""
        return bool(self.suffixes) and self.suffixes[0] in formats.PICTURES

    @cached_property
    def pictures(self) -> bool:
        """Whether its files are pictures."""
        return bool(self.suffixes) and self.suffixes[0] in PICTURES

    def texts(self, values: Sequence[str], most: int) -> list[str]:
        """Return the text of the file of each value; beyond the first ones its name, which nobody looks at."""
        at = self.path if self.path.is_dir() or self.path.suffix.lower() == ".zip" else unpacked.unpacked(self.path)
        files = {stem(name): name for name in self.files}
        found = (files.get(stem(value) if ending(value) in self.suffixes else value) for value in values)
        return [
            read_bytes(f"{at}/{name}").decode("utf-8", "replace") if name and row < most else name or ""
            for row, name in enumerate(found)
        ]

    def share(self, values: Iterable[str]) -> float:
        """Return the share of values that are names of its files, with or without folders and ending."""
        values = {value for value in values if value}
        if not values:
            return 0.0
        some = next(iter(values))
        names = self.stems
        if "/" in some:
            values = {value.removeprefix(f"{self.name}/") for value in values}
        if any("/" in value for value in values):
            names = frozenset(self.files) | {each.rpartition(".")[0] for each in self.files}
            found = len({each for each in values if each in names or each.rpartition(".")[0] in names})
        elif ending(some) in self.suffixes:
            found = len({stem(each) for each in values} & names)
        else:
            found = len(values & names)
        return found / len(values)


@dataclass(frozen=True, kw_only=True)
class Found:
    """The tables and containers of a folder, masks that lie among pictures apart; `skipped` says why files were not looked at."""

    folder: Path
    tables: tuple[Head, ...]
    containers: tuple[Container, ...]
    masks: tuple[Container, ...] = ()
    skipped: dict[str, str] = field(default_factory=dict)


def look(folder: Path) -> Found:
    """Return what lies in a folder.

    Raises:
        DataError: if it is none, or holds nothing that could be a competition's.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; --data takes the folder with the competition's files")
    top = folder
    while len(inside := _visible(top)) == 1 and inside[0].is_dir():
        top = inside[0]
    tables: dict[str, Head] = {}
    containers: dict[str, Container] = {}
    skipped: dict[str, str] = {}
    if top != folder:
        raise DataError(f"all files lie in {top}; name that folder: --data {top}")
    for path in inside:
        if path.is_dir():
            names = _below(path)
            of_rows = _of_rows(names)
            if container := _container(path.name, path, names, of_rows):
                containers[path.name] = container
            for name in names:
                if _is_table(name) and not of_rows and name.count("/") <= 1:
                    _read(path / name, f"{path.name}/{name}", tables, skipped)
        elif _is_table(path.name) or (path.suffix.lower() in LISTS and _is_delimited(path)):
            _read(path, path.name, tables, skipped)
        elif path.name.lower().endswith(PACKED):
            _open(path, tables, containers, skipped)
    if not tables and not containers:
        why = f" ({listed(f'{name}: {reason}' for name, reason in skipped.items())})" if skipped else ""
        raise DataError(f"{folder} holds no tables and no folders of files{why}; --data takes Kaggle's files")
    parts = [_apart(container) for container in containers.values()]
    return Found(
        folder=folder, tables=tuple(tables.values()), containers=tuple(pictures for pictures, _ in parts),
        masks=tuple(masks for _, masks in parts if masks is not None), skipped=skipped,
    )  # fmt: skip


def _apart(container: Container) -> tuple[Container, Container | None]:
    """Return the pictures of a container and the masks that lie among them, in a folder of that name or called after them."""
    if not container.pictures or not any("mask" in name for name in container.names):
        return container, None
    stems = container.stems
    for pattern in (r"(.*/)?masks?/[^/]*", r".*_mask"):
        masks = tuple(name for name in container.names if re.fullmatch(pattern, name.rpartition(".")[0]))
        paired = sum(stem(name).removesuffix("_mask") in stems for name in masks) > 0.9 * len(masks)
        if masks and len(masks) < len(container.names) and (paired or pattern.startswith("(")):
            others = tuple(name for name in container.names if name not in {*masks})
            top = re.escape(container.name)
            return (
                replace(container, names=others, only=f"(?!{top}/{pattern}$).*"),
                replace(container, names=masks, only=f"{top}/{pattern}"),
            )
    return container, None


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(_HIDDEN))


def _is_table(name: str) -> bool:
    """Whether a name ends like a table's, packed or not."""
    name = name.lower()
    return name.removesuffix(next((end for end in PACKED if name.endswith(end)), "")).endswith(ENDINGS)


def _is_delimited(path: Path) -> bool:
    """Whether a text is a table of its own: its name says of which side, and its first lines have as many separators."""
    with path.open("rb") as file:
        lines = [line.decode("utf-8", "replace") for line in islice(file, 5)]
    counts = {line.count(separator_of(lines[0])) for line in lines}
    return len(lines) > 2 and len(counts) == 1 and counts != {0} and bool(_SIDES.search(path.stem))


def _below(folder: Path) -> list[str]:
    """Return the paths of the files below a folder, in order."""
    found: list[str] = []
    for root, folders, files in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith(_HIDDEN))
        below = Path(root).relative_to(folder).as_posix()
        found += [name if below == "." else f"{below}/{name}" for name in sorted(files) if name[0] != "."]
        if len(found) > _MOST_FILES:
            break
    return found


def _of_rows(names: list[str]) -> bool:
    """Whether tables are each that of a row: many, or called by numbers."""
    tables = [stem(name) for name in names if _is_table(name)]
    numbered = sum(bool(re.search(r"\d", name)) and not _SIDES.search(name) for name in tables)
    return len(tables) > 50 or (len(tables) > _FEW_TABLES and numbered >= 0.8 * len(tables))


def _container(name: str, path: Path, names: list[str], of_rows: bool) -> Container | None:
    """Return the files that are no tables as a container, or tables where each is that of a row."""
    others = [each for each in names if not _is_table(each)]
    if len(others) < 2 and of_rows:
        others = names
    container = Container(name=name, path=path, names=tuple(others))
    # The test set of a code competition may be a single picture.
    alone = len(others) == 1 and container.pictures
    return container if (len(others) > 1 or alone) and container.suffixes else None


def _open(path: Path, tables: dict[str, Head], containers: dict[str, Container], skipped: dict[str, str]) -> None:
    """Add an archive: the table in it, or the files."""
    try:
        if path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if not _UNSEEN.search(name)]
        else:
            names = _below(unpacked.unpacked(path))
    except (KitError, OSError, *BROKEN) as error:
        skipped[path.name] = first_line(error)
        return
    name = unpacked.stem(path.name) or path.stem
    of_rows = _of_rows(names)
    packed = [] if of_rows else [each for each in names if each.lower().endswith(ENDINGS)]
    container = _container(name, path, names, of_rows)
    if len(names) == 1 and packed:
        _read(path, path.name, tables, skipped)
        return
    for each in packed:
        _read(path, f"{name}/{each}", tables, skipped)
    if container:
        containers.setdefault(name, container)
    elif not packed:
        skipped[path.name] = f"an archive of {listed(names) or 'nothing'}, which has to be unpacked first"


def _read(path: Path, file: str, tables: dict[str, Head], skipped: dict[str, str]) -> None:
    try:
        head = heads.read(path, file)
    except DataError as error:
        skipped[file] = str(error)
        return
    known = tables.get(bare(file))
    if known is None or known.path.suffix.lower() in PACKED:  # what is unpacked counts before its archive
        tables[bare(file)] = head
