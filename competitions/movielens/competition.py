"""The task's description, and its profiles."""

from __future__ import annotations

from common.collab.settings import profiles
from common.competition import (
    Cell,
    Column,
    Competition,
    Files,
    Join,
    Limits,
    Split,
    SubmissionFormat,
    Table,
    columns,
)

_RATED = (*columns("category", "userId", "movieId", may_be_empty=False), Column(name="timestamp", kind="number"))
_SCALE = (0.5, 5.0)
_FILMS = (Join(table=Table(file="movies.csv", columns=columns("text", "title", "genres")), on=("movieId",)),)

COMPETITION = Competition(
    name="movielens",
    slug="ml-latest-small",
    title="MovieLens, the small one",
    summary="How many stars does a viewer give a film?",
    metric="rmse",
    also_report=("mae",),
    files=Files(
        train=Table(
            file="ratings.csv",
            columns=(*_RATED, Column(name="rating", kind="number", low=_SCALE[0], high=_SCALE[1])),
            joined=_FILMS,
        ),
        test=Table(file="test.csv", columns=(Column(name="id", kind="id"), *_RATED), joined=_FILMS),
        sample_submission=Table(
            file="sample_submission.csv",
            columns=(Column(name="id", kind="id"), Column(name="rating", kind="number")),
            optional=True,
        ),
    ),
    submission=SubmissionFormat(id="id", targets=("rating",), cell=Cell(low=_SCALE[0], high=_SCALE[1], clip=True)),
    # The test set is a tenth of the ratings at random, before and after those in training: so are the folds.
    split=Split(kind="random", n_splits=10, seed=42),
    submitted_as="local",
    limits=Limits(session_hours=9, internet=True),
    target="rating",
    inputs=(),  # two viewers of a film, or two films of a viewer, are no duplicates
    profiles=profiles(),
)
