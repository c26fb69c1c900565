"""The top of the ladder: small convolutional networks, trained from nothing on pictures that are never twice the same."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn
from torch.nn import functional

from common.model import Context
from common.vision.ladder.settings import Scratch
from common.vision.rows import pixels
from common.vision.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "network.safetensors"
AT_ONCE = 1000  # pictures predicted together


class ScratchModel:
    """Networks that differ by their first weights and by what they were shown."""

    def __init__(self, task: Task, config: Scratch, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.networks = self._untrained()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train one network after another, to the end or to the deadline."""
        config = self.config
        x, y = self._pictures(train), torch.from_numpy(self.task.codes(train).astype(np.int64)).to(self.device)
        steps = -(-len(y) // config.batch_size) * config.epochs
        self.notes["curve"] = []
        done = 0
        with self.context.progress.task(f"{self.context.title} · train", steps * config.networks, "steps") as task:
            for number, network in enumerate(self.networks):
                if self.context.deadline.passed(30):
                    self.notes["stopped_early"] = True
                    break
                torch.manual_seed(config.seed + number)
                optimiser = torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
                cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=steps)
                network.train()
                for _ in range(config.epochs):
                    for some in torch.randperm(len(y), device=self.device).split(config.batch_size):
                        said = network(self._moved(x[some]))
                        loss = functional.cross_entropy(said, y[some], label_smoothing=config.label_smoothing)
                        optimiser.zero_grad(set_to_none=True)
                        loss.backward()
                        optimiser.step()
                        cycle.step()
                        task.advance(1, loss=loss.item())
                    done += steps // config.epochs
                    self.notes["curve"].append([done, round(loss.item(), 5)])
                    if self.context.deadline.passed(30):
                        self.notes["stopped_early"] = True
                        break
                network.eval()

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class (n, classes), the mean over networks."""
        x, parts = self._pictures(frame), []
        with torch.inference_mode():
            for some in x.split(AT_ONCE):
                said = [network.eval()(some).softmax(1) for network in self.networks]
                parts.append(torch.stack(said).mean(0).cpu())
        return torch.cat(parts).double().numpy()  # type: ignore[no-any-return]

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save_model(self.networks, str(folder / FILE))

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        load_model(self.networks, folder / FILE)

    def _untrained(self) -> nn.ModuleList:
        config, networks = self.config, []
        for number in range(config.networks):
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(config.seed + number)
                networks.append(_network(config.channels, len(self.task.classes)))
        return nn.ModuleList(networks).to(self.device)

    def _pictures(self, frame: DataFrame) -> Tensor:
        """Return the pictures of readable rows (n, 3, side, side), around 0."""
        values = torch.from_numpy(pixels(frame)).to(self.device).permute(0, 3, 1, 2)
        return values.float() / 127.5 - 1

    def _moved(self, x: Tensor) -> Tensor:
        """Return the pictures turned, moved, scaled and sheared by chance; what comes in from outside is as their edge."""
        config, n = self.config, len(x)

        def chance(most: float) -> Tensor:
            return (torch.rand(n, device=x.device) * 2 - 1) * most

        angle, size = chance(math.radians(config.degrees)), 1 + chance(config.scale)
        cosine, sine, shear = angle.cos() * size, angle.sin() * size, chance(config.scale)
        mirror = torch.where(torch.rand(n, device=x.device) < 0.5, -1.0, 1.0) if config.flip else torch.ones_like(angle)
        rows = (
            torch.stack((cosine * mirror, -sine + shear, chance(2 * config.shift)), 1),
            torch.stack((sine * mirror, cosine, chance(2 * config.shift)), 1),
        )
        grid = functional.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
        return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def _network(channels: tuple[int, ...], classes: int) -> nn.Sequential:
    """Return two convolutions a block, each normalised, rows and columns halved after them, and a linear layer on the mean."""
    layers: list[nn.Module] = []
    before = 3
    for width in channels:
        for stride, inputs in ((1, before), (2, width)):
            layers += [nn.Conv2d(inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(before, classes))
