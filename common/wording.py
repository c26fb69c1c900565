"""Lists, counts, reasons and tables in plain words, the same everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def listed(names: Iterable[object], limit: int = 3) -> str:
    """Return the first names and how many are left out.

    >>> listed("abcdefg")
    'a, b, c and 4 more'
    >>> listed(["a", "b"])
    'a, b'
    """
    names = list(names)
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(str, names[:limit])) + more


def plural(count: int, noun: str) -> str:
    """Return a count and its noun.

    >>> plural(1, "row"), plural(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def first_line(error: BaseException, limit: int = 200) -> str:
    r"""Return the first line of an exception's message, or its class where there is none.

    >>> first_line(ValueError("\nno such file: a\nTraceback …")), first_line(EOFError())
    ('no such file: a', 'EOFError')
    """
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:limit]


def table(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as aligned columns.

    >>> print(table([("FOLD", "SCORE"), (0, 0.875), (10, 0.9)]))
    FOLD  SCORE
    0     0.875
    10    0.9
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
