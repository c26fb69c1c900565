"""Scores a submission as Kaggle does: the metric on a public and a private part of the hidden labels."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Competition
from common.errors import MetricError
from common.kaggle.stand_in.hidden import ANSWERS, hash_rank

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from common.validation import Problem

PUBLIC_SHARE = 0.3


class BadSubmission(Exception):
    """A submission that cannot be scored; its text is the `errorDescription`."""


@dataclass(frozen=True)
class Grade:
    """The two scores of a submission."""

    public: float
    private: float


def grade(competition: Competition, folder: Path, submission: Path) -> Grade:
    """Score a file against the answers in a prepared competition folder.

    The public part is the 30 % of the ids that come first in the order of their seeded hashes, so that
    it is the same for every submission and every run.

    Raises:
        BadSubmission: in Kaggle's words where there are any, otherwise in the validator's.
    """
    import pandas as pd

    from common.metrics import score
    from common.validation import validate

    form = competition.submission
    sample = folder / competition.files.sample_submission.file
    problems = validate(submission, sample, form)
    if problems:
        raise BadSubmission(_in_kaggles_words(problems[0], sample, more=len(problems) - 1))
    answers = pd.read_csv(folder / ANSWERS, dtype=str, keep_default_na=False).set_index(form.id)
    given = pd.read_csv(submission, sep=form.separator, dtype=str, keep_default_na=False).set_index(form.id)
    public = hash_rank(answers.index.to_series(), f"public {competition.slug}") < max(
        1, round(PUBLIC_SHARE * len(answers))
    )
    truth, predicted = _truth(answers), _predictions(given.loc[answers.index, list(form.targets)])
    classes = form.targets if len(form.targets) > 1 else None
    try:
        parts = [score(competition.metric, truth[part], predicted[part], classes=classes) for part in (public, ~public)]
    except MetricError as error:
        raise BadSubmission(f"Evaluation Exception: {error}") from error
    return Grade(*parts)


def _truth(answers: DataFrame) -> NDArray[Any]:
    return _numbers(answers).to_numpy()[:, 0]


def _predictions(given: DataFrame) -> NDArray[Any]:
    values = _numbers(given).to_numpy()
    return values[:, 0] if values.shape[1] == 1 else values


def _numbers(frame: DataFrame) -> DataFrame:
    """Return the table as numbers if all of it are, else as it is: labels may be words."""
    try:
        return frame.astype("float64")
    except ValueError:
        return frame


def _in_kaggles_words(problem: Problem, sample: Path, more: int) -> str:
    text = problem.message
    if problem.rule == "row_count":
        with sample.open(encoding="utf-8", newline="") as file:
            text = f"Submission must have {sum(1 for _ in csv.reader(file)) - 1} rows"
    elif problem.rule == "columns" and "missing" in text:
        text = f"Required column {problem.examples[0]} could not be found"
    return f"Evaluation Exception: {text}" + (f" (and {more} more problems)" if more > 0 else "")
