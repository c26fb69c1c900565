"""`CollabModels`: the models of ratings, one for each profile's settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.collab.ratings import require_twice
from common.collab.settings import LAST, Baseline, Best, Course
from common.collab.task import CollabTask
from common.competition import Config
from common.model import Context, Models

if TYPE_CHECKING:
    from pandas import DataFrame

    from common.collab.best import BestModel
    from common.collab.biases import BiasesModel
    from common.collab.course import CourseModel
    from common.data.frames import Frames

_LAST = 0.2  # of a user's ratings


class CollabModels(Models):
    """Ratings of items by users."""

    def __init__(self, task: CollabTask) -> None:
        self.task = task

    def enrich(self, frames: Frames, config: Config, context: Context) -> Frames:
        """Say which are each user's last ratings, for a split by them (`split.kind=column`).

        Raises:
            DataError: if no user, or no item, has two ratings.
        """
        if frames.train is None:
            return frames
        require_twice(frames.train, self.task)
        if not self.task.when:
            return frames
        return replace(frames, train=frames.train.assign(**{LAST: _last(frames.train, self.task)}))

    def build(self, config: Config, frames: Frames, context: Context) -> BiasesModel | CourseModel | BestModel:
        """Return an untrained model for one fold."""
        return self._model(config, context)

    def load(self, folder: Path, config: Config, context: Context) -> BiasesModel | CourseModel | BestModel:
        """Return a model that `save` wrote."""
        model = self._model(config, context)
        model.read(folder)
        return model

    def _model(self, config: Config, context: Context) -> BiasesModel | CourseModel | BestModel:
        match config:
            case Baseline():
                from common.collab.biases import BiasesModel

                return BiasesModel(self.task, config, context)
            case Course():
                from common.collab.course import CourseModel

                return CourseModel(self.task, config, context)
            case Best():
                from common.collab.best import BestModel

                return BestModel(self.task, config, context)
        raise TypeError(f"no model for {type(config).__name__}")


def _last(frame: DataFrame, task: CollabTask) -> list[int]:
    """Return 0 for the last fifth of each user's ratings, and -1 for the others, which are always in training."""
    import numpy as np

    of_user = frame.groupby(task.user, sort=False)[task.when]
    place, count = of_user.rank(method="first").to_numpy(), of_user.transform("size").to_numpy()
    return [0 if last else -1 for last in place > count - np.floor(count * _LAST)]
