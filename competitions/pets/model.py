"""The models for cats and dogs: those of `common.vision`."""

from __future__ import annotations

from common.vision import Task, VisionModels

TASK = Task(target="label", picture="picture", classes=(0, 1), names=("cat", "dog"))

MODELS = VisionModels(TASK)
