"""What the rungs that learn by gradients have in common: the loss of the course, probabilities, weights in a safe file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from common.model import Context
from common.vision.ladder.means import brightness
from common.vision.ladder.settings import Gradients, Learned
from common.vision.task import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "network.safetensors"


def course_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the course's loss: of two classes how far the right answer's probability is from 1, of more its surprise.

    Of many classes the distance from 1 has no slope where the answer is certain and wrong: a class may never be learnt.

    Args:
        outputs: of two classes the log-odds of the second (n, 1), else a number for each class (n, classes).
        targets: codes of the classes (n,).
    """
    if outputs.shape[1] == 1:
        predictions = outputs[:, 0].sigmoid()
        return torch.where(targets == 1, 1 - predictions, predictions).mean()
    return -outputs.log_softmax(1).gather(1, targets[:, None]).mean()


def batch_accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the fraction of right answers."""
    answers = (outputs[:, 0] > 0).long() if outputs.shape[1] == 1 else outputs.argmax(1)
    return (answers == targets).float().mean()


class NetworkModel(ABC):
    """A network on rows of brightness."""

    def __init__(self, task: Task, config: Gradients, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.network: Any = None

    @abstractmethod
    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class (n, classes)."""
        with torch.inference_mode():
            said = self.network.eval()(torch.from_numpy(brightness(frame))).double()
        if said.shape[1] == 1:
            second = said.sigmoid()
            said = torch.cat((1 - second, second), dim=1)
        else:
            said = said.softmax(1)
        probabilities: NDArray[np.float64] = said.numpy()
        return probabilities

    def save(self, folder: Path) -> None:
        """Write the weights (safetensors)."""
        save_model(self.network, str(folder / FILE))

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.network = self.untrained()
        load_model(self.network, folder / FILE)

    def untrained(self) -> nn.Sequential:
        """Return the network with random weights."""
        pixels, width = self.config.size**2, len(self.task.classes) if len(self.task.classes) > 2 else 1
        hidden = self.config.hidden if isinstance(self.config, Learned) else 0
        if not hidden:
            return nn.Sequential(nn.Linear(pixels, width))
        return nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, width))

    def rows(self, frame: DataFrame) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return brightness (n, side * side) and codes of the classes (n,)."""
        return brightness(frame), self.task.codes(frame).astype(np.int64)
