"""The baseline: boosted trees of scikit-learn, with a linear model beside them where the table is small."""

from __future__ import annotations

from collections.abc import Mapping

from common.model import Context
from common.tabular.ensemble import Ensemble, Make
from common.tabular.settings import Baseline
from common.tabular.sklearn_members import HistTrees, LinearMember, StraightMember
from common.tabular.task import TabularTask


class BaselineModel(Ensemble):
    """Boosted trees, and of a small table a linear model."""

    def __init__(self, task: TabularTask, config: Baseline, context: Context) -> None:
        super().__init__(task, config, context)
        self.settings = config

    def makers(self, rows: int) -> Mapping[str, Make]:
        """Return what makes an untrained member of each name, for so many training rows."""
        settings = self.settings
        trees = settings.small_trees if rows < settings.few_rows else settings.trees
        makers: dict[str, Make] = {"trees": lambda goal, seed, stop: HistTrees(goal, trees, seed, stop)}
        if rows <= settings.small:
            makers["linear"] = lambda goal, seed, stop: LinearMember(goal, settings.linear, seed, stop)
            if not self.goal.classifies:
                makers["straight"] = StraightMember
        return makers

    def bags(self, rows: int) -> int:
        """Return how many parts of the rows are left out once each: none of a large table, fewer of a wide one."""
        settings = self.settings
        fit = settings.cells // max(1, rows * len(self.layout.columns))
        return max(1, min(settings.bags, fit, rows)) if rows <= settings.small else 0
