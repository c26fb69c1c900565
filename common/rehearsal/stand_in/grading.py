"""Score a submission as Kaggle does: the metric on a public and a private part of the hidden labels."""

from __future__ import annotations

import csv
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import Competition
from common.errors import MetricError
from common.rehearsal.stand_in.hidden import ANSWERS, hash_rank, sample_name

if TYPE_CHECKING:
    from pandas import DataFrame, Series

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
    from common.submission.checks import errors, validate
    from common.submission.checks.sample import read_sample
    from common.submission.grading import scores
    from common.submission.shape import together

    format, metric = competition.submission, competition.metric
    sample = folder / sample_name(competition)
    if problems := errors(validate(submission, sample, format, metric)):
        raise BadSubmission(_in_kaggles_words(problems[0], sample, more=len(problems) - 1))
    truth, public = _answers(competition, folder)
    predicted = together(read_sample(submission, format), format).set_index(format.id).loc[truth.index]
    try:
        parts = [scores(competition, predicted[part], truth[part], metric)[metric] for part in (public, ~public)]
    except MetricError as error:
        raise BadSubmission(f"Evaluation Exception: {error}") from error
    return Grade(*parts)


def benchmarks(competition: Competition, folder: Path) -> dict[str, float]:
    """Return what stands on a board before anybody submits: public scores of answers that are partly mixed up."""
    import numpy as np

    from common.submission.grading import scores

    truth, public = _answers(competition, folder)
    truth, board = truth[public], {}
    for every in (4, 2, 1):
        mixed, taken = truth.copy(), np.arange(0, len(truth), every)
        mixed.iloc[taken] = truth.iloc[(taken + 1) % len(truth)].to_numpy()
        with suppress(MetricError):  # the same value for every row, for some metrics
            score = scores(competition, mixed, truth, competition.metric)[competition.metric]
            board[f"benchmark: 1 answer in {every} is the next row's"] = score
    return board


def _answers(competition: Competition, folder: Path) -> tuple[DataFrame, Series[bool]]:
    """Return the answers by id, and which of them are public."""
    import pandas as pd

    from common.submission.shape import together

    format = competition.submission
    rows = pd.read_csv(folder / ANSWERS, dtype=str, keep_default_na=False)
    truth = together(rows, format).set_index(format.id)
    size = max(1, round(PUBLIC_FRACTION * len(truth)))
    return truth, hash_rank(truth.index.to_series(), f"public {competition.slug}") < size


def _in_kaggles_words(problem: Problem, sample: Path, more: int) -> str:
    text = problem.message
    if problem.rule == "row_count":
        with sample.open(encoding="utf-8", newline="") as file:
            text = f"Submission must have {sum(1 for _ in csv.reader(file)) - 1} rows"
    elif problem.rule == "columns" and "missing" in text:
        text = f"Required column {problem.examples[0]} could not be found"
    return f"Evaluation Exception: {text}" + (f" (and {more} more problems)" if more > 0 else "")
