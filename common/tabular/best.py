"""Our recipe: boosted trees of three libraries, a small neural network and linear models, blended."""

from __future__ import annotations

from collections.abc import Mapping

from common.model import Context
from common.tabular.baseline import simple
from common.tabular.boosting_members import CatTrees, LightTrees
from common.tabular.ensemble import Ensemble, Make
from common.tabular.settings import Best
from common.tabular.sklearn_members import RIDGE_ROWS, LinearMember, NetworkMember
from common.tabular.task import TabularTask


class BestModel(Ensemble):
    """Members of four kinds, of a small table those of the baseline too, as many bags of each as there is time for."""

    def __init__(self, task: TabularTask, config: Best, context: Context) -> None:
        super().__init__(task, config, context)
        self.settings = config

    def makers(self, rows: int) -> Mapping[str, Make]:
        """Return what makes an untrained member of each name, the most important first."""
        settings = self.settings
        # What the baseline has comes first: with hardly any time it is as good.
        makers = simple(self.goal, settings, rows, small=True) if rows <= RIDGE_ROWS else {}
        return {
            **makers,
            "lightgbm": lambda goal, seed, stop: LightTrees(goal, settings.lightgbm, seed, stop),
            "linear": lambda goal, seed, stop: LinearMember(goal, settings.linear, seed, stop),
            "catboost": lambda goal, seed, stop: CatTrees(goal, settings.catboost, seed, stop),
            "network": lambda goal, seed, stop: NetworkMember(goal, settings.network, seed, stop),
        }

    def bags(self, rows: int) -> int:
        """Return how many parts of the rows are left out once each: fewer of a large table."""
        fit = self.settings.cells // max(1, rows * len(self.layout.columns))
        return max(1, min(self.settings.bags, fit, rows // 2))

    def budget(self) -> float:
        """Return the seconds that this fold may take: an equal part of all."""
        split, folds = self.settings.split, self.settings.folds
        count = len(folds) if folds else 1 if split is not None and split.holdout else split.n_splits if split else 1
        if split is not None and split.kind == "time":  # of the last fold there are two models
            count += 1
        return self.settings.minutes * 60 / count
