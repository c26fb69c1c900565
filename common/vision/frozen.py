"""Our recipe: a linear head on a frozen body's features and, where the settings say so, the whole network fine-tuned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context
from common.vision.beside import Beside
from common.vision.features import Blocks, features, kept_backbone
from common.vision.head import Head, log_softmax
from common.vision.independent import IndependentHead
from common.vision.settings import DUPLICATE_GROUP, Frozen
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

CS = (0.003, 0.01, 0.02, 0.05, 0.15, 0.5, 2.0, 10.0)  # values of C among which inner folds choose the head's
_FRACTIONS = (0.125, 0.25, 0.5, 1.0)  # of the training rows, for the learning curve


class FrozenModel:
    """The head, and the fine-tuned network whose log probabilities are averaged with the head's."""

    def __init__(self, task: Task, config: Frozen, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.beside = Beside(task.beside)
        self.head = Head(len(task.classes))
        self.independent = IndependentHead(log_odds=task.log_odds)
        self.tuned: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Fit the head on features that are there already, then fine-tune if the settings say so."""
        if self.task.beside:
            self.beside.fit(train)
        blocks, groups, seed = self._blocks(train), train[DUPLICATE_GROUP].to_numpy(), self.config.seed
        with self.context.progress.task(f"{self.context.title} · head", 1, "heads") as task:
            if self.task.exclusive:
                codes = self.task.codes(train)
                self.notes["head"] = self.head.fit(blocks, codes, groups, CS, seed)
                self.notes["curve_by_rows"] = self._curve(blocks, codes, groups, valid)
            else:
                self.notes["head"] = self.independent.fit(blocks, self.task.matrix(train), groups, CS, seed)
            task.advance(1)
        if self.config.tuning.epochs:
            self.tuned = self._tuned_network()
            self.tuned.fit(train, valid)
            self.notes |= self.tuned.notes

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return probabilities or numbers (n, outputs): of both models the weighted mean, of classes of the logarithms."""
        import numpy as np

        blocks, weight = self._blocks(frame), self.config.tuning.weight
        if not self.task.exclusive:
            mean = self.independent.outputs(blocks)
            return mean if self.tuned is None else (1 - weight) * mean + weight * self.tuned.predict(frame)
        mean = self.head.predict_log_proba(blocks)
        if self.tuned is not None:
            mean = (1 - weight) * mean + weight * self.tuned.predict(frame)
        return np.exp(log_softmax(mean))

    def save(self, folder: Path) -> None:
        """Write the head's arrays and the tuned weights (safetensors), and what is known of the columns beside."""
        (self.head if self.task.exclusive else self.independent).save(folder)
        if self.task.beside:
            self.beside.save(folder)
        if self.tuned is not None:
            self.tuned.save(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        (self.head if self.task.exclusive else self.independent).read(folder)
        if self.task.beside:
            self.beside.read(folder)
        if self.config.tuning.epochs:
            self.tuned = self._tuned_network()
            self.tuned.read(folder)

    def _blocks(self, frame: DataFrame) -> Blocks:
        """Return the backbone's features, and those of the columns beside the picture."""
        blocks = features(frame, self.config, self.context)
        return {**blocks, "beside": self.beside(frame)} if self.task.beside else blocks

    def _tuned_network(self) -> Any:
        from common.vision.tuned import TunedNetwork

        return TunedNetwork(self.task, self.config, kept_backbone(self.context), self.context)

    def _curve(self, blocks: Any, codes: Any, groups: Any, valid: DataFrame) -> list[list[float]]:
        """Return [rows, log loss on the validation rows] of heads fitted on fractions of the training rows."""
        import numpy as np

        from common.vision.figures import losses

        labels, valid_blocks = self.task.codes(valid), self._blocks(valid)
        order = np.random.default_rng(self.config.seed).permutation(len(codes))
        points = []
        for fraction in _FRACTIONS:
            some = order[: max(2, round(fraction * len(codes)))]
            if len(np.unique(codes[some])) < 2:
                continue
            head = self.head if fraction == 1 else Head(len(self.task.classes))
            if fraction < 1:
                part = {name: values[some] for name, values in blocks.items()}
                head.fit(part, codes[some], groups[some], (self.notes["head"]["C"],), self.config.seed)
            probabilities = np.exp(head.predict_log_proba(valid_blocks))
            points.append([len(some), round(float(losses(labels, probabilities).mean()), 5)])
        return points
