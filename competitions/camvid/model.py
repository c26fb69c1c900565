"""The models for street scenes: those of `common.vision.segmentation`."""

from __future__ import annotations

from common.vision.segmentation import MaskModels, MaskTask
from competitions.camvid.competition import COMPETITION

MODELS = MaskModels(MaskTask.of(COMPETITION))
