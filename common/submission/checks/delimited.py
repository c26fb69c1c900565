"""Delimited text parsed strictly: what some readers would repair silently is reported.

The whole file is one array of bytes (which are quotes, separators, line ends), so that a valid file of a million rows costs a
few array operations, and only suspicious lines are looked at one by one. Whatever can still be read is read: one broken line
does not hide what is wrong with the others.
"""

from __future__ import annotations

import csv
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common.submission.checks.encoding import binary_kind, to_utf8
from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.submission.checks.quoting import NEWLINE, QUOTE, RETURN, drop_misquoted, mend_line_ends
from common.submission.checks.table import Table
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from common.submission.checks.quoting import Bytes, Numbers

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}


def read(
    data: bytes, expected: tuple[str, ...], separator: str, is_row: Callable[[list[str]], bool]
) -> tuple[Table | None, list[Problem]]:
    """Parse a file's content.

    Args:
        data: the content.
        expected: the column names that the header should have.
        separator: the character that should stand between fields.
        is_row: returns whether the first line's fields are a row of data, that is, whether the header is missing.

    Returns:
        What can be read (None: nothing) and the problems by these rules: binary, encoding, empty_file, line_endings,
        separator, quoting, header, ragged, blank_lines, decimal_comma.
    """
    if (kind := binary_kind(data)) is not None:
        return None, [problem("binary", f"the file is {kind}, not text", "Give the CSV file itself")]
    data, problems = to_utf8(data)
    if not data or data.isspace():
        return None, [*problems, problem("empty_file", "the file is empty", f"Write {','.join(expected)} and the rows")]
    buffer, line_problems = mend_line_ends(data)
    used = _separator(buffer, expected, separator)
    if used != separator:
        advice = f"Write {_SEPARATORS.get(separator, repr(separator))} between them"
        problems.append(problem("separator", f"fields are separated by {_SEPARATORS[used]}", advice))
    buffer, misquoted, quote_problems = drop_misquoted(buffer, used)
    if quote_problems:  # a carriage return that seemed to stand in quotes may end a line after all
        buffer, more = mend_line_ends(bytes(buffer))
        line_problems = line_problems or more
    problems += line_problems + quote_problems
    return _records(buffer, misquoted, expected, used, is_row, problems), problems


def _separator(buffer: Bytes, expected: tuple[str, ...], separator: str) -> str:
    """Return the separator that the first lines use: the right one in doubt."""
    first, second = [*_first_lines(buffer), "", ""][:2]
    if len(_fields(first, separator)) > 1:
        return separator
    split = {other: _fields(first, other) for other in _SEPARATORS if other != separator}
    for other, names in split.items():
        if len(names) > 1 and set(names) & set(expected):
            return other
    if len(_fields(second, separator)) > 1:
        return separator
    return next((other for other, names in split.items() if len(names) == len(expected)), separator)


def _first_lines(buffer: Bytes) -> list[str]:
    return bytes(buffer[:1_000_000]).decode(errors="replace").replace("\r\n", "\n").split("\n", 2)


def _fields(record: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([record], delimiter=separator), [])
    except csv.Error:  # a field beyond csv's limit: no header, whatever it is
        return [record]


def _records(
    buffer: Bytes,
    misquoted: Numbers,
    expected: tuple[str, ...],
    separator: str,
    is_row: Callable[[list[str]], bool],
    problems: list[Problem],
) -> Table | None:
    import numpy as np

    if not len(buffer):
        return None
    newlines = np.flatnonzero(buffer == NEWLINE)
    separators = np.flatnonzero(buffer == ord(separator))
    line_ends = newlines
    if (quotes := buffer == QUOTE).any():
        quoted = np.bitwise_xor.accumulate(quotes)
        newlines, separators = newlines[~quoted[newlines]], separators[~quoted[separators]]
    ends = newlines if len(newlines) and newlines[-1] == len(buffer) - 1 else np.append(newlines, len(buffer))
    starts = np.append(0, ends[:-1] + 1)
    # Lines as an editor counts them: a record may hold line ends in quotes, and broken lines are gone already.
    lines = np.arange(1, len(line_ends) + len(misquoted) + 2)
    lines = np.delete(lines, misquoted - 1) if len(misquoted) else lines
    lines = lines[: len(starts)] if len(newlines) == len(line_ends) else lines[np.searchsorted(line_ends, starts)]
    widths = _widths(separators, starts, ends)
    texts = ends - np.where((ends > starts) & (buffer[np.maximum(ends - 1, 0)] == RETURN), 1, 0)
    blank = texts == starts

    def fields(record: int) -> list[str]:
        return _fields(bytes(buffer[starts[record] : texts[record]]).decode(errors="replace"), separator)

    begin, header = 0, None
    unread = len(misquoted)
    if unread and misquoted[0] == 1:
        unread -= 1  # the header itself is broken, and no row
    else:
        begin, header = _header([fields(record) for record in range(min(10, len(starts)))], expected, is_row, problems)
    width = len(header) if header is not None else len(expected)
    starts, ends, lines, widths, blank = (array[begin:] for array in (starts, ends, lines, widths, blank))
    if blank.any():
        where, count = [f"line {line}" for line in lines[blank][:EXAMPLES]], int(blank.sum())
        problems.append(problem("blank_lines", plural(count, "blank line"), "Remove them", where, count))
    ragged = (widths != width) & ~blank
    if ragged.any():
        rows = np.flatnonzero(ragged)
        texts_of = [bytes(buffer[starts[row] : ends[row]]).decode(errors="replace").rstrip("\r") for row in rows]
        problems += _ragged(texts_of, lines[rows], widths[rows], width, separator)
    valid = ~ragged & ~blank
    body = buffer[starts[0] if len(starts) else len(buffer) :]
    if not valid.all():
        body = body[np.repeat(valid, np.diff(np.append(starts, len(buffer))))]
    columns = _columns(body, width, separator, int(np.max(ends - starts, initial=0)))
    lines, unread = lines[valid], unread + int(ragged.sum())
    return Table(header, columns, lambda row: f"line {lines[row]}", len(lines), unread)


def _widths(separators: Numbers, starts: Numbers, ends: Numbers) -> Numbers:
    """Return how many fields each record has."""
    import numpy as np

    each, rest = divmod(len(separators), len(starts))
    if each and not rest:  # if the same number stands in every record, no search is needed
        grid = separators.reshape(-1, each)
        if (grid[:, 0] >= starts).all() and (grid[:, -1] < ends).all():
            return np.full(len(starts), each + 1)
    bounds = np.searchsorted(separators, np.append(starts, ends[-1]))
    return np.diff(bounds) + 1


def _header(
    records: list[list[str]], expected: tuple[str, ...], is_row: Callable[[list[str]], bool], problems: list[Problem]
) -> tuple[int, tuple[str, ...] | None]:
    """Return where the rows begin and the column names, None if the first record is a row already."""
    above = next((number for number, record in enumerate(records) if tuple(record) == expected), 0)
    if above > 0:
        what = f"the header {','.join(expected)} is below {plural(above, 'other line')}"
        problems.append(problem("header", what, "Put it on line 1 and remove the lines above"))
        return above + 1, expected
    if is_row(records[0]):
        what = f"the header is missing: line 1 is the row {','.join(records[0][:5])!r}"
        problems.append(problem("header", what, f"Put {','.join(expected)} on line 1"))
        return 0, None
    return 1, tuple(records[0])


def _ragged(texts: list[str], lines: Numbers, widths: Numbers, width: int, separator: str) -> list[Problem]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    problems = []
    # 0,5 in a comma-separated file: after the id only whole numbers, more of them than there are columns.
    comma = np.zeros(len(texts), bool)
    if separator == ",":
        pattern = r'^("[^"]*"|[^,]*)(,[+-]?\d*,\d+([eE][+-]?\d+)?|,[+-]?\d+)*$'
        looks = pc.match_substring_regex(pa.array(texts, pa.large_string()), pattern)
        comma = looks.to_numpy(zero_copy_only=False) & (widths > width) & (widths <= 2 * width - 1)

    def report(rule: str, mask: NDArray[np.bool_], what: str, advice: str) -> None:
        if count := int(mask.sum()):
            examples = zip(lines[mask][:EXAMPLES], widths[mask], strict=False)
            where = [f"line {line} has {fields}" for line, fields in examples]
            problems.append(problem(rule, f"{plural(count, 'line')} {what}", advice, where, count))

    report("decimal_comma", comma, f"with more than {width} fields, as decimal commas make them", "Write 0.5, not 0,5")
    report("ragged", ~comma, f"without exactly {width} fields", "Give every line one field for each column")
    return problems


def _columns(body: Bytes, width: int, separator: str, longest: int) -> tuple[Any, ...]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    names = [str(column) for column in range(width)]
    if not len(body):
        return tuple(pa.array([], pa.string()) for _ in names)
    data: Any = body
    if bytes(body[:3]) == BOM_UTF8:  # Arrow drops one, as if the file began here; this one is a field's
        data = BOM_UTF8 + bytes(body)
    table = arrow_csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        # A block holds at least one whole record, or Arrow gives up.
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=max(1 << 22, 2 * longest + 2)),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return tuple(table.column(name).combine_chunks() for name in names)
