"""The whole network fine-tuned: a frozen epoch, then all layers, the first of them at a hundredth of the rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.fastai.learner import TrainingCallback, precise
from common.files import scratch_folder
from common.model import Context
from common.vision.backbones import Backbone
from common.vision.rows import ENTRY, ROW
from common.vision.settings import Frozen
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "tuned.safetensors"


class TunedNetwork:
    """fastai's learner on the picture cache; what it has learnt is plain weights."""

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
            steps = len(learn.dls.train) * (tuning.epochs + 1)
            with self.context.progress.task(f"{self.context.title} · fine-tune", steps, "steps") as task:
                learn.add_cb(callback := TrainingCallback(self.context, task, steps))
                learn.fine_tune(tuning.epochs, base_lr=tuning.learning_rate, lr_mult=100, wd=tuning.weight_decay)
        self.notes = callback.notes
        self.network = learn.model

    def learner(self, train: DataFrame, valid: DataFrame, folder: Path) -> Any:
        """Return a fastai learner on the cached pictures; its files go to `folder`."""
        import numpy as np
        from fastai.callback.channelslast import ChannelsLast
        from fastai.callback.mixup import MixUp
        from fastai.losses import LabelSmoothingCrossEntropyFlat
        from fastai.vision.augment import aug_transforms

        from common.vision.learner import learner
        from common.vision.pictures.cache import reopened
        from common.vision.pictures.loader import dataloaders

        tuning = self.config.tuning
        cache = reopened(Path(train[ENTRY].iloc[0]))
        valid = valid[valid[ROW] >= 0]
        labels: Any = np.empty(len(cache), dtype=object)
        for frame in (train, valid):
            labels[frame[ROW].to_numpy()] = [self.task.names[code] for code in self.task.codes(frame)]
        dls = dataloaders(
            cache, train[ROW].tolist(), valid[ROW].tolist(), labels, self.task.names,
            size=tuning.size, batch_size=min(self.config.batch_size, len(train)), flip=True,
            augment=aug_transforms(do_flip=False, size=tuning.size, max_rotate=10, max_zoom=1.2, max_warp=0.1),
            normalise=(self.backbone.mean, self.backbone.std), seed=self.config.seed, workers=self.config.workers,
            path=folder,
        )  # fmt: skip
        loss = LabelSmoothingCrossEntropyFlat(eps=tuning.label_smoothing)
        mixing = [MixUp(tuning.mixup)] if tuning.mixup else []
        learn = learner(dls, self.backbone, tuning.size, loss_func=loss, cbs=[*mixing, ChannelsLast()], path=folder)
        return precise(learn, self.config.precision)

    def log_chances(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return log probabilities of all classes (n, classes), averaged over views."""
        from common.vision.prediction import Eye, log_chances

        eye = Eye(self.network, self.backbone.mean, self.backbone.std, half=False)
        return log_chances(eye, frame, self.config.tuning.size, self.config.tuning.views, self.context)

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save(self.network, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.network = read(self.backbone, len(self.task.classes), folder / FILE)


def save(network: Any, path: Path) -> None:
    """Write the weights of a learner's network (safetensors)."""
    from safetensors.torch import save_file

    save_file({name: value.contiguous().cpu() for name, value in network.state_dict().items()}, path)


def read(backbone: Backbone, n_classes: int, path: Path) -> Any:
    """Return the network that `save` wrote."""
    from safetensors.torch import load_file

    from common.vision.learner import network

    made = network(backbone, n_classes)
    made.load_state_dict(load_file(path))
    return made
