"""Submissions: made from ids and predictions, written atomically; sample submissions, read as text.

Ids are text everywhere, exactly as the sample submission spells them: `007` and `12311_10` never meet a number parser.
`common.submission.checks` finds what is wrong with a finished file.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from common.competition import Cell, SubmissionFormat
from common.errors import SubmissionError
from common.files import atomic_write
from common.submission import shape
from common.submission.checks.table import from_frame, text
from common.submission.checks.values import check_values
from common.wording import listed, plural

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

_ROWS_PER_CHUNK, _CELLS_PER_CHUNK = 100_000, 2_000_000


def make(ids: Sequence[str], predictions: ArrayLike, format: SubmissionFormat) -> pd.DataFrame:
    """Make a submission from predictions; beyond rounding, they are clipped or normalised only where the format says so.

    Args:
        ids: ids of the test rows, shape (n,), text as in the sample submission.
        predictions: what the targets' cells hold, numbers or text; shape (n,) or (n, k) for k targets.
        format: the competition's format; says whether to clip and to normalise.

    Returns:
        The id column (text) and the target columns (float64, or text), n rows.

    Raises:
        SubmissionError: if shapes disagree, ids are not unique text, or a prediction is NaN, infinite, out of range,
            no known label or in a row whose sum is wrong.

    >>> make(["007", "12_1"], [0.25, 1.5], SubmissionFormat(id="id", targets=("score",), cell=Cell(low=0, high=1, clip=True)))
         id  score
    0   007   0.25
    1  12_1   1.00
    """
    import numpy as np
    import pandas as pd

    names = np.asarray(ids, dtype=object)
    if names.ndim != 1 or not len(names):
        raise SubmissionError(f"ids have shape {names.shape}, expected (n,) with at least one row")
    if others := [name for name in names if not isinstance(name, str)]:
        raise SubmissionError(
            f"ids must be text as in the sample submission, got {others[0]!r} of type {type(others[0]).__name__}"
        )
    if (duplicates := names[pd.Series(names).duplicated().to_numpy()]).size:
        raise SubmissionError(f"ids must be unique, got more than once: {listed(map(repr, duplicates))}")

    if (values := _as_columns(predictions, format)).shape != (len(names), len(format.targets)):
        raise SubmissionError(
            f"predictions have shape {np.shape(predictions)}, expected ({len(names)}, {len(format.targets)}) "
            f"for {plural(len(names), 'id')} and the targets {listed(format.targets, 5)}"
        )
    if format.packed:
        return pd.DataFrame({format.id: names.tolist()}).assign(**{format.targets[0]: values[:, 0]})
    targets = dict(zip(format.targets, _columns(values, format), strict=True))
    frame = pd.DataFrame({format.id: names.tolist()}).assign(**targets)
    table = from_frame(shape.apart(frame, format), format.id)
    for each in check_values(table, dict(zip((format.id, *format.targets), table.columns, strict=True)), format):
        raise SubmissionError(each.message)
    return frame


def cells(predictions: ArrayLike, format: SubmissionFormat) -> NDArray[Any]:
    """Return the target columns as `make` writes them (n, targets), without its checks.

    Raises:
        SubmissionError: for text where numbers are expected, or a row that cannot be normalised.
    """
    import numpy as np

    return np.column_stack(_columns(_as_columns(predictions, format), format))


def _as_columns(predictions: ArrayLike, format: SubmissionFormat) -> NDArray[Any]:
    import numpy as np

    values = np.asarray(predictions, dtype=None if format.numeric else object)
    return values.reshape(-1, 1) if values.ndim == 1 else values


def _columns(values: NDArray[Any], format: SubmissionFormat) -> list[NDArray[Any]]:
    import numpy as np

    columns = [_cells(column, format.of(name)) for name, column in zip(format.targets, values.T, strict=True)]
    if format.normalise and format.rows_sum_to is not None:
        sums = np.column_stack(columns).sum(axis=1)
        if (sums <= 0).any():
            raise SubmissionError(f"predictions cannot be normalised: row {(sums <= 0).argmax()} has no positive sum")
        columns = [column * (format.rows_sum_to / sums) for column in columns]
    return columns


def _cells(values: NDArray[Any], cell: Cell) -> NDArray[Any]:
    """Return a column as it is written: numbers in range, anything else as text."""
    import numpy as np

    if cell.kind == "pixels":
        return values
    if cell.kind != "number":
        return np.array([str(value) for value in values], object)
    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SubmissionError(f"predictions must be numbers: {error}") from error
    low, high = (-np.inf if cell.low is None else cell.low), (np.inf if cell.high is None else cell.high)
    inside = np.clip(numbers, low, high)
    # A mean of ones may be 1.0000000000000002: rounding is no error.
    numbers = np.where(np.isclose(numbers, inside, rtol=1e-12, atol=1e-15), inside, numbers)
    if cell.clip:  # but not the infinity of a diverged model, which would become a plausible number
        numbers = np.where(np.isinf(numbers), numbers, inside)
    return np.round(numbers) if cell.integer else numbers


def write(frame: pd.DataFrame, path: Path, format: SubmissionFormat) -> None:
    r"""Write a submission, atomically, as UTF-8 with "\n" after every line.

    Numbers get the shortest digits that read back as the same float64: what is graded, blended or compared later is then
    exactly what the model predicted.

    Args:
        frame: the id column and the target columns, in the format's order.
        path: where to write; an existing file is replaced.
        format: the competition's format; says separator and quoting.

    Raises:
        SubmissionError: if the columns are not the format's, or a cell is empty.
        DeviceError: if the disk is full or the file cannot be written; an existing file stays as it was.

    >>> score = SubmissionFormat(id="id", targets=("score",))
    >>> write(make(["007", "12_1"], [0.25, 1 / 3], score), Path("submission.csv"), score)
    >>> Path("submission.csv").read_text()
    'id,score\n007,0.25\n12_1,0.3333333333333333\n'
    """
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    columns = format.columns
    if tuple(frame.columns) != columns:
        raise SubmissionError(f"the columns are {', '.join(map(str, frame.columns))}, expected {', '.join(columns)}")
    if format.packed:
        shape.write_archive(frame, path, format)
        return
    if (gaps := frame.columns[frame.isna().any()]).size:
        raise SubmissionError(f"column {gaps[0]!r} has empty cells; every row needs a value")
    frame = shape.apart(frame, format)
    quoted = format.quoting == "nonnumeric"
    names = ["" if format.index and name == format.id else name for name in columns]
    numbers = [
        name
        for name in columns
        if name != format.id and is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name])
    ]
    with atomic_write(path, "w") as file:
        file.write(format.separator.join(_quote(name, format.separator, always=quoted) for name in names) + "\n")
        write_lines(frame, file, numbers, separator=format.separator, quoted=quoted)


def write_lines(
    frame: pd.DataFrame, file: IO[str], numbers: Collection[str], *, separator: str = ",", quoted: bool = False
) -> None:
    """Write the rows of a table (n, columns) as delimited text, without a header.

    Args:
        frame: the rows; a missing value is an empty cell.
        file: where to.
        numbers: the columns that hold numbers, of which the shortest digits are written; others are written as text.
        separator: what stands between cells.
        quoted: whether every text stands in quotes, not only where they are needed.
    """
    step = max(1, min(_ROWS_PER_CHUNK, _CELLS_PER_CHUNK // max(frame.shape[1], 1)))
    for start in range(0, len(frame), step):
        rows = frame.iloc[start : start + step]
        file.write("\n".join(_lines(rows, numbers, separator, quoted=quoted)) + "\n")


def _quote(text: str, separator: str, *, always: bool) -> str:
    needed = always or any(character in text for character in (separator, '"', "\r", "\n"))
    return '"' + text.replace('"', '""') + '"' if needed else text


def _lines(rows: pd.DataFrame, numbers: Collection[str], separator: str, *, quoted: bool) -> list[str]:
    # Arrow formats and joins a million numbers several times faster than Python or `to_csv` does.
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = []
    for column in rows.columns:
        values = rows[column]
        if column in numbers:
            cells.append(pc.fill_null(pc.cast(pa.array(values.to_numpy(), from_pandas=True), pa.string()), ""))
            continue
        words = text(values).cast(pa.string())
        quote = pc.match_substring_regex(words, f'["\r\n{separator}]')
        if quoted:
            quote = pa.scalar(True)
        elif not pc.any(quote).as_py():
            cells.append(words)
            continue
        marked = pc.binary_join_element_wise('"', pc.replace_substring(words, '"', '""'), '"', "")
        cells.append(pc.if_else(quote, marked, words))
    lines: list[str] = pc.binary_join_element_wise(*cells, separator).to_pylist()
    return lines
