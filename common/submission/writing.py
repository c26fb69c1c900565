"""Submissions: made from ids and predictions, written whole or not at all, the sample read as text.

Ids are text everywhere, exactly as the sample submission spells them: `007` and `12311_10` never meet a
number parser. What is wrong with a finished file is `common.submission.checks`'s business.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.errors import SubmissionError
from common.files import atomic_write
from common.submission.checks.sample import sample_columns
from common.submission.checks.table import text
from common.submission.checks.values import bounds, wrong_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

_ROWS_PER_CHUNK = 100_000


def make(ids: Sequence[str], predictions: ArrayLike, form: SubmissionFormat) -> pd.DataFrame:
    """Make a submission from predictions; nothing is repaired that the format does not ask for.

    Args:
        ids: ids of the test rows, shape (n,), text as in the sample submission.
        predictions: numbers, or labels where the format lists labels; shape (n,) or (n, k) for k targets.
        form: the competition's format; says whether to clip and to normalise.

    Returns:
        The id column (text) and the target columns (float64, or text for labels), n rows.

    Raises:
        SubmissionError: if shapes disagree, ids are not unique text, or a prediction is NaN, infinite, out of range,
            no known label or in a row whose sum is wrong.
    """
    import numpy as np
    import pandas as pd

    names = np.asarray(ids, dtype=object)
    if names.ndim != 1 or not len(names):
        raise SubmissionError(f"ids have shape {names.shape}; a submission needs at least one row, shape (n,)")
    if strangers := [name for name in names if not isinstance(name, str)]:
        kind = type(strangers[0]).__name__
        raise SubmissionError(f"id {strangers[0]!r} is of type {kind}; read ids as text, as in the sample submission")
    if (twice := names[pd.Series(names).duplicated().to_numpy()]).size:
        raise SubmissionError(f"ids must be unique; given more than once: {_some(twice)}")

    values = np.asarray(predictions, dtype=object if form.labels else None)
    values = values.reshape(-1, 1) if values.ndim == 1 else values
    if values.shape != (len(names), len(form.targets)):
        raise SubmissionError(
            f"predictions have shape {np.shape(predictions)}; {len(names)} ids and {len(form.targets)} targets "
            f"({', '.join(form.targets[:5])}) need ({len(names)}, {len(form.targets)})"
        )
    values = _labels(names, values, form) if form.labels else _numbers(names, values, form)
    return pd.DataFrame({form.id: names.tolist()}).assign(
        **{target: values[:, column] for column, target in enumerate(form.targets)}
    )


def _labels(ids: NDArray[np.object_], values: NDArray[Any], form: SubmissionFormat) -> NDArray[np.object_]:
    import numpy as np

    text = np.array([str(value) for value in values.ravel()], dtype=object).reshape(values.shape)
    unknown = ~np.isin(text, np.array(form.labels, dtype=object))
    if unknown.any():
        given = ", ".join(map(repr, dict.fromkeys(text[unknown][:5])))
        allowed = ", ".join(form.labels[:10])
        raise SubmissionError(f"labels {given} are not allowed (ids {_some(ids[unknown.any(axis=1)])}); use {allowed}")
    return text


def _numbers(ids: NDArray[np.object_], values: NDArray[Any], form: SubmissionFormat) -> NDArray[np.float64]:
    import numpy as np

    try:
        numbers = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise SubmissionError(f"predictions must be numbers: {error}") from error

    def refuse(wrong: NDArray[np.bool_], what: str) -> None:
        rows = np.flatnonzero(wrong.any(axis=1))
        if rows.size:
            raise SubmissionError(f"{what} in {rows.size:,} of {len(ids):,} rows: ids {_some(ids[rows])}")

    # Before clipping, which would turn a diverged model's infinity into a plausible number.
    refuse(np.isnan(numbers), "predictions are NaN")
    refuse(np.isinf(numbers), "predictions are infinite")
    if form.clip:
        numbers = np.clip(numbers, form.low, form.high)
    if form.normalise and form.rows_sum_to is not None:
        sums = numbers.sum(axis=1, keepdims=True)
        refuse(sums <= 0, "predictions cannot be normalised, their sum is not positive")
        numbers = numbers * (form.rows_sum_to / sums)
    low, high = bounds(form)
    outside = (numbers < low) | (numbers > high)
    refuse(outside, f"predictions are outside [{low:g}, {high:g}], which the format does not clip,")
    if form.rows_sum_to is not None:
        refuse(wrong_sums(numbers, form.rows_sum_to)[:, None], f"predictions do not sum to {form.rows_sum_to:g}")
    return numbers


def _some(ids: NDArray[np.object_]) -> str:
    return ", ".join(map(repr, ids[:3])) + (", …" if len(ids) > 3 else "")


def write(frame: pd.DataFrame, path: Path, form: SubmissionFormat) -> None:
    r"""Write a submission, atomically, as UTF-8 with "\n" after every line.

    Numbers get the shortest digits that read back as the same float64: what is graded, blended or compared
    later is then exactly what the model predicted, and no digit is spent on noise.

    Args:
        frame: the id column and the target columns, in the format's order.
        path: where to write; an existing file is replaced.
        form: the competition's format; says separator and quoting.

    Raises:
        SubmissionError: if the columns are not the format's, or a cell is empty.
        DeviceError: if the disk is full or the place cannot be written; an existing file stays as it was.
    """
    columns = (form.id, *form.targets)
    if tuple(frame.columns) != columns:
        raise SubmissionError(f"columns are {', '.join(map(str, frame.columns))}; needed: {', '.join(columns)}")
    if (gaps := frame.columns[frame.isna().any()]).size:
        raise SubmissionError(f"column {gaps[0]!r} has empty cells; every row needs a value")
    quoted = form.quoting == "nonnumeric"
    with atomic_write(path, "w") as file:
        file.write(form.separator.join(_quote(column, form.separator, always=quoted) for column in columns) + "\n")
        for start in range(0, len(frame), _ROWS_PER_CHUNK):
            rows = frame.iloc[start : start + _ROWS_PER_CHUNK]
            file.write("\n".join(_lines(rows, form)) + "\n")


def _quote(text: str, separator: str, *, always: bool) -> str:
    needed = always or any(character in text for character in (separator, '"', "\r", "\n"))
    return '"' + text.replace('"', '""') + '"' if needed else text


def _lines(rows: pd.DataFrame, form: SubmissionFormat) -> list[str]:
    # Arrow formats and joins a million numbers several times faster than Python or `to_csv` does.
    import pyarrow as pa
    import pyarrow.compute as pc
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    cells = []
    for column in rows.columns:
        values = rows[column]
        if column != form.id and is_numeric_dtype(values) and not is_bool_dtype(values):
            cells.append(pc.cast(pa.array(values.to_numpy()), pa.string()))
            continue
        words = text(values).cast(pa.string())
        quote = pc.match_substring_regex(words, f'["\r\n{form.separator}]')
        if form.quoting == "nonnumeric":
            quote = pa.scalar(True)
        elif not pc.any(quote).as_py():
            cells.append(words)
            continue
        quoted = pc.binary_join_element_wise('"', pc.replace_substring(words, '"', '""'), '"', "")
        cells.append(pc.if_else(quote, quoted, words))
    lines: list[str] = pc.binary_join_element_wise(*cells, form.separator).to_pylist()
    return lines


def read_sample(path: Path, form: SubmissionFormat) -> pd.DataFrame:
    """Read a sample submission, every cell as the text that stands in the file.

    Returns:
        The id column and the target columns, text.

    Raises:
        DataError: if the file is missing, broken or has other columns than the format's.
    """
    import pandas as pd

    columns = sample_columns(path, form)
    return pd.DataFrame({name: column.to_pylist() for name, column in columns.items()}, dtype=str)
