"""fastai's Learner on windows of pictures and masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import common.fastai  # noqa: F401  imports fastai quietly

# isort: split
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import Callback, CancelValidException
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.torch_core import default_device, params, set_seed

from common.fastai.learner import TrainingCallback, precise, quiet
from common.files import scratch_folder
from common.masks import VOID
from common.model import Context
from common.vision.backbones import Backbone
from common.vision.pictures.prefetch import prefetch
from common.vision.rows import ROW
from common.vision.segmentation.rows import cache_of
from common.vision.segmentation.settings import Unet
from common.vision.segmentation.task import MaskTask
from common.vision.segmentation.windows import Windows

if TYPE_CHECKING:
    from pandas import DataFrame


def train(
    network: Any, backbone: Backbone, task: MaskTask, config: Unet, rows: DataFrame, context: Context
) -> dict[str, Any]:
    """Train a network to the end or to the deadline, and return notes for the fold's record."""
    with scratch_folder() as folder:
        learn = learner(network, backbone, task, config, rows, folder)
        steps = len(learn.dls.train) * config.epochs
        with context.progress.task(f"{context.title} · train", steps, "steps") as progress:
            learn.add_cb(callback := TrainingCallback(context, progress, steps))
            rate = config.learning_rate
            learn.fit_one_cycle(config.epochs, [rate * config.encoder_rate, rate])
    return callback.notes


def learner(network: Any, backbone: Backbone, task: MaskTask, config: Unet, rows: DataFrame, folder: Path) -> Learner:
    """Return a learner of a network on windows of the rows' pictures; its files go to `folder`."""
    windows = Windows(
        cache_of(rows), rows[ROW].tolist(), task, config.window,
        upside_down=config.upside_down, boundary=config.boundary, seed=config.seed,
    )  # fmt: skip
    batches = Batches(windows, config, backbone)
    set_seed(config.seed, reproducible=False)
    learn = Learner(
        DataLoaders(batches, batches, device=batches.device), network, path=folder, wd=config.weight_decay,
        loss_func=CrossEntropyLossFlat(axis=1, ignore_index=VOID), splitter=_encoder_and_decoder,
        cbs=[_NoValidation(), ChannelsLast()],
    )  # fmt: skip
    return precise(quiet(learn), config.precision)


class Batches:
    """What fastai asks of a loader: batches of normalised windows (n, 3, side, side) and classes (n, side, side)."""

    def __init__(self, windows: Windows, config: Unet, backbone: Backbone) -> None:
        self.windows, self.config, self.dataset, self.epoch = windows, config, windows, 0
        self.device = default_device()
        self.bs = min(config.batch_size, len(windows))
        mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (backbone.mean, backbone.std))
        self.scale, self.shift = 1 / (255 * std), -mean / std
        self.n = len(windows)

    def __len__(self) -> int:
        return self.n // self.bs

    def to(self, device: Any) -> Batches:
        """Go to a device."""
        self.device = device
        return self

    def __iter__(self) -> Iterator[Any]:
        order, epoch = list(self.windows.order(self.epoch)), self.epoch
        parts = [order[start : start + self.bs] for start in range(0, len(self) * self.bs, self.bs)]
        for number, (pictures, classes) in enumerate(
            prefetch(lambda places: self.windows.batch(places, epoch), parts, self.config.workers)
        ):
            generator = torch.Generator().manual_seed(hash((self.config.seed, epoch, number)) % 2**63)
            batch = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
            batch = self._jittered(batch, generator) * self.scale + self.shift
            yield batch.to(self.device), torch.from_numpy(classes).long().to(self.device)
        self.epoch += 1

    def _jittered(self, batch: Any, generator: Any) -> Any:
        """Return pictures with another brightness, contrast and tint, each its own."""
        most, count = self.config.jitter, len(batch)

        def drawn(channels: int, share: float = 1.0) -> Any:
            return 1 + most * share * (2 * torch.rand(count, channels, 1, 1, generator=generator) - 1)

        means = batch.mean(dim=(1, 2, 3), keepdim=True)
        return (((batch - means) * drawn(1) + means * drawn(1)) * drawn(3, 0.5)).clamp(0, 255)


class _NoValidation(Callback):
    """Leave out fastai's own validation: the pipeline measures held-out rows once, as the board would."""

    order = -100

    def before_validate(self) -> None:
        """Go on with the next epoch."""
        raise CancelValidException


def _encoder_and_decoder(network: Any) -> list[Any]:
    return [params(network.encoder), [*params(network.decoder), *params(network.head)]]
