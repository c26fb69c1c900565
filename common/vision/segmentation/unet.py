"""Our recipe for masks: a U-Net, trained on windows of the cached pictures, one cycle of all its layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context
from common.vision.segmentation.settings import Unet
from common.vision.segmentation.task import MaskTask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "unet.safetensors"
_PIXELS = 1_500_000  # that are predicted at a time


class UnetModel:
    """The network of one fold."""

    def __init__(self, task: MaskTask, config: Unet, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        from common.vision.segmentation.training import train as trained

        self.network = self._network(self.config.weights)
        self.notes = trained(self.network, self.backbone, self.task, self.config, train, self.context)

    def layers(self, pictures: list[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Yield the probabilities of the pixels' classes (layers, rows, columns), of the picture and its mirror image."""
        import numpy as np
        import torch

        from common.vision.prediction import Predictor
        from common.vision.segmentation.network import MULTIPLE

        predictor = Predictor(self.network, self.backbone.mean, self.backbone.std, half=True)
        for start, end in _alike([pixels.shape for pixels in pictures]):
            rows, columns, _ = pictures[start].shape
            missing = [(0, -side % MULTIPLE) for side in (rows, columns)]
            batch = np.stack([np.pad(pixels, (*missing, (0, 0)), mode="symmetric") for pixels in pictures[start:end]])
            with torch.inference_mode():
                view = predictor.cast(predictor.put(batch))
                found = predictor.network(view).float().softmax(1)
                if self.config.mirrored:
                    found = (found + predictor.network(view.flip(3)).float().softmax(1).flip(3)) / 2
                scaled = (found[:, self.task.first_layer :, :rows, :columns] * 255).round().byte().cpu().numpy()
            yield from scaled

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        from common.vision.learner import save

        save(self.network, folder / FILE)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from safetensors.torch import load_file

        from common.vision.backbones import RANDOM

        self.network = self._network(RANDOM)  # its weights are in the file
        self.network.load_state_dict(load_file(folder / FILE))

    def _network(self, weights: str) -> Any:
        import torch

        from common.vision import backbones
        from common.vision.segmentation.network import UNet

        config = self.config
        self.backbone = backbones.load(config.backbone, weights, self.context.environment, config.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            return UNet(self.backbone, config.decoder, len(self.task.classes))


def _alike(shapes: list[tuple[int, ...]]) -> Iterator[tuple[int, int]]:
    """Yield where stretches of pictures of the same size begin and end that may be predicted together."""
    start = 0
    for place in range(1, len(shapes) + 1):
        full = (place - start) * shapes[start][0] * shapes[start][1] >= _PIXELS
        if place == len(shapes) or full or shapes[place] != shapes[start]:
            yield start, place
            start = place
