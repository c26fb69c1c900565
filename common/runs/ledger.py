"""The ledger: one line for every run and every submission of a competition, in one CSV file."""

from __future__ import annotations

import csv
import io
import os
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.files import atomic_write, locked

FIELDS = (
    "time", "event", "run", "profile", "settings", "data", "metric", "cv", "folds", "fold_scores", "nothing", "rows",
    "seconds", "file", "sha256", "message", "ref", "status", "public", "private", "rank", "teams",
)  # fmt: skip
_FORMULA = re.compile(r"[=+@\t\r]|-(?!\.?\d)")  # what a spreadsheet would carry out; a negative number is one


class Ledger:
    """The file `submissions/<name>/ledger.csv`. Lines are only ever added, each by one locked write.

    An entry is one line of the file, whatever it holds, so that a line which a kill or a full disk cut short spoils no
    other; it stays in the file, and `broken` names it. Where a file system has no locks, what two processes may both
    write, a header, counts once. A spreadsheet that opens the file finds text, no formula.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, event: str, **values: Any) -> None:
        """Add a line, unless the same run stands there already; `values` are among FIELDS, the time is added.

        Raises:
            DeviceError: if it cannot be written.
        """
        if unknown := set(values) - set(FIELDS):
            raise TypeError(f"the ledger has no field {', '.join(sorted(unknown))}")
        row = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": event, **values}
        row = {name: " ".join(str(value).split()) for name, value in row.items() if value is not None}
        with locked(self.path):
            header, lines = self._read()
            if header and not self.path.read_bytes().startswith(_HEADER.rstrip().encode()):
                self._rewrite()  # of an earlier version, or saved by a spreadsheet
            if event == "run" and any(_outcome(each) == _outcome(row) for each in self.rows()):
                return
            with self.path.open("ab+") as handle:
                text = "" if lines or header else _HEADER
                if handle.seek(0, os.SEEK_END):
                    handle.seek(-1, os.SEEK_END)
                    text = "" if handle.read(1) == b"\n" else "\n"  # the line before was cut short
                handle.write((text + _line(row)).encode())
                handle.flush()
                os.fsync(handle.fileno())

    def rows(self) -> list[dict[str, str]]:
        """Return all whole entries, oldest first."""
        return self.read()[0]

    def broken(self) -> list[int]:
        """Return the numbers of the lines that were cut short; the header is line 1."""
        return self.read()[1]

    def read(self) -> tuple[list[dict[str, str]], list[int]]:
        """Return what `rows` and `broken` return."""
        header, lines = self._read()
        broken = [number for number, cells, _ in lines if len(cells) != len(header)]
        return [dict(zip(header, cells, strict=True)) for _, cells, _ in lines if len(cells) == len(header)], broken

    def _read(self) -> tuple[list[str], list[tuple[int, list[str], str]]]:
        """Return the header, and each line after it with its number, as cells and as it is."""
        if not self.path.is_file():
            return [], []
        lines = self.path.read_bytes().decode("utf-8-sig", errors="replace").splitlines()
        used = max(",;\t", key=lines[0].count) if lines else ","  # a spreadsheet saves with its country's separator
        header: list[str] = []
        rows = []
        for number, line in enumerate(lines, 1):
            cells = next(csv.reader([line], delimiter=used), [])
            if not header:
                header = cells
            elif line.strip() and cells != header:
                rows.append((number, list(map(_plain, cells)) if "'" in line else cells, line))
        return header, rows

    def _rewrite(self) -> None:
        header, lines = self._read()
        with atomic_write(self.path, "w") as handle:
            handle.write(_HEADER)
            for _, cells, line in lines:
                whole = len(cells) == len(header)
                handle.write(_line(dict(zip(header, cells, strict=True))) if whole else f"{line}\n")


def _outcome(row: Mapping[str, Any]) -> list[str]:
    """Return what tells a run that has changed from one whose command was only repeated."""
    return [row.get(name, "") for name in FIELDS if name not in ("time", "seconds")]


def _line(row: Mapping[str, Any]) -> str:
    handle = io.StringIO()
    cells = {name: str(row.get(name, "")) for name in FIELDS}
    harmless = {name: f"'{cell}" if _FORMULA.match(cell) else cell for name, cell in cells.items()}
    csv.DictWriter(handle, FIELDS, lineterminator="\n").writerow(harmless)
    return handle.getvalue()


def _plain(cell: str) -> str:
    """Return a cell as it was given: without the mark that makes a formula text."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


_HEADER = _line(dict(zip(FIELDS, FIELDS, strict=True)))
