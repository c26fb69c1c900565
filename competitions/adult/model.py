"""The models for incomes: those of `common.tabular`."""

from __future__ import annotations

from common.tabular import TabularModels, TabularTask
from competitions.adult.competition import COMPETITION

MODELS = TabularModels(TabularTask.of(COMPETITION))
