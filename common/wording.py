"""Lists, counts, reasons and tables in plain words, the same everywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from textwrap import wrap


def listed(names: Iterable[object], limit: int = 3, count: int | None = None) -> str:
    """Return the first names and how many more there are, of `count` if `names` are only the first of them.

    >>> listed("abcdefg")
    'a, b, c and 4 more'
    >>> listed(["a", "b"]), listed(["a", "b"], count=9)
    ('a, b', 'a, b and 7 more')
    """
    names = list(names)
    more = (count or len(names)) - min(limit, len(names))
    return ", ".join(map(str, names[:limit])) + (f" and {more:,} more" if more > 0 else "")


def plural(count: int, noun: str) -> str:
    """Return a count and its noun.

    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def number(text: str | None) -> float | None:
    """Return the finite number that a text is; None for any other text.

    >>> number("0.25"), number(""), number("nan"), number(None)
    (0.25, None, None, None)
    """
    try:
        return value if math.isfinite(value := float(text or "nan")) else None
    except ValueError:
        return None


def rounded(score: float | None) -> str:
    """Return a score with four digits, or a dash where it is undefined.

    >>> rounded(0.76543), rounded(None)
    ('0.7654', '–')
    """
    return "–" if score is None else f"{score:.4f}"


def visible(text: object) -> str:
    r"""Return a text as one line that a terminal shows as it is: control characters become escapes.

    >>> visible("team\x1b[2J \u202e\nα")
    'team\\x1b[2J \\u202e\\nα'
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), str(text))


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def first_line(error: BaseException, limit: int = 200) -> str:
    r"""Return the first line of an exception's message, or its class where there is none.

    >>> first_line(ValueError("\nno such file: a\nTraceback …")), first_line(EOFError())
    ('no such file: a', 'EOFError')
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:limit]


def table(rows: Iterable[Sequence[object]], width: int | None = None) -> str:
    """Return rows as aligned columns; with a `width`, the last column is wrapped to it.

    >>> print(table([("FOLD", "SCORE"), (0, 0.875), (10, 0.9)]))
    FOLD  SCORE
    0     0.875
    10    0.9
    >>> print(table([("seed", "of the weights and of the order of the rows")], width=32))
    seed  of the weights and of the
          order of the rows
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = []
    for row in cells:
        start = "".join(f"{cell:<{size}}  " for cell, size in zip(row[:-1], widths, strict=False))
        last = [row[-1]]
        if width is not None:
            last = wrap(row[-1], max(20, width - len(start)), break_long_words=False, break_on_hyphens=False) or last
        lines += [f"{start}{last[0]}".rstrip(), *(" " * len(start) + line for line in last[1:])]
    return "\n".join(lines)
