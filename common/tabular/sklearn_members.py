"""The members that are scikit-learn's: histogram gradient boosting, and a linear model."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.tabular.encoder import Encoded
from common.tabular.goal import Goal
from common.tabular.member import Member, Rows, Stop, TreeMember
from common.tabular.settings import Linear, Network, SmallTrees, Trees

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

TRUSTED = [*estimators.TREES, "common.tabular.sklearn_members.hats", "common.tabular.sklearn_members.near"]
"""All that skops does not know itself."""
MOST_TREES, MOST_SMALL = 3000, 500  # of all classes together; a tree of few rows takes as long as one of many
CURVED = 2_000_000  # cells up to which there is memory for curves
KNOTS = 6  # of a curve
FAR = 5.0  # standard deviations
RIDGE_ROWS = 20_000  # rows up to which a straight line adds something, and its sums take no time


class SklearnMember(Member):
    """Estimators that skops keeps."""

    def predict_one(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        """Return the probabilities of k classes (n, k), or the number (n,), of at least one row."""
        said: NDArray[float64] = estimator.predict_proba(x.x) if k else estimator.predict(x.x)
        return said

    def save_one(self, estimator: Any, path: Path) -> None:
        """Write an estimator."""
        estimators.save(estimator, path.with_suffix(".skops"))

    def read_one(self, path: Path) -> Any:
        """Read what `save_one` wrote."""
        return estimators.load(path.with_suffix(".skops"), TRUSTED)


class HistTrees(TreeMember, SklearnMember):
    """scikit-learn's HistGradientBoosting, which takes gaps and categories as they are."""

    name = "trees"

    def __init__(self, goal: Goal, settings: Trees, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def iterations(self, k: int) -> int:
        """Return how many there are at most: fewer, the more classes have a tree in each."""
        most = MOST_SMALL if isinstance(self.settings, SmallTrees) else MOST_TREES
        return max(10, min(self.settings.max_iter, most // (k if k > 2 else 1)))

    def trees(self, rows: Rows, held: Rows | None, k: int, iterations: int) -> Any:
        """Return boosted trees that stop by a tenth of the rows, if it can hold all classes."""
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from threadpoolctl import threadpool_limits

        settings = self.settings
        stops = held is not None and len(rows.y) >= 1000 and not isinstance(settings, SmallTrees)
        if k:
            stops &= np.bincount(rows.y).min() > 1 and len(rows.y) > 10 * k
        options = {
            "max_iter": iterations,
            # As much in all, in fewer steps, where there are fewer than wished for.
            "learning_rate": min(0.2, settings.learning_rate * self.settings.max_iter / self.iterations(k)),
            "max_leaf_nodes": settings.max_leaf_nodes,
            "min_samples_leaf": min(settings.min_samples_leaf, max(1, len(rows.y) // 20)),
            "l2_regularization": settings.l2_regularization,
            "max_features": settings.max_features,
            "categorical_features": list(rows.x.few) or None,
            "early_stopping": bool(stops),
            "n_iter_no_change": settings.patience,
            "random_state": self.seed,
        }
        loss = "absolute_error" if self.goal.absolute else "squared_error"
        model: Any = (
            HistGradientBoostingClassifier(**options) if k else HistGradientBoostingRegressor(loss=loss, **options)
        )
        # On few rows threads wait for each other longer than they work.
        with threadpool_limits(1 if isinstance(settings, SmallTrees) else None):
            return model.fit(rows.x.x, rows.y)


class LinearMember(SklearnMember):
    """Ridge or logistic regression on curves of the numbers, marks of their gaps, and categories one-hot."""

    name = "linear"

    def __init__(self, goal: Goal, settings: Linear, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return the regression behind its preparation of the columns."""
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.pipeline import make_pipeline

        curves = rows.x.x.size <= CURVED
        model = LogisticRegression(C=self.settings.C, max_iter=300) if k else Ridge(alpha=self.settings.alpha)
        with _unconcerned():
            return make_pipeline(prepared(rows.x, self.seed, curves=curves), model).fit(rows.x.x, rows.y)


class RidgeMember(SklearnMember):
    """Ridge regression on the numbers as they are and categories one-hot, as strongly held back as left-out rows say."""

    name = "ridge"

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return the regression behind its preparation of the columns."""
        import numpy as np
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline

        return make_pipeline(standardised(rows.x), RidgeCV(alphas=np.logspace(-6, 4, 11))).fit(rows.x.x, rows.y)


class NetworkMember(SklearnMember):
    """A small neural network on normal scores of the numbers, and categories one-hot."""

    name = "network"

    def __init__(self, goal: Goal, settings: Network, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return the network behind its preparation of the columns."""
        import numpy as np
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.pipeline import make_pipeline

        settings, n = self.settings, len(rows.y)
        model = (MLPClassifier if k else MLPRegressor)(
            hidden_layer_sizes=settings.layers, alpha=settings.alpha, learning_rate_init=settings.learning_rate,
            batch_size=min(n, max(32, min(512, n // 50))), max_iter=max(5, min(settings.epochs, settings.rows // n)),
            early_stopping=n >= 200 and (not k or bool(np.bincount(rows.y).min() > 1 and n > 10 * k)),
            n_iter_no_change=8, random_state=self.seed,
        )  # fmt: skip
        with _unconcerned():
            return make_pipeline(prepared(rows.x, self.seed, curves=rows.x.x.size <= CURVED), model).fit(
                rows.x.x, rows.y
            )


@contextmanager
def _unconcerned() -> Iterator[None]:
    """Hide that an estimator would go on: closer changes no digit that counts."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def prepared(x: Encoded, seed: int, *, curves: bool) -> Any:
    """Return what makes columns of like scale out of encoded rows: scikit-learn's transformers, not fitted.

    Args:
        x: the rows that it will be fitted to.
        seed: of the rows by which ranks are found.
        curves: whether a number becomes a smooth curve of its rank (straight between knots) instead of a normal score.
    """
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import MissingIndicator, SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, QuantileTransformer, StandardScaler

    known = ~np.isnan(x.x)
    low, high = x.x.min(axis=0, initial=np.inf, where=known), x.x.max(axis=0, initial=-np.inf, where=known)
    numbers = [place for place in np.flatnonzero(low < high).tolist() if place not in set(x.few)]
    ranks = QuantileTransformer(
        n_quantiles=min(500, max(10, len(x) // 10), len(x)), output_distribution="uniform" if curves else "normal",
        subsample=100_000, random_state=seed,
    )  # fmt: skip
    shape = FunctionTransformer(hats) if curves else StandardScaler()
    marks = OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False, dtype=np.float32)
    parts: list[Any] = []
    if numbers:
        parts.append(("numbers", make_pipeline(SimpleImputer(strategy="median"), ranks, shape), numbers))
        if gaps := [place for place in numbers if np.isnan(x.x[:, place]).any()]:
            parts.append(("gaps", MissingIndicator(features="all"), gaps))
    if x.few:
        parts.append(("marks", marks, list(x.few)))
    return ColumnTransformer(parts)


def standardised(x: Encoded) -> Any:
    """Return what makes standard scores of the numbers, no further out than `FAR`, and marks of the categories; not fitted."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    numbers = [place for place in np.flatnonzero(~np.isnan(x.x).all(axis=0)).tolist() if place not in set(x.few)]
    marks = OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False, dtype=np.float32)
    scores = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), FunctionTransformer(near))
    return ColumnTransformer([("numbers", scores, numbers), ("marks", marks, list(x.few))])


def near(scores: NDArray[float64]) -> NDArray[float64]:
    """Return standard scores in full precision, none further out than `FAR`: a row unlike all others shall not bend a line."""
    import numpy as np

    return scores.astype(np.float64).clip(-FAR, FAR)


def hats(ranks: NDArray[float64]) -> NDArray[float64]:
    """Return how near each rank (n, columns), of 0 to 1, is to each knot (n, columns * knots): 1 at it, 0 at the next."""
    import numpy as np

    near: NDArray[float64] = np.maximum(0, 1 - np.abs(ranks[:, :, None] * (KNOTS - 1) - np.arange(KNOTS)))
    return near.reshape(len(ranks), -1)
