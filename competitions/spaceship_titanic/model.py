"""The models: those of `common.tabular`."""

from __future__ import annotations

from common.tabular import TabularModels, TabularTask
from competitions.spaceship_titanic.competition import COMPETITION

MODELS = TabularModels(TabularTask.of(COMPETITION))
