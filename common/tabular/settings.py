"""The settings of the profiles for tables, with the reason for every value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Interval

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
    max_features: Annotated[float, Interval(gt=0, le=1)] = 0.5
    """Fraction of the columns that each split may choose from: trees that differ more average better."""
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
    """Ridge or logistic regression on curves of the numbers, categories one-hot."""

    C: PositiveFloat = 1.0
    """Inverse regularisation strength of the logistic regression."""
    alpha: PositiveFloat = 10.0
    """Penalty of the ridge regression."""


@dataclass(frozen=True, kw_only=True)
class Tabular(Config):
    """What every profile has."""

    features: Features = Features()
    """How columns become numbers."""


@dataclass(frozen=True, kw_only=True)
class Blend(Tabular):
    """What is blended whatever else is."""

    trees: Trees = Trees()
    """Boosted trees."""
    small_trees: SmallTrees = SmallTrees()
    """Boosted trees of few rows."""
    linear: Linear = Linear()
    """The linear model."""
    few_rows: PositiveInt = 2_000
    """Rows below which `small_trees` count."""


@dataclass(frozen=True, kw_only=True)
class Baseline(Blend):
    """Boosted trees; of a small table a linear model beside them, each weighed on rows that neither has seen."""

    small: PositiveInt = 10_000
    """Rows up to which a table is small: a second opinion costs seconds there, and averages out much chance."""
    bags: PositiveInt = 4
    """Parts of a small table's rows, of which each is left out once: their models are averaged."""
    cells: PositiveInt = 10_000_000
    """Numbers in all bags together, up to which so many take little time; of a wider table there are fewer."""


@dataclass(frozen=True, kw_only=True)
class Course(Config):
    """The course's recipe: `tabular_learner(dls, layers=[200, 100])` and `fit_one_cycle`."""

    columns: tuple[str, ...] = ()
    """Columns that the network sees; none: all."""
    layers: tuple[PositiveInt, ...] = (200, 100)
    """Units of each hidden layer; 200 and 100 in the course."""
    epochs: PositiveInt = 10
    """Passes over the rows; small tables need more than the course's 5."""
    learning_rate: PositiveFloat = 3e-3
    """Highest learning rate of the cycle; what the course's learning-rate finder suggests lies near it."""
    batch_size: PositiveInt = 64
    """Rows in a training batch, fastai's default; in more than 2,000 batches an epoch they are larger."""
    checkpoint_minutes: NonNegativeFloat = 10.0
    """Minutes between checkpoints: what a kill inside a fold costs at most."""


@dataclass(frozen=True, kw_only=True)
class LightGBM(Settings):
    """Trees that grow leaf by leaf."""

    iterations: PositiveInt = 3000
    """Boosting iterations at most; the rows held out say when to stop."""
    learning_rate: PositiveFloat = 0.03
    """Shrinkage of each tree's contribution; lower is hardly better and takes as much longer."""
    num_leaves: PositiveInt = 31
    """Leaves of a tree; fewer where there are fewer than 50 rows for each."""
    min_data_in_leaf: PositiveInt = 20
    """Least rows of a leaf."""
    fraction: Annotated[float, Interval(gt=0, le=1)] = 0.8
    """Fraction of the rows, and of the columns, that each tree sees."""
    l2: NonNegativeFloat = 1.0
    """Penalty of large values in small leaves."""
    patience: PositiveInt = 100
    """Iterations without a better loss on the rows held out after which it stops."""


@dataclass(frozen=True, kw_only=True)
class CatBoost(Settings):
    """Symmetric trees, with statistics of categories that no row's own target is in."""

    iterations: PositiveInt = 1500
    """Boosting iterations at most; the rows held out say when to stop."""
    learning_rate: PositiveFloat | None = None
    """Shrinkage of each tree's contribution; none: what CatBoost takes for so many rows and iterations."""
    depth: Annotated[int, Interval(ge=1, le=12)] = 6
    """Splits from the root of a tree to its leaves."""
    l2: NonNegativeFloat = 3.0
    """Penalty of large values in small leaves."""
    combined: Annotated[int, Interval(ge=1, le=4)] = 2
    """Categories that are combined at most; 4 is CatBoost's own and takes far longer."""
    patience: PositiveInt = 80
    """Iterations without a better loss on the rows held out after which it stops."""


@dataclass(frozen=True, kw_only=True)
class Network(Settings):
    """A small neural network of scikit-learn, which sees what trees do not: smooth sums of many columns."""

    layers: tuple[PositiveInt, ...] = (128, 64)
    """Units of each hidden layer."""
    alpha: NonNegativeFloat = 0.1
    """Penalty of large weights."""
    learning_rate: PositiveFloat = 1e-3
    """Of Adam."""
    epochs: PositiveInt = 60
    """Passes over the rows at most."""
    rows: PositiveInt = 4_000_000
    """Rows that it is shown at most in all epochs together: its time hardly depends on how many there are."""


@dataclass(frozen=True, kw_only=True)
class Best(Blend):
    """Boosted trees of two libraries, a network and a linear model, blended by weights from rows that none has seen."""

    lightgbm: LightGBM = LightGBM()
    """LightGBM."""
    catboost: CatBoost = CatBoost()
    """CatBoost."""
    network: Network = Network()
    """A small neural network."""
    bags: PositiveInt = 5
    """Parts of the rows, of which each is left out once: the models of a kind are averaged. 8 was hardly better."""
    cells: PositiveInt = 40_000_000
    """Numbers in all bags together, up to which memory and time allow so many; of a larger table there are fewer."""
    minutes: PositiveFloat = 30.0
    """For all folds together; what there is no time for is left out, and said."""


def profiles() -> dict[str, Config]:
    """Return the profiles of a competition of tables, by name."""
    return {
        "sample": Baseline(bags=2, trees=Trees(max_iter=30), small_trees=SmallTrees(max_iter=30)),
        "baseline": Baseline(),
        "course": Course(),
        "best": Best(),
    }
