"""The first rung: a picture belongs to the class whose mean picture is nearest to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.model import Context
from common.vision.ladder.settings import Means
from common.vision.rows import pixels
from common.vision.task import Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

FILE = "means.npy"
SHARPNESS = 50.0  # of the probabilities: which class is likeliest does not depend on it


class MeansModel:
    """The mean picture of each class (classes, side * side)."""

    def __init__(self, task: Task, config: Means, context: Context) -> None:
        self.task, self.config = task, config
        self.notes: dict[str, Any] = {}
        self.means: NDArray[np.float32]

    def fit(self, train: DataFrame, valid: DataFrame) -> None:
        """Take the mean of each class; one without a picture is far from all."""
        import numpy as np

        values, codes = brightness(train), self.task.codes(train)
        of_class = [values[codes == code] for code in range(len(self.task.classes))]
        far = np.full(values.shape[1], 1e3, np.float32)
        self.means = np.stack([some.mean(axis=0) if len(some) else far for some in of_class])

    def outputs(self, frame: DataFrame) -> NDArray[np.float64]:
        """Return a probability of each class that falls with the distance to its mean (n, classes)."""
        import numpy as np

        values = brightness(frame)
        distances = np.stack([self._distance(values - mean) for mean in self.means], axis=1)
        near = np.exp(-SHARPNESS * (distances - distances.min(axis=1, keepdims=True)).astype(np.float64))
        probabilities: NDArray[np.float64] = near / near.sum(axis=1, keepdims=True)
        return probabilities

    def _distance(self, differences: NDArray[np.float32]) -> NDArray[np.float32]:
        import numpy as np

        squared = self.config.distance == "L2"
        mean: NDArray[np.float32] = (differences**2 if squared else np.abs(differences)).mean(axis=1)
        return np.sqrt(mean) if squared else mean

    def save(self, folder: Path) -> None:
        """Write the mean pictures in NumPy's own format."""
        import numpy as np

        np.save(folder / FILE, self.means)

    def read(self, folder: Path) -> None:
        """Read what `save` wrote."""
        import numpy as np

        self.means = np.load(folder / FILE, allow_pickle=False)


def brightness(frame: DataFrame) -> NDArray[np.float32]:
    """Return the pictures of readable rows as rows of brightness from 0 to 1 (n, side * side)."""
    import numpy as np

    values: NDArray[np.float32] = pixels(frame).mean(axis=3, dtype=np.float32) / np.float32(255)
    return values.reshape(len(frame), -1)
