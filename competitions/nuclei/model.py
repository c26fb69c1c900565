"""The models for nuclei: those of `common.vision.segmentation`."""

from __future__ import annotations

from common.vision.segmentation import MaskModels, MaskTask
from competitions.nuclei.competition import COMPETITION

MODELS = MaskModels(MaskTask.of(COMPETITION))
