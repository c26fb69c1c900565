"""Every problem of a submission at once, before Kaggle finds the first of them and takes a daily try for it.

The file is held against the sample submission (which rows) and the competition's format (which values). The
rules are strict where Kaggle's reader is not documented: a file without problems leaves nothing to interpret.

encoding, quoting, delimited    from bytes to columns of text; whatever can still be read is read
table, sample                   what is held against what
columns, ids, values            the rules
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.errors import SubmissionError
from common.submission.checks.columns import find_columns
from common.submission.checks.delimited import read
from common.submission.checks.ids import check_ids
from common.submission.checks.problem import Problem, problem
from common.submission.checks.sample import sample_ids
from common.submission.checks.table import Table, from_frame
from common.submission.checks.values import NUMBER, check_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Problem", "validate"]

# A file this many times over the limit is not read: its size alone decides, and memory has an end.
_TOO_BIG_TO_READ = 5


def validate(submission: Path | pd.DataFrame, sample: Path | pd.DataFrame, form: SubmissionFormat) -> list[Problem]:
    """Find everything that is wrong with a submission.

    Args:
        submission: the file, or the frame that would be written.
        sample: the sample submission, which has exactly the rows that are due.
        form: what Kaggle accepts.

    Returns:
        The problems, those of the file's form first; none if Kaggle will accept it. Rules: size, binary, encoding,
        empty_file, line_endings, separator, quoting, header, ragged, blank_lines, decimal_comma, index_column,
        columns, column_order, row_count, altered_ids, missing_ids, unknown_ids, duplicate_ids, order,
        empty_values, nan, infinite, not_a_number, range, labels, row_sums.

    Raises:
        SubmissionError: if there is no such file.
        DataError: if the sample submission itself is missing or broken.
    """
    due = sample_ids(sample, form)
    if isinstance(submission, Path):
        table, problems = _from_file(submission, due, form)
        if table is None:
            return problems
    else:
        table, problems = from_frame(submission, form.id), []
    columns, header_problems = find_columns(table, form)
    problems += header_problems
    return problems + check_ids(table, columns.get(form.id), due, form) + check_values(table, columns, form)


def _from_file(path: Path, due: Any, form: SubmissionFormat) -> tuple[Table | None, list[Problem]]:
    if not path.is_file():
        raise SubmissionError(f"there is no file {path}; `kit train` writes one, or name another")
    names, problems = (form.id, *form.targets), []
    if (size := path.stat().st_size) > form.max_bytes:
        what = f"the file has {size:,} bytes, the limit is {form.max_bytes:,}"
        problems.append(problem("size", what, "Write fewer digits, or only the rows and columns that are due"))
        if size > _TOO_BIG_TO_READ * form.max_bytes:
            return None, problems
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from error

    def is_row(fields: list[str]) -> bool:
        import pyarrow as pa
        import pyarrow.compute as pc

        known = pc.index_in(pa.array(fields[:1], due.type), value_set=due).null_count < len(fields[:1])
        strange = pa.array([field for field in fields[1:] if field not in names], pa.string())
        numbers = pc.any(pc.match_substring_regex(strange, NUMBER)).as_py() or False
        return bool(known or (numbers and form.id not in fields))

    found, more = read(data, names, form.separator, is_row)
    if found is None:
        return None, problems + more
    lines = found.lines
    table = Table(found.header, found.columns, lambda row: f"line {lines[row]}", len(lines), found.unread)
    return table, problems + more
