"""`VisionModels`: the models of a task of pictures, one for each profile's settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Config
from common.errors import SettingError
from common.model import Context, Model, Models, Prepared
from common.vision import rows
from common.vision.guarded import GuardedModel, PictureModel
from common.vision.kinds import KindsModel
from common.vision.ladder.settings import ByHand, Learned, Means, Rung, Scratch
from common.vision.settings import Course, Frozen, Network, Pictures, Thumbnails
from common.vision.task import Task

if TYPE_CHECKING:
    from common.data.frames import Frames
    from common.fastai.learner import RateSearch
    from common.runs.run import Run


class VisionModels(Models):
    """Classes, labels or numbers of pictures."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Decode all pictures once; add what the split needs to know of them, and leave out what cannot be read."""
        if frames.train is not None:  # what cannot be trained is refused before minutes of decoding
            if self.task.exclusive:
                self.task.require_two_classes(frames.train)
            if isinstance(config, Network):
                from common.vision.backbones import resolve

                resolve(config.backbone)
        if isinstance(config, Rung) and not self.task.classes and self.task.predicts != "class":
            raise SettingError(
                "this profile tells classes from each other, and the target has none; take --profile baseline"
            )
        if not isinstance(config, Pictures):
            raise TypeError(f"no model for {type(config).__name__}")
        return rows.enrich(frames, self.task, config, context)

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Put the frozen backbone into the run's folder and compute all features, which the folds share."""
        if isinstance(config, Frozen):
            from common.vision.features import features, keep_backbone

            keep_backbone(config.backbone, config.weights, config.input_sizes, config.seed, context)
            for frame in (frames.train, frames.test):
                if frame is not None and len(readable := frame[frame[rows.ROW] >= 0]):
                    features(readable, config, context)
        return Prepared(frames)

    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return an untrained model for one fold."""
        kinds = self.task.kinds
        return KindsModel(kinds, lambda: self._model(config, context)) if kinds else self._model(config, context)

    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `save` wrote."""

        def read(one: Path) -> Model:
            model = self._model(config, context)
            model.read(one)
            return model

        return KindsModel.of(folder, self.task.kinds, read) if self.task.kinds else read(folder)

    def lr_find(self, frames: Frames, config: Config, context: Context) -> RateSearch:
        """Return what a learning-rate finder sees on the first fold.

        Raises:
            SettingError: for a profile that trains no network.
        """
        from common.fastai.learner import find_rate
        from common.files import scratch_folder
        from common.splits.folds import make_folds, train_and_valid
        from common.vision import backbones
        from common.vision.course import CourseModel
        from common.vision.tuned import TunedNetwork

        task = self.task.resolved(context)
        model: CourseModel | TunedNetwork
        match config:
            case Course():
                model, setting = CourseModel(task, config, context), "learning_rate"
            case Frozen():
                backbone = backbones.load(config.backbone, config.weights, context.environment, config.seed)
                model, setting = TunedNetwork(task, config, backbone, context), "tuning.learning_rate"
            case _:
                raise SettingError("this profile trains no network; take one that does, such as --profile course")
        split: Any = config.split
        folds = make_folds(frames.training, split)
        train, valid = (frames.training[mask] for mask in train_and_valid(folds, int(folds[folds >= 0].min()), split))
        with scratch_folder() as folder:
            return find_rate(model.learner(train, valid, folder), context, setting)

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:
        """Draw figures of the finished run into its folder, `figures/`."""
        from common.vision.illustrations import illustrate

        illustrate(self.task.resolved(context), frames, run, context)

    def _model(self, config: Config, context: Context) -> GuardedModel:
        task = self.task.resolved(context)
        model: PictureModel
        match config:
            case Thumbnails():
                from common.vision.thumbnails import ThumbnailsModel

                model = ThumbnailsModel(task, config, context)
            case Course():
                from common.vision.course import CourseModel

                model = CourseModel(task, config, context)
            case Frozen():
                from common.vision.frozen import FrozenModel

                model = FrozenModel(task, config, context)
            case Means():
                from common.vision.ladder.means import MeansModel

                model = MeansModel(task, config, context)
            case Learned():
                from common.vision.ladder.learned import LearnedModel

                model = LearnedModel(task, config, context)
            case ByHand():
                from common.vision.ladder.by_hand import ByHandModel

                model = ByHandModel(task, config, context)
            case Scratch():
                from common.vision.ladder.scratch import ScratchModel

                model = ScratchModel(task, config, context)
            case _:
                raise TypeError(f"no model for {type(config).__name__}")
        return GuardedModel(task, model)
