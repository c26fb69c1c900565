"""The score of a submission against labels, as the leaderboard would give it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import submission
from common.competition import Cell, Column, Competition, Table
from common.data.frames import read_rows
from common.decisions.scoring import score
from common.errors import MetricError, SubmissionError
from common.submission import shape
from common.wording import plural

if TYPE_CHECKING:
    from pandas import DataFrame

_READ_AS: dict[str, Any] = {"number": "number", "label": "category"}


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
    if format.packed:
        return _graded_masks(competition, file, answers)
    targets = list(format.targets)
    id = (
        Column(name=format.id, kind="text") if format.objects else Column(name=format.id, kind="id", parts=format.parts)
    )
    columns = (id, *(_column(name, format.of(name)) for name in targets))
    table = Table(file=answers.name, columns=columns, separator=format.separator)
    truth = shape.together(read_rows(answers.parent, table), format)
    known = truth[[format.id, *targets]].assign(**dict.fromkeys(format.echoed, ""))
    if problems := errors(validate(file, known, format, competition.metric)):
        raise SubmissionError(f"{file} has {plural(len(problems), 'problem')}, the first: {problems[0].message}")
    submitted = shape.together(submission.read_sample(file, format), format).set_index(format.id).loc[truth[format.id]]
    return _all_scores(competition, submitted, truth)


def _graded_masks(competition: Competition, file: Path, answers: Path) -> dict[str, float]:
    """Return the scores of an archive or a folder of masks; the answers are one too, or a table of their paths beside it."""
    import pandas as pd

    from common.submission.checks import errors, validate

    format = competition.submission
    target = format.targets[0]
    if answers.is_file() and answers.suffix == ".csv":
        columns = (Column(name=format.id, kind="id"), Column(name=target, kind="text"))
        truth = read_rows(answers.parent, Table(file=answers.name, columns=columns))
        truth = truth.assign(**{target: [str(answers.parent / name) for name in truth[target]]})
    else:
        found = shape.masks_in(answers, format)
        truth = pd.DataFrame({format.id: list(found), target: list(found.values())})
    sizes = dict(zip(truth[format.id], truth[target], strict=True))
    if problems := errors(validate(file, truth, format, competition.metric, sizes)):
        raise SubmissionError(f"{file} has {plural(len(problems), 'problem')}, the first: {problems[0].message}")
    submitted = shape.read(file, format).set_index(format.id).loc[truth[format.id]]
    return _all_scores(competition, submitted, truth)


def _all_scores(competition: Competition, submitted: DataFrame, truth: DataFrame) -> dict[str, float]:
    graded = scores(competition, submitted, truth, competition.metric)
    for name in competition.also_report:
        with suppress(MetricError):  # margins have a ROC AUC, and no accuracy
            graded |= scores(competition, submitted, truth, name)
    return graded


def scores(competition: Competition, submitted: DataFrame, truth: DataFrame, *names: str) -> dict[str, float]:
    """Return metrics of the target columns of two frames in the submission's format, row by row.

    Raises:
        MetricError: where one is undefined.
    """
    import numpy as np

    format = competition.submission
    targets = list(format.targets)
    if format.classes is not None and len(competition.targets) == 1:  # the class whose column holds one
        known = truth[targets].to_numpy(float).argmax(axis=1)
        truth = truth.assign(**{competition.targets[0]: np.array(targets, object)[known]})
    elif format.numeric and competition.predicts != "class":
        truth = truth.assign(**{name: truth[name].astype(float) for name in targets})
    if len(targets) == len(competition.targets):
        truth = truth.rename(columns=dict(zip(targets, competition.targets, strict=True)))
    return {name: score(competition, name, submitted[targets].to_numpy(), truth) for name in names}


def _column(name: str, cell: Cell) -> Column:
    return Column(name=name, kind=_READ_AS.get(cell.kind, "text"), may_be_empty=cell.may_be_empty)
