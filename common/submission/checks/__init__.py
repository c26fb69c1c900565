"""Every problem of a submission at once, before one of them costs a daily submission.

The file is compared with the sample submission (which rows) and the competition's format (which values). The rules are
strict where Kaggle's reader is not documented: a file without problems leaves nothing to interpret.

encoding, delimited    from bytes to columns of text; whatever can still be read is read
table, sample          what is compared with what
columns, ids, values, cells, masks   the rules
scored                 what the metric says to a file that breaks none, or only what the format asks of its numbers
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.errors import SubmissionError
from common.submission.checks.columns import find_columns
from common.submission.checks.delimited import read
from common.submission.checks.ids import check_ids
from common.submission.checks.masks import check_archive, check_masks
from common.submission.checks.problem import Problem, errors, problem
from common.submission.checks.sample import sample_ids
from common.submission.checks.scored import judge
from common.submission.checks.table import Table, from_frame, joined
from common.submission.checks.values import NUMBER, check_values
from common.submission.shape import apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = ["Problem", "errors", "validate"]

# A file this many times over the limit is not read: its size alone decides, and memory has an end.
_TOO_BIG_TO_READ = 5


def validate(
    submission: Path | pd.DataFrame,
    sample: Path | pd.DataFrame,
    format: SubmissionFormat,
    metric: str | None = None,
    pictures: Mapping[str, str] | None = None,
) -> list[Problem]:
    """Find everything that is wrong with a submission.

    Args:
        submission: the file, or the frame that would be written.
        sample: the sample submission, which has exactly the expected rows.
        format: what Kaggle accepts.
        metric: name of the metric; then a range and row sums that it does not need are warnings, and what it cannot score
            is an error.
        pictures: paths of the rows' pictures by id, which masks are compared with.

    Returns:
        The problems, those of the file's layout first; none if Kaggle will accept it. Rules: size, binary, encoding,
        empty_file, line_endings, separator, quoting, header, ragged, blank_lines, decimal_comma, index_column,
        columns, column_order, row_count, altered_ids, missing_ids, unknown_ids, duplicate_ids, order,
        empty_values, nan, infinite, not_a_number, not_an_integer, range, labels, too_many_labels, labels_twice, mask,
        mask_size, mask_end, overlap, boxes, row_sums, not_scored.

    Raises:
        SubmissionError: if the file does not exist.
        DataError: if the sample submission itself is missing or broken.

    >>> import pandas as pd
    >>> from common.competition import Cell
    >>> sample = pd.DataFrame({"id": ["007", "008"], "score": 0.5})
    >>> submission = pd.DataFrame({"id": ["7", "008"], "score": [0.2, 1.5]})
    >>> for each in validate(submission, sample, SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1))):
    ...     print(each)
    1 id with leading zeros lost or added: '7'. Read and write ids as text, in pandas with read_csv(path, dtype=str)
    1 cell of column 'score' outside [0, 1]: row 1 (id '008') has 1.5. Clip or correct them
    """
    expected = sample_ids(sample, format)
    if format.packed:  # what is in memory is made of arrays, which are right when they are made
        return check_archive(submission, expected.to_pylist(), format, pictures) if isinstance(submission, Path) else []
    if isinstance(submission, Path):
        table, problems = _from_file(submission, expected, format)
        if table is None:
            return problems
    else:
        table, problems = from_frame(apart(submission, format), format.id), []
    columns, header_problems = find_columns(table, format)
    if format.parts and {*format.parts} <= {*columns}:
        columns[format.id] = joined([columns[name] for name in format.parts])
    problems += header_problems
    problems += check_ids(table, columns.get(format.id), expected, format) + check_values(table, columns, format)
    if format.cell.kind == "mask" and not problems:
        problems += check_masks(table, columns, format, pictures)
    return problems if metric is None else judge(problems, columns, format, metric)


def _from_file(path: Path, expected: Any, format: SubmissionFormat) -> tuple[Table | None, list[Problem]]:
    if not path.exists() or path.is_dir():  # a pipe is read like a file
        raise SubmissionError(f"file not found: {path}; `kit train` writes one")
    names, problems = format.columns, []
    if (size := path.stat().st_size) > format.max_bytes:
        what = f"the file has {size:,} bytes, the limit is {format.max_bytes:,}"
        problems.append(problem("size", what, "Write fewer digits, or only the expected rows and columns"))
        if size > _TOO_BIG_TO_READ * format.max_bytes:
            return None, problems
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from error

    def is_row(fields: list[str]) -> bool:
        import pyarrow as pa
        import pyarrow.compute as pc

        known = pc.index_in(pa.array(fields[:1], expected.type), value_set=expected).null_count < len(fields[:1])
        others = pa.array([field for field in fields[1:] if field not in names], pa.string())
        numbers = pc.any(pc.match_substring_regex(others, NUMBER)).as_py() or False
        return bool(known or (numbers and format.id not in fields))

    table, more = read(data, names, format.separator, is_row)
    return table, problems + more
