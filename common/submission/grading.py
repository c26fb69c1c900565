"""The score of a submission against labels, as the leaderboard would give it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import submission
from common.competition import Column, Competition, SubmissionFormat, Table
from common.data.frames import read_rows
from common.errors import MetricError, SubmissionError
from common.metrics.table import score
from common.wording import plural

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame


def grade(competition: Competition, file: Path, answers: Path) -> dict[str, float]:
    """Return the score of the competition's metric and of those reported beside it that are defined for the file.

    Args:
        competition: names the metrics and the submission's format.
        file: the submission.
        answers: a table with the submission's columns that holds the labels, in any order.

    Raises:
        DataError: if the answers cannot be read.
        SubmissionError: if the submission is not valid for them.
        MetricError: if the competition's metric is undefined.
    """
    from common.submission.checks import errors, validate

    format = competition.submission
    targets = list(format.targets)
    table = Table(
        file=answers.name, columns=(Column(name=format.id, kind="id"), *_targets(format)), separator=format.separator
    )
    truth = read_rows(answers.parent, table)
    if problems := errors(validate(file, truth[[format.id, *targets]], format, competition.metric)):
        raise SubmissionError(f"{file} has {plural(len(problems), 'problem')}, the first: {problems[0].message}")
    submitted = submission.read_sample(file, format).set_index(format.id).loc[truth[format.id]]
    graded = scores(competition, submitted, truth, competition.metric)
    for name in competition.also_report:
        with suppress(MetricError):  # margins have a ROC AUC, and no accuracy
            graded |= scores(competition, submitted, truth, name)
    return graded


def scores(competition: Competition, submitted: DataFrame, truth: DataFrame, *names: str) -> dict[str, float]:
    """Return metrics of the target columns of two frames, row by row.

    Raises:
        MetricError: where one is undefined.
    """
    import numpy as np

    format = competition.submission
    targets, kind = list(format.targets), str if format.labels else float
    predicted, known = (frame[targets].astype(kind).to_numpy() for frame in (submitted, truth))
    if format.classes is not None:  # the label of a row is the class whose column holds one
        known = np.array(targets)[known.argmax(axis=1)]
    return {name: score(name, _column(known), _column(predicted), classes=format.classes) for name in names}


def _column(values: NDArray[Any]) -> NDArray[Any]:
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _targets(format: SubmissionFormat) -> list[Column]:
    return [Column(name=name, kind="category" if format.labels else "number") for name in format.targets]
