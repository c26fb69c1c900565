"""The sample submission: which rows are expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.errors import DataError
from common.submission.checks.delimited import read
from common.submission.checks.table import text
from common.wording import listed

if TYPE_CHECKING:
    import pandas as pd


def sample_columns(path: Path, format: SubmissionFormat) -> dict[str, Any]:
    """Read a sample submission as Arrow arrays of text by column name.

    Raises:
        DataError: if the file is missing, broken or has other columns than the format's.
    """
    names = (format.id, *format.targets)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read the sample submission {path}: {error.strerror}") from error
    table, problems = read(data, names, format.separator, lambda fields: False)
    # The file is the reference: only what leaves doubt about its rows is refused.
    serious = [each for each in problems if each.rule not in ("encoding", "line_endings", "blank_lines")]
    if table is None or serious:
        raise DataError(f"the sample submission {path} is broken: {serious[0]}")
    if table.header != names:
        columns = ", ".join(table.header or ())
        raise DataError(f"the sample submission {path} has the columns {columns}, expected {', '.join(names)}")
    return dict(zip(names, table.columns, strict=True))


def sample_ids(sample: Path | pd.DataFrame, format: SubmissionFormat) -> Any:
    """Return the ids of a sample submission, as an Arrow array of unique text.

    Raises:
        DataError: if the sample submission is broken, or has no rows or an id twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(sample, Path):
        ids = sample_columns(sample, format)[format.id]
    elif format.id in sample.columns:
        ids = text(sample[format.id])
    else:
        raise DataError(
            f"the sample submission has no id column {format.id!r}; it has {', '.join(map(str, sample.columns))}"
        )
    ids = ids.cast(pa.large_string())
    if not len(ids):
        raise DataError("the sample submission has no rows; download the competition's data again")
    if len(pc.unique(ids)) != len(ids):
        counts = pc.value_counts(ids)
        duplicates = counts.field(0).filter(pc.greater(counts.field(1), 1)).to_pylist()
        raise DataError(f"the sample submission has duplicate ids: {listed(map(repr, duplicates))}")
    return ids
