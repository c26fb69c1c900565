"""The competition's description, and its profiles with the reason for every setting."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Folder, Join, Limits, Split, SubmissionFormat, Table
from common.vision.segmentation.settings import Otsu, Unet, UnetCourse, profiles

_ID = Column(name="ImageId", kind="id")
_PICTURE = Column(name="picture", kind="file")
_MASKS = Column(name="EncodedPixels", kind="text", may_be_empty=True)
_ONLY = (
    r".*images/[^/]+"  # Kaggle's archive has a folder of masks beside that of each picture, which the table has, too
)

COMPETITION = Competition(
    name="nuclei",
    slug="data-science-bowl-2018",
    title="2018 Data Science Bowl",
    summary="Where is each nucleus in a picture of a microscope?",
    metric="object_precision",
    files=Files(
        train=Folder(
            folders=("stage1_train",),
            suffixes=(".png",),
            columns=(_ID, _PICTURE),
            only=_ONLY,
            joined=(
                Join(
                    table=Table(
                        file="stage1_train_labels.csv", columns=(Column(name="ImageId", kind="category"), _MASKS)
                    ),
                    on=("ImageId",),
                    gathered=";",
                ),
            ),
        ),
        test=Folder(folders=("stage1_test",), suffixes=(".png",), columns=(_ID, _PICTURE), only=_ONLY),
        sample_submission=Table(file="stage1_sample_submission.csv", columns=(_ID, _MASKS)),
    ),
    submission=SubmissionFormat(
        id="ImageId",
        targets=("EncodedPixels",),
        cell=Cell(kind="mask", along="columns", first=1, objects=True, may_be_empty=True),
    ),
    split=Split(kind="random", n_splits=5),
    submitted_as="csv",
    limits=Limits(session_hours=9, internet=True, daily_submissions=5),
    target="EncodedPixels",
    inputs=(),
    predicts="masks",
    profiles=profiles(
        Split(kind="random", n_splits=2),
        baseline=Otsu(),
        course=UnetCourse(size=(256, 256)),
        best=Unet(upside_down=True),
    ),
)
