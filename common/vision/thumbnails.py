"""The baseline: gradients and colours of small pictures, and a kernel machine; no network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.model import Context
from common.vision.beside import Beside
from common.vision.gradients import describe
from common.vision.head import quietly
from common.vision.rows import ROW, cache_of
from common.vision.settings import Thumbnails
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL = "model.skops"
_ALPHAS = (1.0, 10.0, 100.0, 1e3, 1e4)  # of the ridge regression
_INNER_FOLDS = 4
_MANY = 100  # labels for which logistic regressions, one after another, would take too long


class ThumbnailsModel:
    """Principal components of gradients, an RBF kernel (Nyström's approximation), logistic or ridge regression."""

    def __init__(self, task: Task, config: Thumbnails, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        # What is drawn into columns of pixels, such as a digit, shows something else in its mirror image.
        self.views = (False, True) if config.mirrored and not task.pixels else (False,)
        self.beside = Beside(task.beside)
        estimators.require_skops()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training pictures, and their mirror images where those show the same."""
        import numpy as np
        from sklearn.decomposition import PCA
        from sklearn.kernel_approximation import Nystroem
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        config = self.config
        with self.context.progress.task(f"{self.context.title} · fit", 2, "steps") as steps:
            values = np.concatenate([self._features(train, mirrored) for mirrored in self.views])
            steps.advance(1)
            kernel = make_pipeline(
                StandardScaler(),
                PCA(min(config.components, *values.shape), random_state=config.seed),
                Nystroem(
                    gamma=config.gamma / values.shape[1],
                    n_components=min(config.landmarks, len(values)),
                    random_state=config.seed,
                ),
                StandardScaler(),
            )
            described = kernel.fit_transform(values)
            components = kernel.named_steps["pca"]  # laid out as they are when read: otherwise the last digits differ
            components.components_ = np.ascontiguousarray(components.components_)
            if self.task.beside:
                described = np.hstack((described, np.tile(self.beside.fit(train)(train), (len(self.views), 1))))
            with quietly():
                self.parts = [kernel, self._head(described, train)]
            steps.advance(1)

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return probabilities or numbers (n, outputs): the mean over the picture's views."""
        import numpy as np

        kernel, head = self.parts
        both = []
        for mirrored in self.views:
            described = kernel.transform(self._features(frame, mirrored))
            if self.task.beside:
                described = np.hstack((described, self.beside(frame)))
            both.append(head.predict_proba(described) if hasattr(head, "predict_proba") else head.predict(described))
        mean: NDArray[np.float64] = np.mean(both, axis=0).reshape(len(frame), -1)
        if not self.task.exclusive:
            return mean[:, -self.task.outputs :]  # of a single label the second class
        probabilities = np.zeros((len(frame), self.task.outputs))
        probabilities[:, head.classes_] = mean
        return probabilities

    def _head(self, described: NDArray[Any], train: DataFrame) -> Any:
        """Return what is fitted on the kernel's values of all pictures in all views."""
        import numpy as np
        from sklearn.linear_model import LogisticRegression
        from sklearn.multiclass import OneVsRestClassifier

        logistic = LogisticRegression(C=self.config.C, max_iter=500)
        if self.task.exclusive:
            return logistic.fit(described, np.tile(self.task.codes(train), len(self.views)))
        targets = np.tile(self.task.matrix(train), (len(self.views), 1))
        varied = (targets.min(axis=0) < targets.max(axis=0)).all()
        if self.task.log_odds and varied and targets.shape[1] <= _MANY and np.isin(targets, (0, 1)).all():
            head = logistic if targets.shape[1] == 1 else OneVsRestClassifier(logistic)
            return head.fit(described, targets.astype(int).squeeze())
        return _ridge(described, targets, len(self.views))

    def _features(self, frame: DataFrame, mirrored: bool) -> NDArray[np.float32]:
        """Return the features of each row's picture, or of its mirror image (n, features)."""
        every = _all_features(cache_of(frame).folder, self.config.cell, mirrored)
        features: NDArray[np.float32] = every[frame[ROW].to_numpy()]
        return features

    def save(self, folder: Path) -> None:
        """Write the kernel and its head in a format that runs no code when it is read."""
        estimators.save(self.parts, folder / MODEL)
        if self.task.beside:
            self.beside.save(folder)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.parts = estimators.load(folder / MODEL)
        if self.task.beside:
            self.beside.read(folder)


def _ridge(described: NDArray[Any], targets: NDArray[np.float64], views: int) -> Any:
    """Return a ridge regression whose penalty predicts pictures best of which it has seen no view."""
    import numpy as np
    from sklearn.linear_model import Ridge

    fold = np.tile(np.arange(len(targets) // views) % _INNER_FOLDS, views)
    spread = targets.std(axis=0) + 1e-12  # each number counts alike

    def error(alpha: float) -> float:
        ridge, total = Ridge(alpha=alpha), 0.0
        for number in range(_INNER_FOLDS):
            inside, outside = fold != number, fold == number
            predicted = ridge.fit(described[inside], targets[inside]).predict(described[outside])
            wrong = predicted.reshape(-1, targets.shape[1]) - targets[outside]  # of one target it is (n,)
            total += float(((wrong / spread) ** 2).sum())
        return total

    return Ridge(alpha=min(_ALPHAS, key=error)).fit(described, targets)


@lru_cache(maxsize=2)  # all folds need the pictures of one cache entry, both ways round
def _all_features(entry: Path, cell: int, mirrored: bool) -> NDArray[np.float32]:
    from common.vision.pictures.cache import entry_at

    pixels = entry_at(entry).pixels
    return describe(pixels[:, :, ::-1] if mirrored else pixels, cell)
