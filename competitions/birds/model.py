"""The models for birds: those of `common.vision`."""

from __future__ import annotations

from common.vision import Task, VisionModels

MODELS = VisionModels(Task(target="is_bird", picture="picture", classes=(0, 1), names=("other", "bird")))
