"""The settings of the profiles for ratings, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Interval

from common.competition import Config, Split
from common.settings import NonNegativeFloat, PositiveFloat, PositiveInt, Settings


@dataclass(frozen=True, kw_only=True)
class Shrinkage(Settings):
    """How little few ratings count."""

    users: NonNegativeFloat = 5.0
    """Ratings of a user that is like all others, added to those of each; 3 and 8 were hardly worse."""
    items: NonNegativeFloat = 3.0
    """The same for an item; most have fewer than that many ratings."""


@dataclass(frozen=True, kw_only=True)
class Collab(Config):
    """What every profile has: the biases, by which unknown users and items are answered."""

    biases: Shrinkage = Shrinkage()
    """How little few ratings count."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Collab):
    """A mean, users' and items' biases; numpy only."""


@dataclass(frozen=True, kw_only=True)
class Course(Collab):
    """The course's recipe: `collab_learner(dls, y_range=(0.5, 5.5)).fine_tune(10)`."""

    factors: PositiveInt = 50
    """Numbers that describe a user and an item; 50 is fastai's default."""
    above: NonNegativeFloat = 0.5
    """By how much the sigmoid's range exceeds the scale at its upper end, which it would never reach otherwise."""
    epochs: PositiveInt = 10
    """Epochs after the first, with which `fine_tune` begins."""
    learning_rate: PositiveFloat = 2e-3
    """Base learning rate of `fine_tune`; 2e-3 is fastai's default."""
    batch_size: PositiveInt = 64
    """Ratings in a training batch, fastai's default."""


@dataclass(frozen=True, kw_only=True)
class Factors(Settings):
    """Users and items as vectors whose product is what biases leave unsaid, by alternating least squares."""

    size: PositiveInt = 8
    """Numbers that describe a user and an item."""
    penalty: PositiveFloat = 18.0
    """Of large ones: at 8 few ratings are learnt by heart, and the factors are worse than the biases alone."""
    rounds: PositiveInt = 8
    """Of users and items in turn."""


@dataclass(frozen=True, kw_only=True)
class Tastes(Settings):
    """Variances of what a user's ratings have in common, after the items' biases, for a Gaussian process of each user."""

    user: PositiveFloat = 0.15
    """Shared by all ratings of a user."""
    labels: NonNegativeFloat = 0.1
    """Shared by items of the same labels."""
    factors: NonNegativeFloat = 3.0
    """Times that of the factors: shared by items that others rate alike."""
    year: NonNegativeFloat = 0.06
    """Shared by items of the same time."""
    years: PositiveFloat = 8.0
    """How far apart those may be."""
    session: NonNegativeFloat = 0.2
    """Shared by ratings of one sitting: who is in good mood, or lists what he likes, does so for a while."""
    session_days: PositiveFloat = 0.02
    """How far apart those may be: half an hour."""
    drift: NonNegativeFloat = 0.06
    """Shared by ratings of the same months."""
    drift_days: PositiveFloat = 60.0
    """How far apart those may be."""
    noise: PositiveFloat = 0.6
    """What no two ratings share."""


@dataclass(frozen=True, kw_only=True)
class Trees(Settings):
    """LightGBM's trees on all that is known of a rating."""

    iterations: PositiveInt = 500
    """Boosting iterations."""
    learning_rate: PositiveFloat = 0.03
    """Shrinkage of each tree's contribution."""
    num_leaves: PositiveInt = 31
    """Leaves of a tree."""
    min_data_in_leaf: PositiveInt = 100
    """Least rows of a leaf: what biases and tastes leave is mostly noise."""
    fraction: Annotated[float, Interval(gt=0, le=1)] = 0.5
    """Fraction of the features that each tree sees; of the rows it sees 0.8."""
    l2: NonNegativeFloat = 10.0
    """Penalty of large values in small leaves."""


@dataclass(frozen=True, kw_only=True)
class Best(Collab):
    """Our recipe: biases, factors, tastes, neighbours in time and what an item is, in boosted trees."""

    factors: Factors = Factors()
    """Users and items as vectors."""
    tastes: Tastes = Tastes()
    """What a user's other ratings say."""
    trees: Trees = Trees()
    """What makes one number of it."""
    parts: Annotated[int, Ge(2)] = 5
    """Parts of the training rows, of which each is described by the others alone, as new rows will be."""


LAST = "last_of_user"  # the column of folds in which each user's last ratings validate


def profiles() -> dict[str, Config]:
    """Return the profiles of a competition of ratings, by name."""
    return {
        "sample": Best(
            factors=Factors(size=2, rounds=3), trees=Trees(iterations=30, min_data_in_leaf=5), parts=3,
            split=Split(kind="random", n_splits=2),
        ),
        "baseline": Baseline(),
        "course": Course(split=Split(kind="random", holdout=0.2, seed=42)),
        "best": Best(),
    }  # fmt: skip
