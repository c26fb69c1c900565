"""The task's description, and its profiles."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Limits, Split, SubmissionFormat, Table, columns
from common.tabular.settings import Course, profiles

# As in the course: these nine of the fourteen columns, three epochs at fastai's own rate, a fifth of the rows held out.
_COURSE = Course(
    columns=(
        "workclass", "education", "marital-status", "occupation", "relationship", "race", "age", "fnlwgt", "education-num",
    ),
    epochs=3, learning_rate=1e-3, split=Split(kind="random", holdout=0.2, seed=42),
)  # fmt: skip
# Words begin with a blank in both files, and stay as they are; what is unknown is " ?".
_WORDS = columns(
    "category",
    "workclass",
    "education",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native-country",
)
_NUMBERS = columns("number", "age", "fnlwgt", "education-num", "capital-gain", "capital-loss", "hours-per-week")
_LABELS = ("<50k", ">=50k")

COMPETITION = Competition(
    name="adult",
    slug="adult-sample",
    title="Adult: census incomes",
    summary="Does somebody earn 50,000 dollars a year or more?",
    metric="accuracy",
    files=Files(
        train=Table(file="adult.csv", columns=(*_NUMBERS, *_WORDS, Column(name="salary", kind="category"))),
        test=Table(file="test.csv", columns=(Column(name="id", kind="id"), *_NUMBERS, *_WORDS)),
        sample_submission=Table(
            file="sample_submission.csv",
            columns=(Column(name="id", kind="id"), Column(name="salary", kind="category")),
            optional=True,
        ),
    ),
    submission=SubmissionFormat(id="id", targets=("salary",), cell=Cell(kind="label", labels=_LABELS)),
    split=Split(kind="stratified", n_splits=5, stratify="salary"),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="salary",
    predicts="class",
    inputs=tuple(column.name for column in (*_NUMBERS, *_WORDS)),
    profiles={**profiles(), "course": _COURSE},
    packages=("skops>=0.13", "prettytable>=3"),  # to keep models of scikit-learn
)
