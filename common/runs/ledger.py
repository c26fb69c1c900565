"""The ledger: one line for every run and every submission of a competition, in one CSV file."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.files import locked

FIELDS = (
    "time", "event", "run", "profile", "metric", "cv", "folds", "rows", "seconds", "file", "sha256", "message",
    "ref", "status", "public", "private",
)  # fmt: skip


class Ledger:
    """The file `submissions/<name>/ledger.csv`. Lines are only ever added, each by one locked write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, event: str, **values: Any) -> None:
        """Add a line; `values` are among FIELDS, the time is added."""
        if unknown := set(values) - set(FIELDS):
            raise TypeError(f"the ledger has no field {', '.join(sorted(unknown))}")
        row = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "event": event, **values}
        with locked(self.path), self.path.open("ab+") as handle:
            end = handle.seek(0, os.SEEK_END)
            text = "" if end else _line(dict(zip(FIELDS, FIELDS, strict=True)))
            if end:
                handle.seek(-1, os.SEEK_END)
                text = "" if handle.read(1) == b"\n" else "\n"  # a line that a kill or a full disk cut short
            handle.write((text + _line(row)).encode())
            handle.flush()
            os.fsync(handle.fileno())

    def rows(self) -> list[dict[str, str]]:
        """Return all whole lines, oldest first."""
        if not self.path.is_file():
            return []
        text = self.path.read_text(encoding="utf-8")
        rows = csv.DictReader(io.StringIO(text, newline=""))
        return [row for row in rows if row.get("event") and None not in row.values()]


def _line(row: Mapping[str, Any]) -> str:
    handle = io.StringIO()
    csv.DictWriter(handle, FIELDS, lineterminator="\n").writerow({name: row.get(name, "") for name in FIELDS})
    return handle.getvalue()
