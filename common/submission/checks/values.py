"""What a submission's rows may hold: numbers in range, cells of other kinds as `cells` has them, rows with the right sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.submission.checks.cells import EMPTY, NAN, Fault, cell_faults
from common.submission.checks.problem import EXAMPLES, Problem, problem
from common.submission.checks.table import Table
from common.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

# How far a row's sum may be from `rows_sum_to`, relative to it: what NumPy's `allclose` allows, which probabilities
# computed in single precision or written with six digits still meet.
ROW_SUM_TOLERANCE = 1e-5

# What all readers take for a number: digits with or without a point, and an exponent.
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INFINITE = r"(?i)^\s*[+-]?(inf(inity)?|∞)\s*$"
_DECIMAL_COMMA = r"^\s*[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][+-]?\d+)?\s*$"


def check_values(table: Table, columns: Mapping[str, Any], format: SubmissionFormat) -> list[Problem]:
    """Check the cells of the target columns against the format.

    Args:
        table: the submission.
        columns: its columns, Arrow arrays by expected name; some may be missing.
        format: what each target's cells are, and row sums.
    """
    import numpy as np

    problems, numbers = [], []
    for target in (target for target in format.targets if target in columns):
        cell = format.of(target)
        if cell.kind == "number":
            values, faults = _parse(columns[target])
            low = -np.inf if cell.low is None else cell.low
            high = np.inf if cell.high is None else cell.high
            outside = np.isfinite(values) & ((values < low) | (values > high))
            faults.append(Fault("range", outside, f"outside [{low:g}, {high:g}]", "Clip or correct them"))
            fraction = np.isfinite(values) & (values != np.floor(values)) & cell.integer
            faults.append(Fault("not_an_integer", fraction, "that are no integers", "Round them"))
            numbers.append(values)
        else:
            faults = cell_faults(columns[target], cell)
        problems += [_report(fault, target, table, columns, format) for fault in faults if fault.rows.any()]
    if format.rows_sum_to is not None and len(numbers) == len(format.targets):
        matrix = np.column_stack(numbers)
        # A row with an infinite or missing number is reported for that.
        with np.errstate(invalid="ignore"):
            off = np.abs(matrix.sum(axis=1) - format.rows_sum_to) > ROW_SUM_TOLERANCE * abs(format.rows_sum_to)
            wrong = np.isfinite(matrix).all(axis=1) & off
        what = f"whose targets do not sum to {format.rows_sum_to:g} within {ROW_SUM_TOLERANCE:g} of it"
        fault = Fault("row_sums", wrong, what, f"Divide each row by its sum, times {format.rows_sum_to:g}")
        if wrong.any():
            problems.append(_report(fault, None, table, columns, format))
    return problems


def _report(
    fault: Fault, target: str | None, table: Table, columns: Mapping[str, Any], format: SubmissionFormat
) -> Problem:
    import numpy as np

    rows = np.flatnonzero(fault.rows)
    examples = []
    for row in map(int, rows[:EXAMPLES]):
        name = f" (id {_shown(columns[format.id][row].as_py())})" if format.id in columns else ""
        cells = "" if target is None else f" has {_shown(columns[target][row].as_py())}"
        examples.append(table.locate(row) + name + cells)
    where = "" if target is None else f" of column {target!r}"
    noun = "row" if target is None else "cell"
    return problem(fault.rule, f"{plural(rows.size, noun)}{where} {fault.what}", fault.advice, examples, rows.size)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:58]}…{text[0]}"


def _parse(column: Any) -> tuple[NDArray[np.float64], list[Fault]]:
    """Return a column's numbers, NaN where a cell holds none, and what is wrong with the others."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:  # as a whole, the way of nearly every file
        values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        nan, infinite = np.isnan(values), np.isinf(values)
        faults = []
    except pa.ArrowInvalid:
        words = column.cast(pa.large_string())
        patterns = (EMPTY, NAN, _INFINITE, _DECIMAL_COMMA, NUMBER)
        empty, nan, infinite, comma, number = (_mask(pc.match_substring_regex(words, pattern)) for pattern in patterns)
        values = np.full(len(words), np.nan)
        values[number] = pc.utf8_ltrim(words.filter(pa.array(number)), "+").cast(pa.float64()).to_numpy()
        infinite |= np.isinf(values)
        text = ~(empty | nan | infinite | comma | number)
        faults = [
            Fault("empty_values", empty, "without a value", "Give every row a number"),
            Fault("decimal_comma", comma, "with a decimal comma", "Write 0.5, not 0,5"),
            Fault("not_a_number", text, "without a plain number", "Write digits, with a point: 0.5 or 5e-1"),
        ]
    faults += [
        Fault("nan", nan, "with NaN", "Give every row a number; find out why the model gave none"),
        Fault("infinite", infinite, "with an infinite number", "Give every row a finite number"),
    ]
    return values, faults


def _mask(mask: Any) -> NDArray[np.bool_]:
    array: NDArray[np.bool_] = mask.to_numpy(zero_copy_only=False)
    return array
