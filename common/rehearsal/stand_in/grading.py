"""Score a submission as Kaggle does: the metric on a public and a private part of the hidden labels."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import Competition
from common.errors import MetricError
from common.rehearsal.stand_in.hidden import ANSWERS, hash_rank, sample_name

if TYPE_CHECKING:
    from common.submission.checks import Problem

PUBLIC_FRACTION = 0.3


class BadSubmission(Exception):
    """A submission that cannot be scored; its text is the `errorDescription`."""


@dataclass(frozen=True)
class Grade:
    """The two scores of a submission."""

    public: float
    private: float


def grade(competition: Competition, folder: Path, submission: Path) -> Grade:
    """Score a file against the answers in a prepared competition folder.

    The public part is the 30 % of the ids with the smallest seeded hashes, so that
    it is the same for every submission and every run.

    Raises:
        BadSubmission: in Kaggle's words where they are known, otherwise in the validator's.
    """
    import pandas as pd

    from common.submission.checks import validate
    from common.submission.checks.sample import read_sample
    from common.submission.grading import scores

    format, metric = competition.submission, competition.metric
    sample = folder / sample_name(competition)
    problems = validate(submission, sample, format)
    if problems:
        raise BadSubmission(_in_kaggles_words(problems[0], sample, more=len(problems) - 1))
    truth = pd.read_csv(folder / ANSWERS, dtype=str, keep_default_na=False).set_index(format.id)
    predicted = read_sample(submission, format).set_index(format.id).loc[truth.index]
    size = max(1, round(PUBLIC_FRACTION * len(truth)))
    public = hash_rank(truth.index.to_series(), f"public {competition.slug}") < size
    try:
        parts = [scores(competition, predicted[part], truth[part], metric)[metric] for part in (public, ~public)]
    except MetricError as error:
        raise BadSubmission(f"Evaluation Exception: {error}") from error
    return Grade(*parts)


def _in_kaggles_words(problem: Problem, sample: Path, more: int) -> str:
    text = problem.message
    if problem.rule == "row_count":
        with sample.open(encoding="utf-8", newline="") as file:
            text = f"Submission must have {sum(1 for _ in csv.reader(file)) - 1} rows"
    elif problem.rule == "columns" and "missing" in text:
        text = f"Required column {problem.examples[0]} could not be found"
    return f"Evaluation Exception: {text}" + (f" (and {more} more problems)" if more > 0 else "")
