"""The models for breeds: those of `common.vision`."""

from __future__ import annotations

from common.vision import Task, VisionModels
from competitions.pet_breeds.breeds import BREEDS, readable

TASK = Task(target="breed", picture="picture", classes=BREEDS, names=tuple(map(readable, BREEDS)))

MODELS = VisionModels(TASK)
