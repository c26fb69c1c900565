"""The models for digits: those of `common.vision`, of pictures whose pixels stand in columns."""

from __future__ import annotations

from common.vision import Task, VisionModels
from competitions.digits.competition import COMPETITION

# Two sevens look alike, and are two digits all the same.
MODELS = VisionModels(Task.of(COMPETITION, picture="picture", pixels="pixel", alike=False))
