"""Quotes and line ends of a delimited file, looked at as one array of bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.wording import plural

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Numbers = NDArray[np.int64]

QUOTE, NEWLINE, RETURN = b'"\n\r'


def mend_line_ends(data: bytes) -> tuple[Bytes, list[Problem]]:
    """Return the bytes with a newline for each carriage return that ends a line alone, and the problem."""
    import numpy as np

    buffer = np.frombuffer(data, np.uint8)
    if b"\r" not in data or data.count(b"\r") == data.count(b"\r\n"):
        return buffer, []
    quoted = np.bitwise_xor.accumulate(buffer == QUOTE)
    lone = (buffer == RETURN) & (np.append(buffer[1:], 0) != NEWLINE) & ~quoted
    if not lone.any():
        return buffer, []
    what = f"{plural(int(lone.sum()), 'line')} ended by a carriage return alone, as on old Macs"
    mended = np.where(lone, np.uint8(NEWLINE), buffer)
    return mended, [problem("line_endings", what, r"End lines with \n")]


def drop_misquoted(buffer: Bytes, separator: str) -> tuple[Bytes, Numbers, list[Problem]]:
    """Drop the lines whose quotes are broken; return the rest, the numbers of the dropped lines and the problem."""
    import numpy as np

    quotes = np.flatnonzero(buffer == QUOTE)
    whole_file = np.zeros(len(quotes), np.int64)
    if not _misplaced(buffer, quotes, whole_file, separator).size:
        return buffer, whole_file[:0], []
    # An odd quote swaps inside and outside for all that follows: judge every line for itself.
    newlines = np.flatnonzero(buffer == NEWLINE)
    broken = np.unique(_misplaced(buffer, quotes, np.searchsorted(newlines, quotes), separator))
    quoting = problem(
        "quoting",
        f"{plural(len(broken), 'line')} with a quote that is not closed or is inside a field",
        'Quote the whole field and double the quotes in it: "a ""b"" c"',
        [f"line {line + 1}" for line in broken[:EXAMPLES]],
        len(broken),
    )
    starts = np.append(0, newlines + 1)  # the last one is that of a line without end, or of none
    keep = np.ones(len(starts), bool)
    keep[broken] = False
    return buffer[np.repeat(keep, np.diff(np.append(starts, len(buffer))))], broken + 1, [quoting]


def _misplaced(buffer: Bytes, quotes: Numbers, group: Numbers, separator: str) -> Numbers:
    """Return the groups (lines, or the whole file as one) of the quotes that RFC 4180 does not allow there.

    Within a group the first quote opens, the second closes, and so on; a doubled quote closes and opens again.
    """
    import numpy as np

    if not len(quotes):
        return quotes
    first = np.searchsorted(group, group)
    opening = (np.arange(len(quotes)) - first) % 2 == 0
    edge = np.array([ord(separator), NEWLINE, RETURN], np.uint8)
    before = np.where(quotes > 0, buffer[quotes - 1], NEWLINE)
    after = np.where(quotes < len(buffer) - 1, buffer[np.minimum(quotes + 1, len(buffer) - 1)], NEWLINE)
    doubled = np.diff(quotes) == 1
    follows_quote = np.append(False, doubled) & (np.arange(len(quotes)) > first)
    last = np.append(np.diff(group) != 0, True)
    opens_well = (np.isin(before, edge) | follows_quote) & ~last
    closes_well = np.isin(after, edge) | np.append(doubled, False)
    misplaced: Numbers = group[~np.where(opening, opens_well, closes_well)]
    return misplaced
