"""The task's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Limits, Split, SubmissionFormat, Table
from common.vision.segmentation.settings import Colours, Unet, UnetCourse, profiles

CODES = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist", "Void",
)  # fmt: skip

_ID = Column(name="id", kind="id")
_PICTURE = Column(name="picture", kind="file")
VALID = "of_valid"  # the column that is 0 for frames that valid.txt lists, -1 for all others
_AFTER = "_P"  # what the name of a mask has after that of its picture

COMPETITION = Competition(
    name="camvid",
    slug="camvid",
    title="CamVid: street scenes",
    summary="What is each pixel of a street scene?",
    metric="pixel_accuracy",
    also_report=("pixel_iou",),
    files=Files(
        train=Folder(
            folders=("images",),
            suffixes=(".jpg", ".png"),
            columns=(_ID, _PICTURE),
            files=Folder(
                folders=("labels", "labels_train"),
                suffixes=(".png",),
                columns=(Column(name="name", kind="id"), Column(name="mask", kind="file")),
                after_id=_AFTER,
            ),
        ),
        test=Folder(folders=("test_images",), suffixes=(".jpg", ".png"), columns=(_ID, _PICTURE)),
        sample_submission=Table(
            file="sample_submission.csv",
            columns=(_ID, Column(name="mask", kind="text", may_be_empty=True)),
            optional=True,
        ),
        extra={VALID: Table(file="valid.txt", columns=(), optional=True)},
    ),
    submission=SubmissionFormat(
        id="id",
        targets=("mask",),
        cell=Cell(kind="pixels", labels=CODES, void="Void", after_id=_AFTER),
        file_name="submission.zip",
    ),
    # A name begins with its sequence, of which every frame looks like the one before: a sequence is in one fold.
    split=Split(kind="group", n_splits=3, group="id", group_before="_"),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="mask",
    inputs=(),
    predicts="masks",
    profiles=profiles(
        Split(kind="group", n_splits=2, group="id", group_before="_"),
        baseline=Colours(),
        course=UnetCourse(split=Split(kind="random", holdout=0.2, seed=42)),
        best=Unet(longest=240, window=160),
    ),
)
