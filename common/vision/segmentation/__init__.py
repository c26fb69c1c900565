"""Masks of pictures out of the box: `MODELS = MaskModels(MaskTask.of(COMPETITION))`.

Classes of all pixels, one mask, or objects are predicted, as the cell of the submission says. The profiles are made of the
settings in `settings`: `Otsu` and `Colours` (no network), `UnetCourse` (fastai's `unet_learner`), `Unet` (any timm encoder
with a decoder on its levels).
"""

from common.vision.segmentation.models import MaskModels
from common.vision.segmentation.task import MaskTask

__all__ = ["MaskModels", "MaskTask"]
