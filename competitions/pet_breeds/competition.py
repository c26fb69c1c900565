"""The task's description, and its profiles: those of the cats and dogs, for 37 classes."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.vision.settings import DUPLICATE_GROUP, SUFFIXES, profiles
from competitions.pet_breeds.breeds import BREEDS

_ID = Column(name="id", kind="id")
_PICTURE = Column(name="picture", kind="file")

COMPETITION = Competition(
    name="pet_breeds",
    slug="oxford-iiit-pet",
    title="The Oxford-IIIT Pet Dataset: breeds",
    summary="Which of 37 breeds of cats and dogs is it?",
    metric="log_loss",
    also_report=("accuracy",),
    files=Files(
        train=Folder(
            folders=("images_37_breeds_train", "train", "images"),
            suffixes=SUFFIXES,
            columns=(_ID, _PICTURE, Column(name="breed", kind="category")),
            label="breed",
            labels={rf"(?:.*/)?({'|'.join(BREEDS)})_\d+": r"\1"},
        ),
        test=Folder(folders=("images_37_breeds_test", "test"), suffixes=SUFFIXES, columns=(_ID, _PICTURE)),
        sample_submission=Table(
            file="sample_submission.csv",
            columns=(_ID, *(Column(name=breed, kind="number") for breed in BREEDS)),
            optional=True,
        ),
    ),
    submission=SubmissionFormat(id="id", targets=BREEDS, cell=Cell(low=0, high=1), rows_sum_to=1.0, normalise=True),
    # The data set holds the same picture more than once; what looks alike stays in one fold.
    split=Split(kind="stratified_group", n_splits=5, group=DUPLICATE_GROUP, stratify="breed"),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="breed",
    inputs=(),  # a file's path says nothing; near duplicates are found by their pixels
    profiles=profiles("breed"),
    packages=("skops>=0.13", "prettytable>=3"),  # to keep the baseline; the networks need nothing
)
