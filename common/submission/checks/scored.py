"""Whether a submission would get a score: the metric itself is asked, with a truth that it can score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from common.competition import SubmissionFormat
from common.errors import MetricError
from common.metrics import table as metrics
from common.submission.checks.problem import Problem, problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What the format forbids and a metric may score all the same: ROC AUC takes any number, log loss a certain 1.
_SCORED_PERHAPS = {"range", "row_sums"}


def judge(problems: list[Problem], columns: Mapping[str, Any], format: SubmissionFormat, metric: str) -> list[Problem]:
    """Return the problems as warnings if the metric gives a score all the same, and what it does not score.

    Args:
        problems: what is wrong with the submission; of other rules than range and row sums, nothing is asked.
        columns: the submission's columns, Arrow arrays by name.
        format: the competition's format.
        metric: name of the metric.
    """
    import numpy as np

    kinds = {format.of(target).kind for target in format.targets}
    if len(kinds) > 1 or not kinds <= {"number", "label"} or any(each.rule not in _SCORED_PERHAPS for each in problems):
        return problems
    values = np.column_stack([columns[target].to_numpy(zero_copy_only=False) for target in format.targets])
    if format.numeric:
        values = values.astype(np.float64)
    truth, perfect = _truth(values, format, metric)
    classes = format.classes or format.cell.labels or None
    try:
        metrics.score(metric, truth, perfect, classes=classes)
    except MetricError:  # it scores no file of this kind: nothing is known
        return problems
    try:
        metrics.score(metric, truth, values, classes=classes)
    except MetricError as error:
        return [*problems, problem("not_scored", f"the file would get no score: {error}", "Look for what made it")]
    return [replace(each, severity="warning") for each in problems]


def _truth(submitted: NDArray[Any], format: SubmissionFormat, metric: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return labels that differ from row to row, and the submission that would be right for them.

    Labels that the format does not list are such as are submitted.
    """
    import numpy as np

    shape = submitted.shape
    if not format.numeric and not format.cell.labels:
        known = np.array([*dict.fromkeys(submitted.ravel().tolist())][:2], object)
        truth = np.resize(known, shape)
        return truth, truth
    if format.classes is not None:
        known = np.arange(shape[0]) % shape[1]
        return np.array(format.classes)[known], np.eye(shape[1])[known]
    values = np.array(
        format.cell.labels[:2] or ((1.0, 2.0) if metrics.get(metric).prediction == "number" else (0.0, 1.0))
    )
    rows = values[np.arange(shape[0]) % len(values)]
    truth = np.tile(rows[:, None], shape[1])
    return truth, truth
