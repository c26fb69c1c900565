"""The competition's description, as `kit new` found it; README.md has the evidence."""

from __future__ import annotations

from common.competition import Cell, Column, Competition, Files, Limits, Split, SubmissionFormat, Table, columns
from common.tabular.settings import profiles

_ID = Column(name="PassengerId", kind="id")
_FEATURES = (
    *columns("number", "Age", "RoomService", "FoodCourt", "ShoppingMall", "Spa", "VRDeck"),
    *columns("category", "HomePlanet", "CryoSleep", "Cabin", "Destination", "VIP"),
    *columns("text", "Name"),
)

COMPETITION = Competition(
    name="spaceship_titanic",
    slug="spaceship-titanic",
    title="Spaceship Titanic",
    summary="Predict classes: Transported.",
    metric="accuracy",
    files=Files(
        train=Table(
            file="train.csv",
            columns=(_ID, *_FEATURES, Column(name="Transported", kind="category")),
        ),
        test=Table(file="test.csv", columns=(_ID, *_FEATURES)),
        sample_submission=Table(file="sample_submission.csv", columns=(_ID, *columns("text", "Transported"))),
    ),
    submission=SubmissionFormat(
        id="PassengerId",
        targets=("Transported",),
        cell=Cell(kind="label", labels=("False", "True")),
    ),
    split=Split(kind="stratified_group", group="PassengerId", group_before="_", stratify="Transported"),
    submitted_as="csv",
    limits=Limits(session_hours=9.0, internet=True),
    target="Transported",
    inputs=tuple(column.name for column in _FEATURES),
    profiles=profiles(),
    predicts="class",
)
