"""Which columns a submission must have: the id and the targets, in this order, and no others."""

from __future__ import annotations

from typing import Any

from common.competition import SubmissionFormat
from common.submission.checks.problem import Problem, counted, problem
from common.submission.checks.table import Table


def find_columns(table: Table, form: SubmissionFormat) -> tuple[dict[str, Any], list[Problem]]:
    """Return the columns found by their due names, and what is wrong with the header."""
    problems = []
    names = (form.id, *form.targets)
    header = names if table.header is None else table.header
    positions = list(range(len(table.columns)))
    first = header[0] if header else ""
    if positions and first not in names and (first in ("", "index") or first.startswith("Unnamed:")):
        what = f"the first column {first!r} is a table's index"
        problems.append(problem("index_column", what, "Write without it, in pandas with to_csv(path, index=False)"))
        positions = positions[1:]
    found: dict[str, int] = {}
    extra, twice = [], []
    for position in positions:
        name = header[position]
        if name in names and name in found:
            twice.append(name)
        elif name in names:
            found[name] = position
        else:
            extra.append(position)
    missing = [name for name in names if name not in found]
    advice = f"The header must be {form.separator.join(names[:10])}{'…' if len(names) > 10 else ''}"
    near = {name.strip(" '\"\ufeff").casefold(): name for name in missing}
    for kind, wrong in (
        ("missing", list(map(repr, missing))),
        ("given more than once", list(map(repr, twice))),
        ("unknown", [_misspelt(header[position], near) for position in extra]),
    ):
        if wrong:
            problems.append(problem("columns", f"{counted(len(wrong), 'column')} {kind}", advice, wrong))
    if not (missing or extra or twice) and list(found) != list(names):
        problems.append(problem("column_order", f"the columns stand in the order {', '.join(found)}", advice))
    if len(missing) == len(extra) and not twice:  # wrong names, right places: the values can be checked all the same
        found.update(zip(missing, extra, strict=True))
    return {name: table.columns[position] for name, position in found.items()}, problems


def _misspelt(name: str, near: dict[str, str]) -> str:
    right = near.get(name.strip(" '\"\ufeff").casefold())
    return repr(name) if right is None else f"{name!r} (for {right!r})"
