"""The records of delimited text, one by one, and the lines on which they begin."""

from __future__ import annotations

import csv
import io
from itertools import chain
from pathlib import Path

from common.errors import DataError

_END = "\0end of the file\0"


def divided(text: str, path: Path, separator: str, quoting: int) -> tuple[list[int], list[list[str]]]:
    """Return the records but blank ones, and the line on which each begins, as an editor counts them."""
    limit = csv.field_size_limit(len(text) + len(_END))
    reader = csv.reader(chain(io.StringIO(text, newline="\n"), [_END]), delimiter=separator, quoting=quoting)  # type: ignore[arg-type]
    lines, records, line = [], [], 1
    try:
        for record in reader:
            if len(record) > 1 or any(map(str.strip, record)):
                lines.append(line)
                records.append(record)
            line = reader.line_num + 1
    except csv.Error:
        raise DataError(
            f"{path}: line {reader.line_num} holds a carriage return that ends no line; remove it or quote the cell"
        ) from None
    finally:
        csv.field_size_limit(limit)
    if records.pop() != [_END]:
        raise DataError(f"{path}: the quote that opens in line {lines[-1]} is never closed")
    return lines[:-1], records
