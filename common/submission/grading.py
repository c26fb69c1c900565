"""The score of a submission against labels, as the leaderboard would give it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import submission
from common.competition import Column, Competition, SubmissionFormat, Table
from common.data.frames import read_rows
from common.errors import SubmissionError
from common.metrics.table import score

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


def grade(competition: Competition, file: Path, answers: Path) -> dict[str, float]:
    """Return the competition's metric and the reported ones.

    Args:
        competition: whose metric and submission format count.
        file: the submission.
        answers: a table with the submission's columns that holds the labels, in any order.

    Raises:
        DataError: if the answers cannot be read.
        SubmissionError: if the submission is not valid for them.
    """
    from common.submission.checks import validate

    form = competition.submission
    targets = list(form.targets)
    table = Table(
        file=answers.name, columns=(Column(name=form.id, kind="id"), *_targets(form)), separator=form.separator
    )
    truth = read_rows(answers.parent, table)
    if problems := validate(file, truth[[form.id, *targets]], form):
        raise SubmissionError(f"{file} has {len(problems)} problems, the first: {problems[0].message}")
    sent = submission.read_sample(file, form).set_index(form.id).loc[truth[form.id]]
    return scores(competition, sent, truth, competition.metric, *competition.also_report)


def scores(competition: Competition, sent: DataFrame, truth: DataFrame, *names: str) -> dict[str, float]:
    """Return metrics of the target columns of two frames, row by row.

    Raises:
        MetricError: where one is undefined.
    """
    import numpy as np

    form = competition.submission
    targets, kind = list(form.targets), str if form.labels else float
    predicted, known = (frame[targets].astype(kind).to_numpy() for frame in (sent, truth))
    if form.classes is not None:  # the label of a row is the class whose column holds one
        known = np.array(targets)[known.argmax(axis=1)]
    return {name: score(name, _column(known), _column(predicted), classes=form.classes) for name in names}


def _column(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _targets(form: SubmissionFormat) -> list[Column]:
    return [Column(name=name, kind="category" if form.labels else "number") for name in form.targets]
