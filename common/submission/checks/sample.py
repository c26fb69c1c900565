"""The sample submission: which rows are expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.data import tables
from common.errors import DataError
from common.submission.checks.table import text
from common.submission.shape import with_id
from common.wording import listed

if TYPE_CHECKING:
    import pandas as pd


def read_sample(path: Path, format: SubmissionFormat) -> pd.DataFrame:
    """Read a sample submission, every cell as the text in the file, by the reader of all tables.

    Raises:
        DataError: if the file is missing, broken or has other columns than the format's.
    """
    names = list(format.columns)
    rows, _ = tables.read(path, format.separator, index=format.id)
    if list(rows) != names:
        raise DataError(
            f"the sample submission {path} has the columns {', '.join(rows.columns)}, expected {', '.join(names)}"
        )
    return with_id(rows, format)


def sample_ids(sample: Path | pd.DataFrame, format: SubmissionFormat) -> Any:
    """Return the ids of a sample submission, as an Arrow array of unique text.

    Raises:
        DataError: if the sample submission is broken, or has no rows or an id twice.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = read_sample(sample, format) if isinstance(sample, Path) else sample
    rows = with_id(rows, format) if {*format.parts} <= {*rows} else rows
    if format.id not in rows:
        raise DataError(f"the sample submission has no id column {format.id!r}; it has {', '.join(map(str, rows))}")
    ids = text(rows[format.id]).cast(pa.large_string())
    if not len(ids):
        raise DataError("the sample submission has no rows; download the competition's data again")
    if len(pc.unique(ids)) != len(ids):
        counts = pc.value_counts(ids)
        duplicates = counts.field(0).filter(pc.greater(counts.field(1), 1)).to_pylist()
        raise DataError(f"the sample submission has duplicate ids: {listed(map(repr, duplicates))}")
    return ids
