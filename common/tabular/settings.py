"""The settings of the profiles for tables, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass

from common.competition import Config
from common.settings import NonNegativeFloat, PositiveFloat, PositiveInt, Settings


@dataclass(frozen=True, kw_only=True)
class Features(Settings):
    """How columns become numbers."""

    few: PositiveInt = 32
    """Distinct values up to which a category is kept as it is; of more, each value stands for its mean target."""
    smoothing: PositiveFloat = 10.0
    """Rows of the overall mean that are added to those of each value: what a value of one row says is mostly noise."""
    words: PositiveInt = 20_000
    """Words and pairs of words of a column of text that count, the most frequent ones."""
    components: PositiveInt = 16
    """Dimensions in which a text is described beside what a linear model makes of it."""
    alpha: PositiveFloat = 2.0
    """Penalty of that linear model, a ridge regression on words of unit length."""


@dataclass(frozen=True, kw_only=True)
class Trees(Settings):
    """Boosted trees of scikit-learn (HistGradientBoosting)."""

    max_iter: PositiveInt = 300
    """Boosting iterations at most; of several classes each has a tree in every iteration, and there are fewer."""
    learning_rate: PositiveFloat = 0.06
    """Shrinkage of each tree's contribution: at 0.06 some 200 trees are enough, which a minute allows."""
    max_leaf_nodes: PositiveInt = 31
    """Leaves of a tree."""
    min_samples_leaf: PositiveInt = 20
    """Least rows of a leaf."""
    l2_regularization: NonNegativeFloat = 1.0
    """Penalty of large values in small leaves."""
    patience: PositiveInt = 20
    """Iterations without a better loss on a tenth of the rows after which it stops."""


@dataclass(frozen=True, kw_only=True)
class SmallTrees(Trees):
    """The same on few rows: shallower, and slower to trust one."""

    max_iter: PositiveInt = 120
    """So many are always done: a tenth of few rows cannot tell when to stop."""
    learning_rate: PositiveFloat = 0.05
    """Shrinkage of each tree's contribution."""
    max_leaf_nodes: PositiveInt = 8
    """Leaves of a tree: interactions of three columns."""
    l2_regularization: NonNegativeFloat = 5.0
    """Penalty of large values in small leaves."""


@dataclass(frozen=True, kw_only=True)
class Linear(Settings):
    """Ridge or logistic regression on numbers in normal scores, categories one-hot."""

    C: PositiveFloat = 0.1
    """Inverse regularisation strength of the logistic regression."""
    alpha: PositiveFloat = 10.0
    """Penalty of the ridge regression."""


@dataclass(frozen=True, kw_only=True)
class Tabular(Config):
    """What every profile has."""

    features: Features = Features()
    """How columns become numbers."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Tabular):
    """Boosted trees; of a small table a linear model beside them, each weighed on rows that neither has seen."""

    trees: Trees = Trees()
    """Boosted trees."""
    small_trees: SmallTrees = SmallTrees()
    """Boosted trees of few rows."""
    linear: Linear = Linear()
    """The linear model."""
    few_rows: PositiveInt = 2_000
    """Rows below which `small_trees` count."""
    small: PositiveInt = 10_000
    """Rows up to which a table is small: a second opinion costs seconds there, and averages out much chance."""
    bags: PositiveInt = 4
    """Parts of a small table's rows, of which each is left out once: their models are averaged."""


def profiles() -> dict[str, Config]:
    """Return the profiles of a competition of tables, by name."""
    return {
        "sample": Baseline(bags=2, trees=Trees(max_iter=30), small_trees=SmallTrees(max_iter=30)),
        "baseline": Baseline(),
    }
