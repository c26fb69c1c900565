"""The score of a submission against labels, as the leaderboard would give it."""

from __future__ import annotations

from pathlib import Path

from common import submission
from common.competition import Column, Competition, SubmissionFormat, Table
from common.data import read_rows
from common.errors import SubmissionError
from common.metrics import score


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
    from common.validation import validate

    form = competition.submission
    targets = list(form.targets)
    table = Table(
        file=answers.name, columns=(Column(name=form.id, kind="id"), *_targets(form)), separator=form.separator
    )
    truth = read_rows(answers.parent, table)
    if problems := validate(file, truth[[form.id, *targets]], form):
        raise SubmissionError(f"{file} has {len(problems)} problems, the first: {problems[0].message}")
    sent = submission.read_sample(file, form).set_index(form.id).loc[truth[form.id]]
    kind = str if form.labels else float
    predicted, known = (frame[targets].astype(kind).to_numpy().squeeze() for frame in (sent, truth))
    return {name: score(name, known, predicted) for name in (competition.metric, *competition.also_report)}


def _targets(form: SubmissionFormat) -> list[Column]:
    return [Column(name=name, kind="category" if form.labels else "number") for name in form.targets]
