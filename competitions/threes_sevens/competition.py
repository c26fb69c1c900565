"""The task's description, and its profiles: those of the digits, for two of them."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.vision.ladder.settings import profiles
from common.vision.settings import SUFFIXES

_ID = Column(name="id", kind="id")
_PICTURE = Column(name="picture", kind="file")

COMPETITION = Competition(
    name="threes_sevens",
    slug="mnist-sample",
    title="MNIST_SAMPLE: threes and sevens",
    summary="Is it a three or a seven?",
    metric="accuracy",
    files=Files(
        # mnist_sample/train/3/1.png, or train/3/1.png; what the layout calls valid is the test set.
        train=Folder(
            folders=("mnist_sample", "train"),
            only=r"(.*/)?train/.*",
            suffixes=SUFFIXES,
            columns=(_ID, _PICTURE, Column(name="digit", kind="category")),
            label="digit",
            labels={r"(?:.*/)?([37])/[^/]+": r"\1"},
        ),
        test=Folder(
            folders=("mnist_sample", "valid"), only=r"(.*/)?valid/.*", suffixes=SUFFIXES, columns=(_ID, _PICTURE)
        ),
        sample_submission=Table(
            file="sample_submission.csv", columns=(_ID, Column(name="digit", kind="category")), optional=True
        ),
    ),
    submission=SubmissionFormat(id="id", targets=("digit",), cell=Cell(kind="label", labels=("3", "7"))),
    split=Split(kind="stratified", n_splits=5, stratify="digit"),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="digit",
    predicts="class",
    inputs=(),
    profiles=profiles("digit"),
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
