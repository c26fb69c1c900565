"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.vision.settings import DUPLICATE_GROUP, SUFFIXES, profiles

_ID = Column(name="id", kind="id")
_PICTURE = Column(name="picture", kind="file")
_LABEL = Column(name="label", kind="number", low=0, high=1)

COMPETITION = Competition(
    name="pets",
    slug="dogs-vs-cats-redux-kernels-edition",
    title="Dogs vs. Cats Redux: Kernels Edition",
    summary="Is it a dog (1) or a cat (0)?",
    metric="log_loss",
    also_report=("error_rate",),
    files=Files(
        train=Folder(
            folders=("train", "images"),
            suffixes=SUFFIXES,
            columns=(_ID, _PICTURE, _LABEL),
            label="label",
            labels={
                r"(?:.*/)?(?i:cat)[._]\d+": "0",
                r"(?:.*/)?(?i:dog)[._]\d+": "1",
                # The Oxford-IIIT Pet Dataset names a picture by its breed; cats have a capital.
                r"(?:.*/)?[A-Z]\w*_\d+": "0",
                r"(?:.*/)?[a-z]\w*_\d+": "1",
            },
        ),
        test=Folder(folders=("test",), suffixes=SUFFIXES, columns=(_ID, _PICTURE)),
        sample_submission=Table(file="sample_submission.csv", columns=(_ID, Column(name="label", kind="number"))),
    ),
    # Log loss knows no limit for a certain mistake, so no prediction is ever certain.
    submission=SubmissionFormat(id="id", targets=("label",), cell=Cell(low=1e-5, high=1 - 1e-5, clip=True)),
    # Both data sets hold the same picture more than once; what looks alike stays in one fold.
    split=Split(kind="stratified_group", n_splits=5, group=DUPLICATE_GROUP, stratify="label"),
    submitted_as="csv",
    limits=Limits(session_hours=9, internet=True, daily_submissions=5),
    target="label",
    inputs=(),  # a file's path says nothing; near duplicates are found by their pixels
    profiles=profiles("label"),
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
