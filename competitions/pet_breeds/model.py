"""Breeds told apart: the models, all of them those of `common.vision`."""

from __future__ import annotations

from common.vision.models import VisionModels
from common.vision.task import Task
from competitions.pet_breeds.breeds import BREEDS, readable

TASK = Task(target="breed", picture="picture", classes=BREEDS, names=tuple(map(readable, BREEDS)))

MODELS = VisionModels(TASK)
