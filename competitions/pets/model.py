"""Cats and dogs told apart: the models, all of them those of `common.vision`."""

from __future__ import annotations

from common.vision.task import Task
from common.vision.zoo import Zoo

TASK = Task(target="label", picture="picture", classes=(0, 1), names=("cat", "dog"))

_zoo = Zoo(TASK)
enrich, prepare, build, load = _zoo.enrich, _zoo.prepare, _zoo.build, _zoo.load
illustrate, lr_find = _zoo.illustrate, _zoo.lr_find
