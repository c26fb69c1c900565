"""The classes of an image classification task, and how probabilities become predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import DataError, SettingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class Task:
    """Image classification: columns and classes.

    `target` is the column of the labels, `picture` that of the files' paths, `classes` are the values of the target
    in the order of the submission's columns (of two classes, the second is the positive one), `names` what people call
    them.
    """

    target: str
    picture: str
    classes: tuple[Any, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(self.classes) != len(self.names):
            raise SettingError(
                f"a task needs two or more classes and a name for each, got {len(self.classes)} classes and "
                f"{len(self.names)} names"
            )

    def codes(self, frame: DataFrame) -> NDArray[np.intp]:
        """Return the index of each row's label among the classes (n,).

        Raises:
            DataError: for a label that is none of the classes.
        """
        import pandas as pd

        codes: NDArray[np.intp] = pd.Index(self.classes).get_indexer(frame[self.target])
        if (codes < 0).any():
            label = frame[self.target][codes < 0].iloc[0]
            raise DataError(f"{self.target!r} holds {label!r}; known: {', '.join(map(str, self.classes))}")
        return codes

    def require_two_classes(self, frame: DataFrame) -> None:
        """Check that there is something to tell apart.

        Raises:
            DataError: if all rows have the same label.
        """
        codes = self.codes(frame)
        if (codes == codes[0]).all():
            raise DataError(
                f"all {len(codes):,} training pictures are of one class, {self.names[codes[0]]!r}; two are needed"
            )

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
