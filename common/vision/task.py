"""What is predicted of pictures, and how probabilities become predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import SettingError
from common.target import Target

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Task(Target):
    """Image classification: `picture` is the column of the files' paths."""

    picture: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.classes:
            raise SettingError("a task of pictures needs two or more classes and a name for each, got none")

    def predictions(self, probabilities: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities (n, classes) as a submission has them: of two classes the second's alone (n,)."""
        import numpy as np

        normalised = probabilities.astype(np.float64)
        normalised /= normalised.sum(axis=1, keepdims=True)
        return normalised[:, 1] if len(self.classes) == 2 else normalised

    def probabilities(self, predictions: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities of all classes (n, classes) that `predictions` were made from."""
        import numpy as np

        if predictions.ndim == 1 or predictions.shape[1] == 1:
            second = predictions.reshape(-1).astype(np.float64)
            return np.column_stack((1 - second, second))
        return predictions.astype(np.float64)
