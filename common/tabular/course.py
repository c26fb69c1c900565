"""The course's recipe: fastai's `tabular_learner` with layers of 200 and 100 units, one cycle."""

from __future__ import annotations

import common.fastai  # noqa: F401  # first of all: it imports fastai without that one's warnings

# isort: split
import copy
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from fastai.data.core import DataLoaders
from fastai.learner import Learner
from fastai.tabular.model import TabularModel, emb_sz_rule
from safetensors.torch import load_model, save_model
from torch import Tensor
from torch.nn import functional

from common.fastai import phases
from common.fastai.batches import Rows
from common.fastai.lean import LeanLearner
from common.fastai.learner import quiet
from common.fastai.phases import Phase
from common.model import Context, Model
from common.progress import clock
from common.tabular.columns import Layout
from common.tabular.goal import Goal, compared
from common.tabular.processing import Processing
from common.tabular.settings import Course
from common.tabular.task import TabularTask

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame

WEIGHTS, GOAL = "network.safetensors", "goal.json"
STEPS = 2_000  # batches of an epoch at most: of a larger table they are larger
BOUNDED = 4.0  # spreads from the mean within which a number has a range to stay in
AT_ONCE = 50_000  # rows predicted together
TRIED = 3  # batches by which the time of all is told


class CourseModel(Model):
    """A network of embeddings of the categories beside the normalised numbers."""

    def __init__(self, task: TabularTask, config: Course, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        layout = Layout.load(context.run)
        self.layout = layout.only(config.columns) if config.columns else layout
        self.notes: dict[str, Any] = {}
        self.goal: Goal
        self.processing: Processing
        self.model: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Train to the end or to the deadline; goes on from the last checkpoint."""
        train, valid = (frame[frame[list(self.task.targets)].notna().all(axis=1)] for frame in (train, valid))
        learn = self.learner(train, valid)
        self._announce(learn)
        self.notes = phases.fit(
            learn, [Phase(epochs=self.config.epochs, rate=self.config.learning_rate)], self.context,
            key=f"{self.processing.sizes}", seed=self.config.seed, minutes=self.config.checkpoint_minutes, unit="rows",
            reserve=lambda speed: 10 + 2 * (len(train) + len(valid)) / max(speed, 1.0),
        )  # fmt: skip
        self.model = learn.model.cpu()
        self.notes |= compared(self.task, self.goal, train, valid, self.outputs(valid), self.context)

    def learner(self, train: DataFrame, valid: DataFrame) -> Learner:
        """Return fastai's learner of the network."""
        self.goal = Goal.of(self.task, train)
        self.processing = Processing.of(train, self.layout)
        size = max(self.config.batch_size, len(train) // STEPS)
        loaders = [self._rows(frame, size, seed) for frame, seed in ((train, self.config.seed), (valid, None))]
        torch.manual_seed(self.config.seed)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return quiet(LeanLearner(DataLoaders(*loaders, device=device), self._network(), loss_func=Loss(self.goal)))

    def outputs(self, frame: DataFrame) -> NDArray[float64]:
        """Return outputs (n, width)."""
        model, outputs = self.model.eval(), np.empty((len(frame), self.goal.width))
        with torch.no_grad():
            for start in range(0, len(frame), AT_ONCE):
                codes, numbers = self.processing(frame.iloc[start : start + AT_ONCE])
                said = model(torch.from_numpy(codes), torch.from_numpy(numbers))
                if self.goal.classifies:
                    said = said.softmax(-1) if self.goal.kind == "classes" else said.sigmoid()
                outputs[start : start + AT_ONCE] = said.numpy()
        return outputs

    def predict(self, frame: DataFrame) -> NDArray[float64]:
        """Return the number or the second class's probability of each row (n,), or all of them (n, columns)."""
        return self.goal.predictions(self.outputs(frame))

    def save(self, folder: Path) -> None:
        """Write the weights, and what was learnt of the columns."""
        save_model(self.model, str(folder / WEIGHTS))
        self.processing.save(folder)
        (folder / GOAL).write_text(json.dumps(asdict(self.goal)) + "\n", encoding="utf-8")

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.processing = Processing.load(folder)
        self.goal = Goal.from_json(json.loads((folder / GOAL).read_text(encoding="utf-8")))
        self.model = self._network()
        load_model(self.model, folder / WEIGHTS)

    def _network(self) -> TabularModel:
        """Return an untrained network with embeddings as wide as fastai's rule has them."""
        processing, goal = self.processing, self.goal
        sizes = [(size, emb_sz_rule(size)) for size in processing.sizes]
        reach = None if goal.classifies else goal.reach()
        return TabularModel(
            sizes, len(processing.medians), goal.width, list(self.config.layers),
            y_range=reach if reach is not None and max(map(abs, reach)) <= BOUNDED else None,
            bn_cont=bool(processing.medians),
        )  # fmt: skip

    def _rows(self, frame: DataFrame, size: int, seed: int | None) -> Rows:
        targets = self.goal.encode(self.task, frame)
        wanted = targets[:, 0].astype(np.int64) if self.goal.kind == "classes" else targets.astype(np.float32)
        return Rows(*self.processing(frame), wanted, size=size, seed=seed)

    def _announce(self, learn: Learner) -> None:
        """Say how long it will take here, by the first batches."""
        model, loader = copy.deepcopy(learn.model).to(learn.dls.device), learn.dls.train
        loss, started, done = Loss(self.goal), time.monotonic(), 0
        for done, (codes, numbers, targets) in enumerate(loader, 1):
            said = model(codes.to(learn.dls.device), numbers.to(learn.dls.device))
            loss(said, targets.to(learn.dls.device)).backward()
            if done == TRIED:
                break
        seconds = (time.monotonic() - started) / max(done, 1) * len(loader) * self.config.epochs
        self.context.progress.say(
            f"{self.context.title}: {len(self.processing.medians)} numbers and {len(self.processing.sizes)} categories; "
            f"about {clock(seconds)}"
        )


class Loss:
    """Cross-entropy of classes or marks, the squared or absolute error of numbers.

    `counted` is how many targets the last batch had, `correct` of how many the class was the likeliest (None for others).
    """

    def __init__(self, goal: Goal) -> None:
        self.goal, self.counted = goal, 0
        self.correct: int | None = None

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of outputs (batch, width)."""
        self.counted = len(targets)
        if self.goal.kind == "classes":
            self.correct = int((outputs.detach().argmax(-1) == targets).sum())
            return functional.cross_entropy(outputs, targets)
        if self.goal.kind == "marks":
            return functional.binary_cross_entropy_with_logits(outputs, targets)
        return (functional.l1_loss if self.goal.absolute else functional.mse_loss)(outputs, targets)
