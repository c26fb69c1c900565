"""Pictures solved out of the box: `MODELS = VisionModels(Task.of(COMPETITION, picture="picture"))`.

Classes, labels or numbers are predicted, with the columns beside a picture as further features.

Its profiles are made of the settings in `settings`: `Thumbnails` (scikit-learn), `Course` (fastai's `vision_learner`),
`Frozen` (features of a pretrained network, a linear head, fine-tuning beside it). `pictures` decodes and caches them.
"""

from common.vision.models import VisionModels
from common.vision.task import Task

__all__ = ["Task", "VisionModels"]
