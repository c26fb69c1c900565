"""The competition's description, and its profiles: a rung of the course's ladder each."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Limits, Split, SubmissionFormat, Table
from common.vision.ladder.settings import profiles

_LABELS = tuple("0123456789")

COMPETITION = Competition(
    name="digits",
    slug="digit-recognizer",
    title="Digit Recognizer",
    summary="Which digit is it?",
    metric="accuracy",
    files=Files(
        train=Table(file="train.csv", columns=(Column(name="label", kind="category"),)),
        # A row's number is its id, counted from 1; no column holds it.
        test=Table(file="test.csv", columns=(Column(name="ImageId", kind="id", counted_from=1),)),
        sample_submission=Table(
            file="sample_submission.csv",
            columns=(Column(name="ImageId", kind="id"), Column(name="Label", kind="category")),
        ),
    ),
    submission=SubmissionFormat(id="ImageId", targets=("Label",), cell=Cell(kind="label", labels=_LABELS)),
    split=Split(kind="stratified", n_splits=5, stratify="label"),
    submitted_as="csv",
    limits=Limits(session_hours=9, internet=True, daily_submissions=5),
    target="label",
    predicts="class",
    inputs=(),
    profiles=profiles("label", classes=10),
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
