"""Our recipe: a linear head on a frozen body's features, beside it, if wished, the whole network fine-tuned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context
from common.vision.features import features, kept_backbone
from common.vision.head import Head, log_softmax
from common.vision.rows import LOOK
from common.vision.settings import Frozen
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

STRENGTHS = (0.003, 0.01, 0.02, 0.05, 0.15, 0.5, 2.0, 10.0)  # of the head: C, among which inner folds choose
_SHARES = (0.125, 0.25, 0.5, 1.0)  # of the training rows, for the learning curve


class FrozenModel:
    """The head, and the tuned network that shares the log odds with it."""

    def __init__(self, task: Task, config: Frozen, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        self.head = Head(len(task.classes))
        self.tuned: Any = None

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Fit the head on features that are there already, then fine-tune if the settings say so."""
        blocks, codes = features(train, self.config, self.context), self.task.codes(train)
        groups = train[LOOK].to_numpy()
        with self.context.progress.task(f"{self.context.title} · head", 1, "heads") as task:
            self.notes["head"] = self.head.fit(blocks, codes, groups, STRENGTHS, self.config.seed)
            self.notes["curve_by_rows"] = self._curve(blocks, codes, groups, valid)
            task.advance(1)
        if self.config.tuning.epochs:
            from common.vision.tuned import TunedNetwork

            self.tuned = TunedNetwork(self.task, self.config, kept_backbone(self.context), self.context)
            self.tuned.fit(train, valid)
            self.notes |= self.tuned.notes

    def chances(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class (n, classes): of both models, their log odds mixed."""
        import numpy as np

        mixed = self.head.log_chances(features(frame, self.config, self.context))
        if self.tuned is not None:
            weight = self.config.tuning.weight
            mixed = (1 - weight) * mixed + weight * self.tuned.log_chances(frame)
        return np.exp(log_softmax(mixed))

    def save(self, folder: Path) -> None:
        """Write the head's arrays and the tuned weights (safetensors)."""
        self.head.save(folder)
        if self.tuned is not None:
            self.tuned.save(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.head.read(folder)
        if self.config.tuning.epochs:
            from common.vision.tuned import TunedNetwork

            self.tuned = TunedNetwork(self.task, self.config, kept_backbone(self.context), self.context)
            self.tuned.read(folder)

    def _curve(self, blocks: Any, codes: Any, groups: Any, valid: DataFrame) -> list[list[float]]:
        """Return [rows, log loss on the validation rows] of heads that saw a share of the training rows."""
        import numpy as np

        from common.vision.figures import losses

        truth, seen = self.task.codes(valid), features(valid, self.config, self.context)
        order = np.random.default_rng(self.config.seed).permutation(len(codes))
        points = []
        for share in _SHARES:
            some = order[: max(2, round(share * len(codes)))]
            if len(np.unique(codes[some])) < 2:
                continue
            head = self.head if share == 1 else Head(len(self.task.classes))
            if share < 1:
                part = {name: values[some] for name, values in blocks.items()}
                head.fit(part, codes[some], groups[some], (self.notes["head"]["strength"],), self.config.seed)
            points.append([len(some), round(float(losses(truth, np.exp(head.log_chances(seen))).mean()), 5)])
        return points
