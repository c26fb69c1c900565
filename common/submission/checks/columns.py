"""Which columns a submission must have: the id and the targets, in this order, and no others."""

from __future__ import annotations

from typing import Any

from common.competition import SubmissionFormat
from common.submission.checks.problem import Problem, problem
from common.submission.checks.table import Table
from common.wording import plural


def find_columns(table: Table, format: SubmissionFormat) -> tuple[dict[str, Any], list[Problem]]:
    """Return the columns by their expected names, and what is wrong with the header."""
    problems = []
    names = format.columns
    header = names if table.header is None else table.header
    if format.index and header[:1] == ("",):
        header = (format.id, *header[1:])
    positions = list(range(len(table.columns)))
    first = header[0] if header else ""
    if positions and first not in names and (first in ("", "index") or first.startswith("Unnamed:")):
        what = f"the first column {first!r} is a data frame's index"
        problems.append(problem("index_column", what, "Write without it, in pandas with to_csv(path, index=False)"))
        positions = positions[1:]
    position_of: dict[str, int] = {}
    extra, duplicates = [], []
    for position in positions:
        name = header[position]
        if name in names and name in position_of:
            duplicates.append(name)
        elif name in names:
            position_of[name] = position
        else:
            extra.append(position)
    missing = [name for name in names if name not in position_of]
    advice = f"The header must be {format.separator.join(names[:10])}{'…' if len(names) > 10 else ''}"
    near = {name.strip(" '\"\ufeff").casefold(): name for name in missing}
    for kind, wrong in (
        ("missing", list(map(repr, missing))),
        ("more than once", list(map(repr, duplicates))),
        ("unknown", [_misspelt(header[position], near) for position in extra]),
    ):
        if wrong:
            problems.append(problem("columns", f"{plural(len(wrong), 'column')} {kind}", advice, wrong))
    if not (missing or extra or duplicates) and list(position_of) != list(names):
        problems.append(problem("column_order", f"the columns are in the order {', '.join(position_of)}", advice))
    if len(missing) == len(extra) and not duplicates:  # misnamed: the values can be checked all the same
        position_of.update(zip(missing, extra, strict=True))
    return {name: table.columns[position] for name, position in position_of.items()}, problems


def _misspelt(name: str, near: dict[str, str]) -> str:
    right = near.get(name.strip(" '\"\ufeff").casefold())
    return repr(name) if right is None else f"{name!r} (for {right!r})"
