"""The task's description, and its profiles: those of all pictures, the course's as its first lesson has it."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.vision.settings import DUPLICATE_GROUP, SUFFIXES, Course, Thumbnails, profiles

_ID = Column(name="id", kind="id")
_PICTURE = Column(name="picture", kind="file")
_LABEL = Column(name="is_bird", kind="number", low=0, high=1)

COMPETITION = Competition(
    name="birds",
    slug="is-it-a-bird",
    title="Is it a bird?",
    summary="How likely is it a bird, from your own pictures in two folders?",
    metric="log_loss",
    also_report=("error_rate",),
    files=Files(
        train=Folder(
            folders=("train",),
            suffixes=SUFFIXES,
            columns=(_ID, _PICTURE, _LABEL),
            label="is_bird",
            # The parent's name is the label: bird/ or not.
            labels={r"(?:.*/)?bird/[^/]+": "1", r"(?:.*/)?[^/]+/[^/]+": "0"},
        ),
        test=Folder(folders=("test",), suffixes=SUFFIXES, columns=(_ID, _PICTURE)),
        sample_submission=Table(
            file="sample_submission.csv", columns=(_ID, Column(name="is_bird", kind="number")), optional=True
        ),
    ),
    submission=SubmissionFormat(id="id", targets=("is_bird",), cell=Cell(low=1e-4, high=1 - 1e-4, clip=True)),
    # Who collects pictures by searching finds some twice; what looks alike stays in one fold.
    split=Split(kind="stratified_group", n_splits=5, group=DUPLICATE_GROUP, stratify="is_bird"),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="is_bird",
    inputs=(),  # a file's path says nothing; near duplicates are found by their pixels
    profiles={
        **profiles("is_bird"),
        "baseline": Thumbnails(size=64, cell=8),
        "course": Course(
            backbone="resnet18",
            size=192,
            resize="squish",
            epochs=3,
            batch_size=32,
            split=Split(kind="random", holdout=0.2, seed=42),
        ),
    },
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
