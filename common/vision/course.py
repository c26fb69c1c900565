"""The course's recipe: fastai's `vision_learner` on its ordinary loaders, `fine_tune`."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.data.zipped import read_bytes
from common.fastai.learner import counted, fine_tune
from common.files import scratch_folder
from common.model import Context
from common.vision.learner import learner, loss_of, read, save, targets_of
from common.vision.rows import ROW
from common.vision.settings import Course
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "network.safetensors"


class CourseModel:
    """A pretrained network with a new head: one epoch with the body frozen, then `epochs` of everything."""

    def __init__(self, task: Task, config: Course, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        with scratch_folder() as folder:
            learn = self.learner(train, valid, folder)
            self.notes = self._trained(learn)
            self.restore(learn)
        self.network = learn.model

    def _trained(self, learn: Any) -> dict[str, Any]:
        config = self.config
        if not config.one_cycle:
            return fine_tune(learn, config.epochs, self.context, "train", base_lr=config.learning_rate)
        learn.unfreeze()
        with counted(learn, config.epochs, self.context, "train") as notes:
            learn.fit_one_cycle(config.epochs, config.learning_rate)
        return notes

    def learner(self, train: DataFrame, valid: DataFrame, folder: Path) -> Any:
        """Return the recipe's learner; its files go to `folder`."""
        from fastai.metrics import error_rate
        from fastai.torch_core import set_seed

        set_seed(self.config.seed, reproducible=False)
        self.backbone = self._backbone(self.config.weights)
        dls = self._loaders(train, valid, folder)
        options: dict[str, Any] = {"metrics": error_rate}
        if not self.task.exclusive:
            options = {"n_out": self.task.outputs, "loss_func": loss_of(self.task)}
        return learner(dls, self.backbone, self.config.size, self.config.precision, path=folder, **options)

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class or label, or the numbers (n, outputs)."""
        import numpy as np

        from common.vision.prediction import Predictor

        predictor = Predictor(self.network, self.backbone.mean, self.backbone.std)
        outputs = predictor.predict(frame, self.task, self.config.size, 1, self.context)
        return np.exp(outputs) if self.task.exclusive else outputs

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save(self.network, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from common.vision.backbones import RANDOM

        self.backbone = self._backbone(RANDOM)  # its weights are in the file
        self.network = read(self.backbone, self.task.outputs, folder / FILE)

    def _backbone(self, weights: str) -> Any:
        from common.vision import backbones

        return backbones.load(self.config.backbone, weights, self.context.environment, self.config.seed)

    def _loaders(self, train: DataFrame, valid: DataFrame, folder: Path) -> Any:
        """Return loaders that open every file in every epoch, as the course's do."""
        import pandas as pd
        from fastai.data.block import CategoryBlock, DataBlock, RegressionBlock, TransformBlock
        from fastai.data.transforms import ColReader, IndexSplitter, IntToFloatTensor, Normalize
        from fastai.vision import data as _  # noqa: F401  registers how pictures are shown
        from fastai.vision.augment import Resize

        valid = valid[valid[ROW] >= 0]
        both, names = pd.concat([train, valid]), self.task.names
        self.restore: Callable[[Any], None] = lambda learn: None
        if self.task.exclusive:
            answers: list[Any] = [names[code] for code in self.task.codes(both)]
            target = CategoryBlock(vocab=list(names), sort=False)
        else:
            targets, self.restore = targets_of(self.task, train, valid)
            answers, target = list(targets), RegressionBlock(n_out=self.task.outputs)
        rows = pd.DataFrame({"picture": both[self.task.picture].to_numpy(), "answer": answers})
        block = DataBlock(
            # fastai's ImageBlock, except for how files are opened: they may be members of an archive.
            blocks=(
                TransformBlock(type_tfms=_picture, batch_tfms=IntToFloatTensor),
                target,
            ),
            get_x=ColReader("picture"), get_y=ColReader("answer"),
            splitter=IndexSplitter(list(range(len(train), len(both)))),
            item_tfms=Resize(self.config.size, method=self.config.resize),
            batch_tfms=Normalize.from_stats(self.backbone.mean, self.backbone.std, cuda=False),
        )  # fmt: skip
        size = min(self.config.batch_size, len(train))
        return block.dataloaders(rows, bs=size, num_workers=self.config.workers, path=folder)


def _picture(path: str) -> Any:
    """Open a picture as fastai does; what it cannot open, as the cache did."""
    from fastai.vision.core import PILImage

    from common.vision.pictures.decode import decode

    data = read_bytes(path)
    try:
        return PILImage.create(io.BytesIO(data))
    except OSError:
        return PILImage.create(decode(data, 512, "squish"))
