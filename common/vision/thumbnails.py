"""The baseline: gradients and colours of small pictures, classified by a kernel machine; no network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common import estimators
from common.model import Context
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


class ThumbnailsModel:
    """Principal components of gradients, an RBF kernel (Nyström's approximation), logistic regression."""

    def __init__(self, task: Task, config: Thumbnails, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        estimators.require_skops()

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Learn from the training pictures and their mirror images."""
        import numpy as np
        from sklearn.decomposition import PCA
        from sklearn.kernel_approximation import Nystroem
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        config = self.config
        with self.context.progress.task(f"{self.context.title} · fit", 2, "steps") as steps:
            values = np.concatenate([self._features(train, mirrored) for mirrored in (False, True)])
            codes = np.tile(self.task.codes(train), 2)
            steps.advance(1)
            pipeline = make_pipeline(
                StandardScaler(),
                PCA(min(config.components, *values.shape), random_state=config.seed),
                Nystroem(
                    gamma=config.gamma / values.shape[1],
                    n_components=min(config.landmarks, len(values)),
                    random_state=config.seed,
                ),
                StandardScaler(),
                LogisticRegression(C=config.C, max_iter=500),
            )
            with quietly():
                self.pipeline = pipeline.fit(values, codes)
            steps.advance(1)

    def predict_proba(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class (n, classes): the mean of the picture's and its mirror image's."""
        import numpy as np

        both = [self.pipeline.predict_proba(self._features(frame, mirrored)) for mirrored in (False, True)]
        probabilities = np.zeros((len(frame), len(self.task.classes)))
        probabilities[:, self.pipeline.classes_] = np.mean(both, axis=0)
        return probabilities

    def _features(self, frame: DataFrame, mirrored: bool) -> NDArray[np.float32]:
        """Return the features of each row's picture, or of its mirror image (n, features)."""
        every = _all_features(cache_of(frame).folder, self.config.cell, mirrored)
        features: NDArray[np.float32] = every[frame[ROW].to_numpy()]
        return features

    def save(self, folder: Path) -> None:
        """Write the pipeline in a format that runs no code when it is read."""
        estimators.save(self.pipeline, folder / MODEL)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        self.pipeline = estimators.load(folder / MODEL)


@lru_cache(maxsize=2)  # all folds need the pictures of one cache entry, both ways round
def _all_features(entry: Path, cell: int, mirrored: bool) -> NDArray[np.float32]:
    from common.vision.pictures.cache import entry_at

    pixels = entry_at(entry).pixels
    return describe(pixels[:, :, ::-1] if mirrored else pixels, cell)
