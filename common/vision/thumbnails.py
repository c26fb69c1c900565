"""The baseline: gradients and colours of small pictures, told apart by a kernel machine; no network."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import DeviceError
from common.model import Context
from common.vision.gradients import describe
from common.vision.head import quietly
from common.vision.rows import ROW, entries
from common.vision.settings import Thumbnails
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

MODEL = "model.skops"


class ThumbnailsModel:
    """Principal components of gradients, compared to landmarks (Nyström's approximation), logistic regression."""

    def __init__(self, task: Task, config: Thumbnails, context: Context) -> None:
        self.task, self.config, self.context = task, config, context
        self.notes: dict[str, Any] = {}
        _require_skops()

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
            described = np.concatenate([self._described(train, mirrored) for mirrored in (False, True)])
            codes = np.tile(self.task.codes(train), 2)
            steps.advance(1)
            pipeline = make_pipeline(
                StandardScaler(),
                PCA(min(config.components, *described.shape), random_state=config.seed),
                Nystroem(
                    gamma=config.width / described.shape[1],
                    n_components=min(config.landmarks, len(described)),
                    random_state=config.seed,
                ),
                StandardScaler(),
                LogisticRegression(C=config.strength, max_iter=500),
            )
            with quietly():
                self.pipeline = pipeline.fit(described, codes)
            steps.advance(1)

    def chances(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return the probability of each class for each row: the mean of the picture's and its mirror image's."""
        import numpy as np

        both = [self.pipeline.predict_proba(self._described(frame, mirrored)) for mirrored in (False, True)]
        made = np.zeros((len(frame), len(self.task.classes)))
        made[:, self.pipeline.classes_] = np.mean(both, axis=0)
        return made

    def _described(self, frame: DataFrame, mirrored: bool) -> NDArray[np.float32]:
        """Return what can be seen in each row's picture, or in its mirror image (n, features)."""
        import numpy as np

        parts = [
            (places, _all_described(entry, self.config.cell, mirrored)[frame[ROW].to_numpy()[places]])
            for entry, places in entries(frame)
        ]
        made = np.empty((len(frame), parts[0][1].shape[1]), dtype=np.float32)
        for places, values in parts:
            made[places] = values
        return made

    def save(self, folder: Path) -> None:
        """Write the pipeline in a format that runs no code when it is read."""
        from skops import io

        io.dump(self.pipeline, folder / MODEL)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        from skops import io

        self.pipeline = io.load(folder / MODEL, trusted=[])


@lru_cache(maxsize=2)  # one picture cache, both ways round, is what all folds look at
def _all_described(entry: Path, cell: int, mirrored: bool) -> NDArray[np.float32]:
    from common.vision.pictures.cache import reopened

    pixels = reopened(entry).pixels
    return describe(pixels[:, :, ::-1] if mirrored else pixels, cell)


def _require_skops() -> None:
    """Say before training, not when a model is to be saved or read, that its file format is missing."""
    from importlib.util import find_spec

    if find_spec("skops") is None:
        raise DeviceError(
            "the package skops, which keeps the baseline in a file that runs no code, is missing: pip install skops, "
            "or attach the dataset of kit dataset wheels"
        )
