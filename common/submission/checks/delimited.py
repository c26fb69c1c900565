"""Delimited text parsed strictly: what some readers would repair silently is reported.

Whatever can still be read is read: one broken line does not hide what is wrong with the others.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from common.submission.checks.encoding import binary_kind, to_text
from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.submission.checks.table import Table
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "spaces"}
_MOST_FIELDS = 100_000  # of a header; 50 MB of commas as a list of fields would take gigabytes
_LINE = re.compile(r"[^\r\n]*+(\r\n|\n|\r|\Z)")


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
    text, problems = to_text(data)
    if not text or text.isspace():
        return None, [*problems, problem("empty_file", "the file is empty", f"Write {','.join(expected)} and the rows")]
    used = _separator(text, expected, separator)
    if used != separator:
        advice = f"Write {_SEPARATORS.get(separator, repr(separator))} between them"
        problems.append(problem("separator", f"fields are separated by {_SEPARATORS[used]}", advice))
    records, lines, broken, carriage_returns = _records(text, used)
    if carriage_returns:
        what = f"{plural(carriage_returns, 'line')} ended by a carriage return alone, as on old Macs"
        problems.append(problem("line_endings", what, r"End lines with \n"))
    if broken:
        what = f"{plural(len(broken), 'line')} with a quote that is not closed or is inside a field"
        advice = 'Quote the whole field and double the quotes in it: "a ""b"" c"'
        problems.append(problem("quoting", what, advice, [f"line {line}" for line in broken]))
    if not len(records):
        return None, problems
    header, unread = None, len(broken)
    if unread and broken[0] == 1:
        unread -= 1  # the header itself is broken, and no row
    else:
        begin, header = _header(
            [_fields(record, used) for record in records[:10].to_pylist()], expected, is_row, problems
        )
        records, lines = records[begin:], lines[begin:]
    return _table(records, lines, header, len(expected if header is None else header), used, unread, problems), problems


def _separator(text: str, expected: tuple[str, ...], separator: str) -> str:
    """Return the separator that the first lines use: the right one in doubt."""
    first, second = [*re.split(r"\r\n|\n|\r", text[:1_000_000], maxsplit=2), ""][:2]
    if len(_fields(first, separator)) > 1:
        return separator
    split = {other: _fields(first, other) for other in _SEPARATORS if other != separator}
    for other, names in split.items():
        if len(names) > 1 and set(names) & set(expected):
            return other
    if len(_fields(second, separator)) > 1:
        return separator
    return next((other for other, names in split.items() if len(names) == len(expected)), separator)


def _fields(record: str, separator: str) -> list[str]:
    if record.count(separator) > _MOST_FIELDS:
        return [record]
    try:
        return next(csv.reader([record], delimiter=separator), [])
    except csv.Error:  # a field beyond csv's limit: no header, whatever it is
        return [record]


def _records(text: str, separator: str) -> tuple[Any, NDArray[Any], list[int], int]:
    """Return the records (RFC 4180), their line numbers, those of broken lines, and how many lines end in a lone return.

    Lines are counted as an editor counts them: a quoted field may hold line ends.
    """
    import numpy as np
    import pyarrow as pa

    if '"' not in text and "\r" not in text:
        plain = pa.array(text.removesuffix("\n").split("\n"), pa.large_string())
        return plain, np.arange(1, len(plain) + 1), [], 0
    field = rf'(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n{re.escape(separator)}]*+)'
    match_record = re.compile(rf"({field}(?:{re.escape(separator)}{field})*+)(\r\n|\n|\r|\Z)").match
    records, lines, broken, carriage_returns = [], [], [], 0
    position, line = 0, 1
    while position < len(text):
        if match := match_record(text, position):
            records.append(match[1])
            lines.append(line)
            line += len(re.findall(r"\r\n|\n|\r", match[1])) if '"' in match[1] else 0
            carriage_returns += match[2] == "\r"
        elif match := _LINE.match(text, position):
            broken.append(line)
            carriage_returns += match[1] == "\r"
        line += 1
        position = match.end() if match else len(text)
    return pa.array(records, pa.large_string()), np.array(lines, dtype=np.int64), broken, carriage_returns


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


def _table(
    records: Any,
    lines: NDArray[Any],
    header: tuple[str, ...] | None,
    width: int,
    separator: str,
    unread: int,
    problems: list[Problem],
) -> Table:
    """Return the records that are rows of `width` fields; the others are problems."""
    import pyarrow as pa
    import pyarrow.compute as pc

    quoted = pc.any(pc.match_substring(records, '"')).as_py()
    bare = pc.replace_substring_regex(records, '"[^"]*"', "") if quoted else records
    widths = pc.count_substring(bare, separator).to_numpy(zero_copy_only=False) + 1
    blank = pc.equal(records, "").to_numpy(zero_copy_only=False)
    if count := int(blank.sum()):
        where = [f"line {line}" for line in lines[blank][:EXAMPLES]]
        problems.append(problem("blank_lines", plural(count, "blank line"), "Remove them", where, count))
    ragged = (widths != width) & ~blank
    if ragged.any():
        problems += _ragged(records.filter(pa.array(ragged)), lines[ragged], widths[ragged], width, separator)
    valid = ~ragged & ~blank
    rows, lines = records if valid.all() else records.filter(pa.array(valid)), lines[valid]
    columns, unread = _columns(rows, width, separator), unread + int(ragged.sum())
    return Table(header, columns, lambda row: f"line {lines[row]}", len(rows), unread)


def _ragged(records: Any, lines: NDArray[Any], widths: NDArray[Any], width: int, separator: str) -> list[Problem]:
    import numpy as np
    import pyarrow.compute as pc

    problems = []
    # 0,5 in a comma-separated file: after the id only whole numbers, more of them than there are columns.
    comma = np.zeros(len(records), bool)
    if separator == ",":
        pattern = r'^("[^"]*"|[^,]*)(,[+-]?\d*,\d+([eE][+-]?\d+)?|,[+-]?\d+)*$'
        looks = pc.match_substring_regex(records, pattern).to_numpy(zero_copy_only=False)
        comma = looks & (widths > width) & (widths <= 2 * width - 1)

    def report(rule: str, mask: NDArray[np.bool_], what: str, advice: str) -> None:
        if count := int(mask.sum()):
            examples = zip(lines[mask][:EXAMPLES], widths[mask], strict=False)
            where = [f"line {line} has {fields}" for line, fields in examples]
            problems.append(problem(rule, f"{plural(count, 'line')} {what}", advice, where, count))

    report("decimal_comma", comma, f"with more than {width} fields, as decimal commas make them", "Write 0.5, not 0,5")
    report("ragged", ~comma, f"without exactly {width} fields", "Give every line one field for each column")
    return problems


def _columns(rows: Any, width: int, separator: str) -> tuple[Any, ...]:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv as arrow_csv

    names = [str(column) for column in range(width)]
    if not len(rows):
        return tuple(pa.array([], pa.string()) for _ in names)
    text = "\n".join(rows.to_pylist())
    if text.startswith("\ufeff"):  # Arrow drops one, as if the file began here; this one is a field's
        text = f"\ufeff{text}"
    longest = pc.max(pc.binary_length(rows)).as_py()
    table = arrow_csv.read_csv(
        pa.BufferReader(text.encode()),
        # A block holds at least one whole record, or Arrow gives up.
        read_options=arrow_csv.ReadOptions(column_names=names, block_size=max(1 << 22, 2 * longest + 2)),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, ignore_empty_lines=False),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    return tuple(table.column(name).combine_chunks() for name in names)
