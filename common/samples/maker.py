"""Files of a competition, made from its description alone."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from common.competition import Column, Competition, Folder, Source, SubmissionFormat, Table
from common.competition.description import described_columns
from common.data.formats import PICTURES
from common.errors import DataError
from common.files import atomic_write
from common.masks import OBJECTS
from common.samples import scenes, tables
from common.samples.answers import Answers
from common.samples.values import Cells, day, picture, vocabulary

_ANSWERS = "answers"
_HIDDEN = 0.25
_PER_GROUP = (2, 5)
_KEYS = 8  # different values of what a further table is joined by
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes every day


@dataclass(frozen=True)
class Maker:
    """Makes sample data of a competition that has no `sample.py` of its own."""

    competition: Competition

    def make(self, folder: Path, rows: int, seed: int) -> dict[str, int]:
        """Write the files of train and test, the sample submission and answers.csv; returns the rows of each.

        `rows` counts training and test rows together. The answers depend on the other columns a little, so that a model can
        learn them; groups of the split keep to one side, and test is later where it is by time.

        Raises:
            DataError: for a description that says too little.
        """
        rng = Random(seed)
        files = self.competition.files
        parts = max(len(each.continued) if isinstance(each, Table) else 0 for each in (files.train, files.test))
        made = _Rows(self.competition, rng).make(max(rows, 24, 8 * parts))  # no file without a row
        hidden = _first_hidden(made, self.competition)
        train, test = made[:hidden], made[hidden:]
        written = _write(folder, files.train, train) | _write(folder, files.test, test)
        if isinstance(files.train, Table) and isinstance(files.test, Table) and files.train.file == files.test.file:
            lines = [*tables.lines_of(files.train, train), *tables.lines_of(files.test, test)]
            tables.write(folder / files.train.file, lines, files.train.separator, files.train)
        self._pack(folder, train, test, rng)
        sides = ((files.train.joined, train), (files.test.joined, test))
        shared = {join.table.file for join in sides[0][0]} & {join.table.file for join in sides[1][0]}
        for joins, rows_of_side in sides:
            for join in joins:
                if join.table.file in written and join.table.file not in (files.train.file, files.test.file):
                    continue  # joined twice, by other columns
                rows_joined = made if join.table.file in shared else rows_of_side
                id = files.test.id or self.competition.submission.id
                written |= (tables.write_gathered if join.gathered else tables.write_joined)(
                    folder, join, rows_joined, id, rng
                )
        answers = Answers(self.competition, rng)
        format = self.competition.submission
        measured = self.competition.metric_columns.values()
        plain = [
            {format.id: row["id"], **{name: answers.plain(name) for name in format.targets},
             **{name: row["cells"].get(name, "") for name in format.copied}} for row in test
        ]  # fmt: skip
        truth = [
            {
                format.id: row["id"],
                **row["submitted"],
                **{name: row["cells"].get(name, "") for name in (*format.copied, *measured)},
            }
            for row in test
        ]
        if format.packed:
            truth = [
                {format.id: row["id"], format.targets[0]: f"{_ANSWERS}.zip/{_ANSWERS}/{row['id']}.png"} for row in test
            ]
        for file, lines in ((files.sample_submission.file, plain), ("answers.csv", _apart(truth, format))):
            columns = [*format.columns, *(name for name in measured if name not in format.columns)]
            tables.write(
                folder / file,
                [{name: line[name] for name in columns if name in line} for line in lines],
                format.separator,
            )
            written[file] = len(lines)
        return written

    def _pack(self, folder: Path, train: list[Any], test: list[Any], rng: Random) -> None:
        """Write the archives of the rows' files; one that both sides share holds those of both."""
        packed: dict[str, list[tuple[str, bytes]]] = {}
        for source, rows in ((self.competition.files.train, train), (self.competition.files.test, test)):
            folders = (source if isinstance(source, Folder) else None, source.files)
            for files in (each for each in folders if each is not None):
                for row in rows:
                    content = row["scene"].mask() if _of_masks(files, self.competition) else _content(row, files, rng)
                    member = f"{files.folders[0]}/{_path(row, files)}"
                    packed.setdefault(files.folders[0], []).append((member, content))
        if self.competition.submission.packed:
            packed[_ANSWERS] = [(f"{_ANSWERS}/{row['id']}.png", row["scene"].mask()) for row in test]
        for name, members in packed.items():
            path = folder / f"{name}.zip"
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as handle, zipfile.ZipFile(handle, "w") as archive:
                for member, content in members:
                    archive.writestr(zipfile.ZipInfo(member, _EPOCH), content)


class _Rows:
    """The rows of both sides."""

    def __init__(self, competition: Competition, rng: Random) -> None:
        self.competition, self.rng = competition, rng
        self.answers = Answers(competition, rng)
        sources = (competition.files.train, competition.files.test)
        described = {column.name: column for source in sources for column in described_columns(source)}
        keys = {name for source in sources if isinstance(source, Table) for join in source.joined for name in join.on}
        parts = tuple(part for column in described.values() for part in column.parts)
        words = vocabulary(rng)
        apart = {*competition.targets, *keys, *parts}
        whole = (competition.split.group, competition.split.order)  # a split needs a value in every row
        self.cells = {
            name: Cells(
                replace(column, may_be_empty=column.may_be_empty and name not in whole), self.answers.levels, rng, words
            )
            for name, column in described.items()
            if name not in apart and column.kind not in ("id", "file")
        }
        self.keys, self.described = keys, described
        self.parts = next((column.parts for column in described.values() if column.parts), ())
        folders = [*sources, *(join.table for source in sources for join in source.joined)]
        suffixes = [source.suffixes[0] for source in folders if isinstance(source, Folder) and source.keep_suffix]
        self.suffix = suffixes[0] if suffixes else ""
        counted = [column.counted_from for column in described.values() if column.counted_from is not None]
        self.counted = counted[0] if counted else None

    def make(self, count: int) -> list[dict[str, Any]]:
        """Return so many rows: their ids, levels, cells, answers and groups."""
        rng, split, rows = self.rng, self.competition.split, []
        group, left, place = 0, 0, 0
        for number in range(count):
            if left == 0:
                group, left, place = group + 1, rng.randint(*_PER_GROUP), 0
            left, place = left - 1, place + 1
            level = (
                rng.randrange(self.answers.levels)
                if number >= 6 * self.answers.levels
                else number % self.answers.levels
            )
            cells = {name: cell(level, number, count) for name, cell in self.cells.items()}
            cells |= {name: self._key(name) for name in sorted(self.keys)}
            id = f"{group:04}_{place:02}" if split.group_before else f"r{number:05}{self.suffix}"
            id = id.replace("_", split.group_before) if split.group_before else id
            if self.parts:
                varying = self.parts[0 if split.order == self.parts[-1] else -1]  # in a group, whose time is one
                cells |= {part: self._part(part, place if part == varying else group) for part in self.parts}
                id = "_".join(cells[part] for part in self.parts)
            for name, value in ((split.group, group), (split.order, number)):
                if name in cells and (name == split.group or self.described[name].kind == "number"):
                    text = name in self.described and self.described[name].kind != "number"
                    cells[name] = f"g{value}" if text else value
            row = {"id": id, "level": level, "group": group}
            if self.competition.predicts == "masks":
                row["scene"] = scene = scenes.draw(rng, self.answers.cell)
                answer = "" if self.competition.submission.packed else scene.cell(self.answers.cell)
                truth, submitted = (
                    {name: answer} for name in (self.competition.targets[0], self.answers.format.targets[0])
                )
            else:
                truth, submitted = self.answers.of(level, cells)
            rows.append({**row, "cells": cells | truth, "submitted": submitted})
        return rows

    def _part(self, name: str, number: int) -> str:
        """Return a part of an id: as different as its number, and as later."""
        return day(number) if name in self.described and self.described[name].kind == "date" else str(number)

    def _key(self, name: str) -> str:
        number = self.rng.randrange(_KEYS)
        return (
            str(number) if self.described.get(name, Column(name=name, kind="number")).kind == "number" else f"k{number}"
        )


def _first_hidden(rows: list[dict[str, Any]], competition: Competition) -> int:
    """Return the first row of the test set, whose group has no row before; numbers the rows that are counted."""
    at = len(rows) - max(4, round(len(rows) * _HIDDEN))
    while at > 0 and rows[at]["group"] == rows[at - 1]["group"]:
        at -= 1
    for source, side in ((competition.files.train, rows[:at]), (competition.files.test, rows[at:])):
        counted = next((column.counted_from for column in source.columns if column.counted_from is not None), None)
        if counted is not None:
            for number, row in enumerate(side, counted):
                row["id"] = str(number)
    return at


# Files ----------------------------------------------------------------------------------------------------------------


def _write(folder: Path, source: Source, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Write the table of one side, or say how many files will be its rows."""
    if isinstance(source, Folder):
        return {f"{source.folders[0]}.zip": len(rows)}
    lines, portions = tables.lines_of(source, rows), source.portions(len(rows))
    for file, (first, last) in portions.items():
        tables.write(folder / file, lines[first:last], source.separator, source)
    return {file: last - first for file, (first, last) in portions.items()}


def _apart(lines: list[dict[str, Any]], format: SubmissionFormat) -> list[dict[str, Any]]:
    """Return lines with one for each object, where the file has that."""
    if not format.objects:
        return lines
    target = format.targets[0]
    return [{**line, target: part} for line in lines for part in line[target].split(OBJECTS)]


def _of_masks(files: Folder, competition: Competition) -> bool:
    """Whether a folder's files are the answers."""
    return (bool(files.after_id) and competition.predicts == "masks") or files.path in competition.targets


def _path(row: dict[str, Any], files: Folder) -> str:
    """Return where a row's file lies below its folder: by its id, or so that the rules for labels give its label.

    Raises:
        DataError: if no usual place does.
    """
    suffix = files.suffixes[0]
    stem = row["id"] if not row["id"].endswith(suffix) else row["id"].removesuffix(suffix)
    if files.label is None:
        stem = f"{stem}{files.after_id}"
        places = (stem, f"{stem}/images/{stem}", f"masks/{stem}")
        fits = (place for place in places if re.fullmatch(files.only, f"{files.folders[0]}/{place}"))
        return f"{next(fits, places[1])}{suffix}"
    label, number = str(row["cells"][files.label]), re.sub(r"\D", "", stem)
    for place in (f"{label}/{stem}", f"{label}.{number}", f"{label}_{number}", f"{stem}_{label}"):
        matches = ((re.fullmatch(rule, f"{files.folders[0]}/{place}"), value) for rule, value in files.labels.items())
        if next((match.expand(value) for match, value in matches if match), None) == label:
            return f"{place}{suffix}"
    raise DataError(f"no path gives the label {label!r} by the rules of {files.folders[0]}; write a sample.py")


def _content(row: dict[str, Any], files: Folder, rng: Random) -> bytes:
    if "scene" in row:
        drawn: scenes.Scene = row["scene"]
        return drawn.picture(files.suffixes[0])
    if files.suffixes[0] in PICTURES:
        return picture(rng, row["level"], files.suffixes[0])
    text = next((row["cells"][column.name] for column in files.columns if column.kind == "text"), row["id"])
    return str(text).encode()
