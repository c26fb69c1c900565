"""The members that are scikit-learn's: histogram gradient boosting, and a linear model."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.tabular.encoder import Encoded
from common.tabular.goal import Goal
from common.tabular.member import Member, Rows, Stop
from common.tabular.settings import Linear, SmallTrees, Trees

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

# All that skops does not know itself: trees, how they check codes of categories, and types of numbers.
TRUSTED = [
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "functools.partial",
    "sklearn.utils.validation.check_array", "numpy.dtype",
]  # fmt: skip
TRIED = 3  # iterations by which the time of all is told
MOST_TREES = 3000  # of all classes together


class SklearnMember(Member):
    """Estimators that skops keeps."""

    def predict_one(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        """Return the probabilities of k classes (n, k), or the number (n,)."""
        import numpy as np

        if not len(x):
            return np.empty((0, k)) if k else np.empty(0)
        said: NDArray[float64] = estimator.predict_proba(x.x) if k else estimator.predict(x.x)
        return said

    def save_one(self, estimator: Any, path: Path) -> None:
        """Write an estimator."""
        estimators.save(estimator, path.with_suffix(".skops"))

    def read_one(self, path: Path) -> Any:
        """Read what `save_one` wrote."""
        return estimators.load(path.with_suffix(".skops"), TRUSTED)


class HistTrees(SklearnMember):
    """scikit-learn's HistGradientBoosting, which takes gaps and categories as they are."""

    name = "trees"

    def __init__(self, goal: Goal, settings: Trees, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return boosted trees that stop by a tenth of the rows, if it can hold all classes."""
        import numpy as np

        stops = len(rows.y) >= 1000 and not isinstance(self.settings, SmallTrees)
        if k:
            stops &= np.bincount(rows.y).min() > 1 and len(rows.y) > 10 * k
        return self._trees(
            rows, k, self._iterations(k), early_stopping=bool(stops), n_iter_no_change=self.settings.patience
        )

    def seconds(self, x: Encoded, targets: NDArray[Any]) -> float:
        """Return how long all trees take, from the first ones of one output."""
        import numpy as np

        codes, k = targets[:, 0], 0
        if self.goal.classifies:
            present, codes = np.unique(codes, return_inverse=True)
            if (k := len(present)) < 2:
                return 0.0
        spent = []
        for iterations in (1, 1 + TRIED):  # the first one carries what is done once
            started = time.monotonic()
            self._trees(Rows(x, codes), k, iterations, early_stopping=False)
            spent.append(time.monotonic() - started)
        return float(max(spent[1] - spent[0], 0) / TRIED * self._iterations(k) * targets.shape[1])

    def _iterations(self, k: int) -> int:
        return max(10, min(self.settings.max_iter, MOST_TREES // (k if k > 2 else 1)))

    def _trees(self, rows: Rows, k: int, iterations: int, **more: Any) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        settings = self.settings
        options = {
            "max_iter": iterations,
            "learning_rate": settings.learning_rate,
            "max_leaf_nodes": settings.max_leaf_nodes,
            "min_samples_leaf": min(settings.min_samples_leaf, max(1, len(rows.y) // 20)),
            "l2_regularization": settings.l2_regularization,
            "categorical_features": list(rows.x.few) or None,
            "random_state": self.seed,
            **more,
        }
        if k:
            return HistGradientBoostingClassifier(**options).fit(rows.x.x, rows.y)
        loss = "absolute_error" if self.goal.absolute else "squared_error"
        return HistGradientBoostingRegressor(loss=loss, **options).fit(rows.x.x, rows.y)


class LinearMember(SklearnMember):
    """Ridge or logistic regression on normal scores of the numbers, marks of their gaps, and categories one-hot."""

    name = "linear"

    def __init__(self, goal: Goal, settings: Linear, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def fit_one(self, rows: Rows, held: Rows, k: int) -> Any:
        """Return the regression behind its preparation of the columns."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression, Ridge
        from sklearn.pipeline import make_pipeline

        model = LogisticRegression(C=self.settings.C, max_iter=500) if k else Ridge(alpha=self.settings.alpha)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # closer changes no digit that counts
            return make_pipeline(*preparation(rows.x, self.seed), model).fit(rows.x.x, rows.y)


def preparation(x: Encoded, seed: int) -> list[Any]:
    """Return what makes columns of like scale out of encoded rows: scikit-learn's transformers, not fitted."""
    import numpy as np
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, StandardScaler

    numbers = [place for place in range(x.x.shape[1]) if place not in set(x.few)]
    scores = make_pipeline(
        # A column without any number in these rows is no column for it.
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        QuantileTransformer(
            n_quantiles=min(500, max(10, len(x) // 10), len(x)),
            output_distribution="normal",
            subsample=100_000,
            random_state=seed,
        ),
        StandardScaler(),
    )
    marks = OneHotEncoder(handle_unknown="ignore", min_frequency=2, sparse_output=False, dtype=np.float32)
    parts = [("numbers", scores, numbers)] if numbers else []
    return [ColumnTransformer([*parts, *([("marks", marks, list(x.few))] if x.few else [])])]
