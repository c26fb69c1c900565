"""`MaskModels`: the models of a task of masks, one for each profile's settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.competition import Config
from common.model import Context, Model, Models
from common.vision.kinds import KindsModel
from common.vision.segmentation import rows
from common.vision.segmentation.guarded import GuardedMasks, PixelModel
from common.vision.segmentation.settings import Colours, Otsu, Unet, UnetCourse
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    from common.data.frames import Frames
    from common.runs.run import Run


class MaskModels(Models):
    """Classes of pixels, masks or objects."""

    def __init__(self, task: MaskTask) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Decode all pictures and masks once, and refuse masks that do not fit."""
        settings: Any = config
        return rows.enrich(frames, self.task, settings.longest, settings.cache_bytes, context)

    def build(self, config: Config, frames: Frames, context: Context) -> Model:
        """Return an untrained model for one fold."""

        def make() -> Model:
            return GuardedMasks(self._model(config, context), context)

        return KindsModel(self.task.kinds, make) if self.task.kinds else make()

    def load(self, folder: Path, config: Config, context: Context) -> Model:
        """Return a model that `save` wrote."""

        def read(one: Path) -> Model:
            model = self._model(config, context)
            model.read(one)
            return GuardedMasks(model, context)

        return KindsModel.of(folder, self.task.kinds, read) if self.task.kinds else read(folder)

    def illustrate(self, frames: Frames, run: Run, context: Context) -> None:
        """Draw overlays of out-of-fold masks and the learning curve into the run's folder, `figures/`."""
        from common.vision.segmentation.figures import illustrate

        illustrate(self.task, frames, run, context)

    def _model(self, config: Config, context: Context) -> PixelModel:
        match config:
            case Otsu():
                from common.vision.segmentation.otsu import OtsuModel

                return OtsuModel()
            case Colours():
                from common.vision.segmentation.colours import ColoursModel

                return ColoursModel(self.task, config, context)
            case UnetCourse():
                from common.vision.segmentation.course import UnetCourseModel

                return UnetCourseModel(self.task, config, context)
            case Unet():
                from common.vision.segmentation.unet import UnetModel

                return UnetModel(self.task, config, context)
        raise TypeError(f"no model for {type(config).__name__}")
