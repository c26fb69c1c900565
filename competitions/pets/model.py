"""Cats and dogs told apart: the models, all of them those of `common.vision`."""

from __future__ import annotations

from common.vision.models import VisionModels
from common.vision.task import Task

TASK = Task(target="label", picture="picture", classes=(0, 1), names=("cat", "dog"))

MODELS = VisionModels(TASK)
