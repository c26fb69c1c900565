"""Breeds told apart: the models, all of them those of `common.vision`."""

from __future__ import annotations

from common.vision.models import PictureModels
from common.vision.task import Task
from competitions.pet_breeds.breeds import BREEDS, readable

TASK = Task(target="breed", picture="picture", classes=BREEDS, names=tuple(map(readable, BREEDS)))

_models = PictureModels(TASK)
enrich, prepare, build, load = _models.enrich, _models.prepare, _models.build, _models.load
illustrate, lr_find = _models.illustrate, _models.lr_find
