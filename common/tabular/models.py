"""`TabularModels`: the models of a table, one for each profile's settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from common.competition import Config
from common.errors import DataError, RunError
from common.model import Context, Models, Prepared
from common.tabular import columns, finder
from common.tabular.settings import Baseline, Best, Course
from common.tabular.task import TabularTask

if TYPE_CHECKING:
    from common.data.frames import Frames
    from common.tabular.course import CourseModel
    from common.tabular.ensemble import Ensemble


class TabularModels(Models):
    """Classes or numbers from the columns of a table."""

    def __init__(self, task: TabularTask) -> None:
        self.task = task

    def prepare(self, frames: Frames, config: Config, context: Context) -> Prepared:
        """Say what each column is, keep that in the run's folder, and take apart what can be.

        Raises:
            DataError: if no column says anything of a row.
            RunError: if there is nothing to train on, and the run does not know its columns.
        """
        counts: columns.Counts = {}
        if frames.train is not None:
            layout = finder.found(frames.train, frames.test, self.task)
            if not layout.columns:
                raise DataError("no column that train and test both have says anything of a row; see what is left out")
            counts = columns.counted(frames.train, layout)
            layout.save(context.run)
            columns.save_counts(counts, context.run)
        elif not (context.run / columns.FILE).is_file():
            raise RunError(f"{context.run} does not know its columns; the run is not whole, train it again")
        else:
            layout = columns.Layout.load(context.run)
            counts = columns.load_counts(layout, context.run)
        test = columns.expanded(frames.test, layout, counts)
        if frames.train is None:
            return Prepared(replace(frames, test=test))
        train = columns.expanded(frames.train, layout, columns.counted(frames.test, layout))
        return Prepared(replace(frames, train=train, test=test))

    def build(self, config: Config, frames: Frames, context: Context) -> Ensemble | CourseModel:
        """Return an untrained model for one fold."""
        return self._model(config, context)

    def load(self, folder: Path, config: Config, context: Context) -> Ensemble | CourseModel:
        """Return a model that `save` wrote."""
        model = self._model(config, context)
        model.read(folder)
        return model

    def _model(self, config: Config, context: Context) -> Ensemble | CourseModel:
        task = self.task.resolved(context)
        match config:
            case Baseline():
                from common.tabular.baseline import BaselineModel

                return BaselineModel(task, config, context)
            case Course():
                from common.tabular.course import CourseModel

                return CourseModel(task, config, context)
            case Best():
                from common.tabular.best import BestModel

                return BestModel(task, config, context)
        raise TypeError(f"no model for {type(config).__name__}")
