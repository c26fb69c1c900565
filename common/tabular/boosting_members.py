"""The members of two libraries for gradient boosting, LightGBM and CatBoost: both stop by the rows held out, and in time.

Sources: Ke et al., "LightGBM: A Highly Efficient Gradient Boosting Decision Tree" (2017); Prokhorenkova et al., "CatBoost:
unbiased boosting with categorical features" (2018).
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.environment import threads
from common.tabular.encoder import Encoded
from common.tabular.goal import Goal
from common.tabular.member import Rows, Stop, TreeMember
from common.tabular.settings import CatBoost, LightGBM

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


class LightTrees(TreeMember):
    """LightGBM's trees, which grow leaf by leaf."""

    name = "lightgbm"

    def __init__(self, goal: Goal, settings: LightGBM, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def iterations(self, k: int) -> int:
        """Return how many there are at most."""
        return self.settings.iterations

    def predict_one(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        """Return the probabilities of k classes (n, k), or the number (n,), of at least one row."""
        import numpy as np

        said: NDArray[float64] = estimator.predict(x.x, num_threads=threads())
        return np.column_stack((1 - said, said)) if k == 2 else said

    def save_one(self, estimator: Any, path: Path) -> None:
        """Write LightGBM's own text."""
        path.with_suffix(".txt").write_text(estimator.model_to_string(), encoding="utf-8")

    def read_one(self, path: Path) -> Any:
        """Read what `save_one` wrote."""
        import lightgbm

        return lightgbm.Booster(model_str=path.with_suffix(".txt").read_text(encoding="utf-8"))

    def trees(self, rows: Rows, held: Rows | None, k: int, iterations: int) -> Any:
        """Return boosted trees, as many as are best for the rows held out."""
        import lightgbm

        settings, n = self.settings, len(rows.y)
        loss = ("multiclass" if k > 2 else "binary") if k else "regression_l1" if self.goal.absolute else "regression"
        options = {
            "objective": loss, "learning_rate": settings.learning_rate, "num_leaves": min(settings.num_leaves, max(4, n // 50)),
            "min_data_in_leaf": min(settings.min_data_in_leaf, max(2, n // 20)), "feature_fraction": settings.fraction,
            "bagging_fraction": settings.fraction, "bagging_freq": 1, "lambda_l2": settings.l2, "seed": self.seed,
            "num_threads": threads(), "deterministic": True, "force_row_wise": True, "verbosity": -1,
            **({"num_class": k} if k > 2 else {}),
        }  # fmt: skip

        def in_time(now: Any) -> None:
            if self.stop():
                raise lightgbm.callback.EarlyStopException(now.iteration, now.evaluation_result_list or [])

        given = {"categorical_feature": list(rows.x.few), "free_raw_data": True, "params": {"verbosity": -1}}
        data = lightgbm.Dataset(rows.x.x, rows.y, **given)
        calls, watched = [in_time], []
        if held is not None and len(held.y):
            watched = [lightgbm.Dataset(held.x.x, held.y, reference=data, **given)]
            calls.append(lightgbm.early_stopping(settings.patience, verbose=False))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of settings that it finds twice
            return lightgbm.train(options, data, iterations, valid_sets=watched, callbacks=calls)


class CatTrees(TreeMember):
    """CatBoost's symmetric trees, which count categories in an order in which no row sees its own target."""

    name = "catboost"

    def __init__(self, goal: Goal, settings: CatBoost, seed: int, stop: Stop) -> None:
        super().__init__(goal, seed, stop)
        self.settings = settings

    def iterations(self, k: int) -> int:
        """Return how many there are at most."""
        return self.settings.iterations

    def predict_one(self, estimator: Any, x: Encoded, k: int) -> NDArray[float64]:
        """Return the probabilities of k classes (n, k), or the number (n,), of at least one row."""
        pool = self._columns(x)
        said: NDArray[float64] = (
            estimator.predict(pool, prediction_type="Probability", thread_count=threads())
            if k
            else estimator.predict(pool, thread_count=threads())
        )
        return said

    def save_one(self, estimator: Any, path: Path) -> None:
        """Write CatBoost's own format."""
        estimator.save_model(str(path.with_suffix(".cbm")))

    def read_one(self, path: Path) -> Any:
        """Read what `save_one` wrote."""
        from catboost import CatBoost as Estimator

        return Estimator().load_model(str(path.with_suffix(".cbm")))

    def trees(self, rows: Rows, held: Rows | None, k: int, iterations: int) -> Any:
        """Return boosted trees, as many as are best for the rows held out."""
        from catboost import CatBoost as Estimator
        from catboost import Pool

        settings = self.settings
        loss = ("MultiClass" if k > 2 else "Logloss") if k else "MAE" if self.goal.absolute else "RMSE"
        options = {
            "loss_function": loss, "iterations": iterations, "depth": settings.depth, "l2_leaf_reg": settings.l2,
            "random_seed": self.seed, "thread_count": threads(), "verbose": False, "allow_writing_files": False,
            "max_ctr_complexity": settings.combined,
        }  # fmt: skip
        if settings.learning_rate is not None:
            options["learning_rate"] = settings.learning_rate
        first = self._columns(rows.x)
        categories = [place for place, kind in enumerate(first.dtypes) if kind.kind == "i"]
        data = Pool(first, rows.y, cat_features=categories)
        watched: dict[str, Any] = {}
        if held is not None and len(held.y):
            watched = {
                "eval_set": Pool(self._columns(held.x), held.y, cat_features=categories),
                "early_stopping_rounds": settings.patience,
            }
        stop = self.stop

        class InTime:
            def after_iteration(self, _: Any) -> bool:
                return not stop()

        return Estimator(options).fit(data, callbacks=[InTime()], **watched)

    def _columns(self, x: Encoded) -> DataFrame:
        """Return numbers, then categories as whole numbers; what their target says of them it finds out itself."""
        import numpy as np
        import pandas as pd

        own = {*x.few, *x.targeted}
        numbers = x.x[:, [place for place in range(x.x.shape[1]) if place not in own]]
        few = np.nan_to_num(x.x[:, list(x.few)], nan=-1).astype(np.int32)
        parts = [pd.DataFrame(part) for part in (numbers, few, x.many)]
        joined = pd.concat(parts, axis=1)
        return joined.set_axis(range(joined.shape[1]), axis=1)
