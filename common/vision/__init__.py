"""Image classification out of the box: a competition of pictures offers `MODELS = VisionModels(TASK)`.

Its profiles are made of the settings in `settings`: `Thumbnails` (scikit-learn), `Course` (fastai's `vision_learner`),
`Frozen` (features of a pretrained network, a linear head, fine-tuning beside it). `pictures` decodes and caches them.
"""

from common.vision.models import VisionModels
from common.vision.task import Task

__all__ = ["Task", "VisionModels"]
