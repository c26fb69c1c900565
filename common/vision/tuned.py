"""The whole network fine-tuned: a frozen epoch, then all layers, the first of them at a hundredth of the rate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.fastai.learner import fine_tune
from common.files import scratch_folder
from common.model import Context
from common.vision.backbones import Backbone
from common.vision.learner import learner, loss_of, read, save, targets_of
from common.vision.rows import ROW, cache_of
from common.vision.settings import Frozen
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "tuned.safetensors"


class TunedNetwork:
    """fastai's learner on the picture cache."""

    def __init__(self, task: Task, config: Frozen, backbone: Backbone, context: Context) -> None:
        self.task, self.config, self.backbone, self.context = task, config, backbone, context
        self.notes: dict[str, Any] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        from fastai.torch_core import set_seed

        tuning = self.config.tuning
        with scratch_folder() as folder:
            set_seed(self.config.seed, reproducible=False)
            learn = self.learner(train, valid, folder)
            rates = {"base_lr": tuning.learning_rate, "lr_mult": 100, "wd": tuning.weight_decay}
            self.notes = fine_tune(learn, tuning.epochs, self.context, "fine-tune", **rates)
            self.restore(learn)
        self.network = learn.model

    def learner(self, train: DataFrame, valid: DataFrame, folder: Path) -> Any:
        """Return a fastai learner on the cached pictures; its files go to `folder`."""
        import numpy as np
        from fastai.callback.channelslast import ChannelsLast
        from fastai.callback.mixup import MixUp
        from fastai.losses import LabelSmoothingCrossEntropyFlat
        from fastai.vision.augment import aug_transforms

        from common.vision.pictures.loader import dataloaders

        tuning = self.config.tuning
        cache = cache_of(train)
        valid = valid[valid[ROW] >= 0]
        rows = np.concatenate([frame[ROW].to_numpy() for frame in (train, valid)])
        labels: Any = np.empty(len(cache), dtype=object)
        options: dict[str, Any] = {}
        self.restore: Callable[[Any], None] = lambda learn: None
        if self.task.exclusive:
            labels[rows] = [self.task.names[code] for frame in (train, valid) for code in self.task.codes(frame)]
            loss = LabelSmoothingCrossEntropyFlat(eps=tuning.label_smoothing)
        else:
            targets, self.restore = targets_of(self.task, train, valid)
            labels[rows] = list(targets)
            loss, options = loss_of(self.task), {"n_out": self.task.outputs}
        dls = dataloaders(
            cache, train[ROW].tolist(), valid[ROW].tolist(), labels, self.task.names if self.task.exclusive else None,
            size=tuning.size, batch_size=min(self.config.batch_size, len(train)), flip=True,
            augment=aug_transforms(do_flip=False, size=tuning.size, max_rotate=10, max_zoom=1.2, max_warp=0.1),
            normalise=(self.backbone.mean, self.backbone.std), seed=self.config.seed, workers=self.config.workers,
            path=folder,
        )  # fmt: skip
        mixing = [MixUp(tuning.mixup)] if tuning.mixup else []
        return learner(
            dls, self.backbone, tuning.size, self.config.precision,
            loss_func=loss, cbs=[*mixing, ChannelsLast()], path=folder, **options,
        )  # fmt: skip

    def predict(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return log probabilities of classes, probabilities of labels or numbers (n, outputs), averaged over views."""
        from common.vision.prediction import Predictor

        predictor = Predictor(self.network, self.backbone.mean, self.backbone.std)
        tuning = self.config.tuning
        return predictor.predict(frame, self.task, tuning.size, tuning.views, self.context)

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save(self.network, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.network = read(self.backbone, self.task.outputs, folder / FILE)
