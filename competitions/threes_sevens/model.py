"""The models for threes and sevens: those of `common.vision`."""

from __future__ import annotations

from common.vision import Task, VisionModels
from competitions.threes_sevens.competition import COMPETITION

# Two sevens look alike, and are two digits all the same.
MODELS = VisionModels(Task.of(COMPETITION, picture="picture", alike=False))
