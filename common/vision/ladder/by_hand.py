"""The second rung: a linear layer that learns, with nothing hidden: weights, loss, gradient step and loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from common.model import Context
from common.vision.ladder.networks import NetworkModel, batch_accuracy, course_loss
from common.vision.ladder.settings import ByHand
from common.vision.task import Task

if TYPE_CHECKING:
    from pandas import DataFrame


class ByHandModel(NetworkModel):
    """Weights and biases, moved against their gradients."""

    def __init__(self, task: Task, config: ByHand, context: Context) -> None:
        super().__init__(task, config, context)
        self.spread = config.spread

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline."""
        config = self.config
        x, y = map(torch.from_numpy, self.rows(train))
        valid_x, valid_y = map(torch.from_numpy, self.rows(valid))
        chance = torch.Generator().manual_seed(config.seed)
        network = self.untrained()[0]
        weights, bias = (
            (torch.randn(shape, generator=chance) * self.spread).requires_grad_()
            for shape in (network.weight.shape, network.bias.shape)
        )
        epochs = self.notes["epochs"] = []
        with self.context.progress.task(f"{self.context.title} · train", config.epochs, "epochs") as steps:
            for _ in range(config.epochs):
                total = 0.0
                for some in torch.randperm(len(y), generator=chance).split(config.batch_size):
                    loss = course_loss(x[some] @ weights.T + bias, y[some])
                    loss.backward()
                    with torch.no_grad():
                        for parameter in (weights, bias):
                            parameter -= config.learning_rate * parameter.grad
                            parameter.grad = None
                    total += loss.item() * len(some)
                with torch.no_grad():
                    outputs = valid_x @ weights.T + bias
                epochs.append(
                    {
                        "train_loss": round(total / len(y), 5),
                        "valid_loss": round(float(course_loss(outputs, valid_y)), 5),
                        "batch_accuracy": round(float(batch_accuracy(outputs, valid_y)), 5),
                    }
                )
                steps.advance(1, loss=total / len(y))
                if self.context.deadline.passed(10):
                    self.notes["stopped_early"] = True
                    break
        network.weight.data, network.bias.data = weights.data, bias.data
        self.network = torch.nn.Sequential(network)
