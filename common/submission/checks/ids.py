"""Which rows a submission must have: exactly those of the sample submission, each once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from common.competition import SubmissionFormat
from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.submission.checks.table import Table
from common.submission.checks.values import NUMBER
from common.wording import plural


def check_ids(table: Table, ids: Any, expected: Any, format: SubmissionFormat) -> list[Problem]:
    """Compare a submission's ids with those of the sample submission.

    Args:
        table: the submission.
        ids: its id column, an Arrow array; None if it has none, then rows are only counted.
        expected: the sample submission's ids, an Arrow array of unique text.
        format: says whether their order matters.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    problems: list[Problem] = []
    if (rows := table.rows + table.unread) != len(expected) and not format.objects:
        what = f"the submission has {plural(rows, 'row')}, expected {len(expected):,}"
        problems.append(problem("row_count", what, "Give every id of the sample submission one row"))
    if ids is None or (ids := ids.cast(expected.type)).equals(expected):
        return problems

    def report(rule: str, names: Any, what: str, advice: str) -> None:
        if count := len(names):
            examples = list(map(repr, names.slice(0, EXAMPLES).to_pylist()))
            problems.append(problem(rule, f"{plural(count, 'id')} {what}", advice, examples, count))

    indices = pc.index_in(ids, value_set=expected)
    known = pc.is_valid(indices).to_numpy(zero_copy_only=False)
    positions = pc.fill_null(indices, -1).to_numpy()[known]
    uses = np.bincount(positions, minlength=len(expected))
    unknown, missing = ids.filter(pa.array(~known)), expected.filter(pa.array(uses == 0))
    for what, advice, change in _alterations():
        if not len(unknown) or not len(missing):
            break
        ours, theirs = change(unknown), change(missing)
        if ours.equals(unknown) and theirs.equals(missing):  # nothing of the kind: skip the look-up
            continue
        changed = pc.is_in(ours, options=pc.SetLookupOptions(theirs, skip_nulls=True))
        explained = pc.is_in(theirs, options=pc.SetLookupOptions(ours, skip_nulls=True))
        report("altered_ids", unknown.filter(changed), what, advice)
        unknown, missing = unknown.filter(pc.invert(changed)), missing.filter(pc.invert(explained))
    report("unknown_ids", unknown, "not in the sample submission", "Remove these rows, or predict the right test set")
    # Lines that could not be read most likely hold as many of the missing ids: those are reported already.
    if len(missing) > table.unread:
        report("missing_ids", missing, "of the sample submission without a row", "Add a row for each")
    if not format.objects:
        twice = expected.filter(pa.array(uses > 1))
        report("duplicate_ids", twice, "with more than one row", "Keep one row for each id")
    back = np.flatnonzero(np.diff(positions) < 0)
    if format.order_matters and back.size:
        row = int(np.flatnonzero(known)[back[0] + 1])
        where = [f"{table.locate(row)}, id {ids[row].as_py()!r}"]
        what = "the rows are not in the sample submission's order, first"
        problems.append(problem("order", what, "Sort them as the sample submission is sorted", where))
    return problems


def _alterations() -> Iterator[tuple[str, str, Any]]:
    """Yield how ids get altered: what happened, what to do, and the function under which old and new agree."""
    import pyarrow as pa
    import pyarrow.compute as pc

    def digits(names: Any) -> Any:
        stripped = pc.replace_substring_regex(names, r"^0+(\d)", r"\1")
        return pc.if_else(pc.match_substring_regex(names, r"^\d+$"), stripped, None)

    def number(names: Any) -> Any:
        spelt = pc.if_else(pc.match_substring_regex(names, NUMBER), pc.utf8_ltrim(names, "+"), None)
        value = pc.cast(spelt, pa.float64())
        return pc.if_else(pc.is_finite(value), value, None)  # all that are too large would agree

    def stem(names: Any) -> Any:
        if not pc.any(pc.match_substring_regex(names, r"[./\\]")).as_py():
            return names
        return pc.replace_substring_regex(names, r"^(?:.*[/\\])?([^/\\]+?)(?:\.[A-Za-z]{2,4})?$", r"\1")

    def bare(names: Any) -> Any:
        return pc.utf8_trim(names, "\"' ")

    as_text = "Read and write ids as text, in pandas with read_csv(path, dtype=str)"
    as_sample = "Spell them as in the sample submission"
    # Spelling first: an id that differs in case or by a space is not tried as a number.
    yield "with spaces around them", "Remove the spaces", pc.utf8_trim_whitespace
    yield "with quotes that belong to the file, not to the id", "Remove them, or read the test file as CSV", bare
    yield "in other upper and lower case", as_sample, pc.utf8_lower
    yield "with leading zeros lost or added", as_text, digits
    yield "turned into decimal numbers", as_text, number
    yield "with another folder or file ending", as_sample, stem
