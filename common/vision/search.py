"""The learning-rate finder on the first fold of a profile that trains a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from common.data.frames import Frames
from common.fastai.learner import find_rate
from common.files import scratch_folder
from common.model import Context
from common.splits.folds import make_folds, train_and_valid
from common.vision.course import CourseModel
from common.vision.settings import Course, Network
from common.vision.task import Task

if TYPE_CHECKING:
    from common.fastai.learner import RateSearch


def search(task: Task, config: Network, frames: Frames, context: Context) -> RateSearch:
    """Return what the finder sees: of a profile that fine-tunes, on the learner that it would train."""
    split: Any = config.split
    folds = make_folds(frames.training, split)
    train, valid = (frames.training[mask] for mask in train_and_valid(folds, int(folds[folds >= 0].min()), split))
    with scratch_folder() as folder:
        model: Any
        if isinstance(config, Course):
            model = CourseModel(task, config, context)
        else:
            from common.vision import backbones
            from common.vision.tuned import TunedNetwork

            backbone = backbones.load(config.backbone, config.weights, context.environment, config.seed)
            model = TunedNetwork(task, config, backbone, context)  # type: ignore[arg-type]
        return find_rate(model.learner(train, valid, folder), context)
