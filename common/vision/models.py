"""The parts of `model.py` for a competition of pictures: what its profiles' settings stand for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cache import MAX_BYTES
from common.competition import Config
from common.data.frames import Frames
from common.model import Context, Models, Prepared
from common.runs.run import Run
from common.vision import rows
from common.vision.guarded import Classifier, GuardedModel
from common.vision.settings import Course, Frozen, Network, Pictures, Thumbnails
from common.vision.task import Task

if TYPE_CHECKING:
    from common.fastai.learner import RateSearch


class VisionModels(Models):
    """Image classification: the models of its profiles, for one task."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Decode all pictures once; add what the split needs to know of them, and leave out what cannot be read."""
        if frames.train is not None:  # what will not do is told before minutes of decoding
            self.task.require_two_classes(frames.train)
            if isinstance(config, Network):
                from common.vision.backbones import resolve

                resolve(config.backbone)
        room = config.cache_bytes if isinstance(config, Pictures) else MAX_BYTES
        return rows.enrich(frames, self.task.picture, _stored_size(config), room, context)

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put the frozen backbone into the run's folder and compute all features, which the folds share."""
        if isinstance(config, Frozen):
            from common.vision.features import features, keep_backbone

            keep_backbone(config.backbone, config.weights, config.shown, config.seed, context)
            for frame in (frames.train, frames.test):
                if frame is not None and len(readable := frame[frame[rows.ROW] >= 0]):
                    features(readable, config, context)
        return Prepared(frames)

    def build(self, config: Config, frames: Frames, context: Context) -> GuardedModel:
        """Return an untrained model for one fold."""
        return GuardedModel(self.task, self._classifier(config, context))

    def load(self, folder: Path, config: Config, context: Context) -> GuardedModel:
        """Return a model that `save` wrote."""
        model = GuardedModel(self.task, self._classifier(config, context))
        model.read(folder)
        return model

    def lr_find(self, frames: Frames, config: Config, context: Context) -> RateSearch:
        """Return what a learning-rate finder sees on the first fold.

        Raises:
            SettingError: for a profile that trains no network.
        """
        from common.errors import SettingError
        from common.vision.search import search

        if not isinstance(config, Network):
            raise SettingError("this profile trains no network; take one that does, such as --profile course")
        return search(self.task, config, frames, context)

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:
        """Draw what the run has learnt into its folder, `figures/`."""
        from common.vision.illustrations import illustrate

        illustrate(self.task, frames, run, context)

    def _classifier(self, config: Config, context: Context) -> Classifier:
        match config:
            case Thumbnails():
                from common.vision.thumbnails import ThumbnailsModel

                return ThumbnailsModel(self.task, config, context)
            case Course():
                from common.vision.course import CourseModel

                return CourseModel(self.task, config, context)
            case Frozen():
                from common.vision.frozen import FrozenModel

                return FrozenModel(self.task, config, context)
        raise TypeError(f"no model for {type(config).__name__}")


def _stored_size(config: Any) -> int:
    """Return the side at which the cache has to keep the pictures: the largest that a model will see."""
    return max(config.shown) if isinstance(config, Frozen) else int(config.size)
