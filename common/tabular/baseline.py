"""The baseline: boosted trees of scikit-learn, with a linear model beside them where the table is small."""

from __future__ import annotations

from collections.abc import Mapping

from common.model import Context
from common.tabular.ensemble import Ensemble, Make
from common.tabular.goal import Goal
from common.tabular.settings import Baseline, Blend
from common.tabular.sklearn_members import HistTrees, LinearMember, RidgeMember
from common.tabular.task import TabularTask


def simple(goal: Goal, settings: Blend, rows: int, *, small: bool) -> dict[str, Make]:
    """Return what makes members that take seconds: trees, and of a `small` table straight and curved lines."""
    trees = settings.small_trees if rows < settings.few_rows else settings.trees
    makers: dict[str, Make] = {"trees": lambda goal, seed, stop: HistTrees(goal, trees, seed, stop)}
    if small:
        makers["linear"] = lambda goal, seed, stop: LinearMember(goal, settings.linear, seed, stop)
        if not goal.classifies:
            makers["ridge"] = RidgeMember
    return makers


class BaselineModel(Ensemble):
    """Boosted trees, and of a small table a linear model."""

    def __init__(self, task: TabularTask, config: Baseline, context: Context) -> None:
        super().__init__(task, config, context)
        self.settings = config

    def makers(self, rows: int) -> Mapping[str, Make]:
        """Return what makes an untrained member of each name, for so many training rows."""
        return simple(self.goal, self.settings, rows, small=rows <= self.settings.small)

    def bags(self, rows: int) -> int:
        """Return how many parts of the rows are left out once each: none of a large table, fewer of a wide one."""
        settings = self.settings
        fit = settings.cells // max(1, rows * len(self.layout.columns))
        return max(1, min(settings.bags, fit, rows)) if rows <= settings.small else 0
