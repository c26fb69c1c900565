"""What is to be told apart in pictures, and how answers become predictions."""

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
    """The classes of a competition of pictures.

    `target` is the column of the answers, `picture` that of the files' paths, `classes` are the values of the target
    in the order of the submission's columns (of two classes, the second is what is predicted), `names` what people
    call them.
    """

    target: str
    picture: str
    classes: tuple[Any, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(self.classes) != len(self.names):
            raise SettingError(
                f"{len(self.classes)} classes and {len(self.names)} names; two or more are needed, paired"
            )

    def codes(self, frame: DataFrame) -> NDArray[np.intp]:
        """Return the place of each row's answer among the classes (n,).

        Raises:
            DataError: for an answer that is none of the classes.
        """
        import pandas as pd

        places: NDArray[np.intp] = pd.Index(self.classes).get_indexer(frame[self.target])
        if (places < 0).any():
            given = frame[self.target][places < 0].iloc[0]
            raise DataError(f"{self.target!r} holds {given!r}; known: {', '.join(map(str, self.classes))}")
        return places

    def require_two_classes(self, frame: DataFrame) -> None:
        """See to it that there is something to tell apart.

        Raises:
            DataError: if all rows have the same answer.
        """
        codes = self.codes(frame)
        if (codes == codes[0]).all():
            raise DataError(
                f"all {len(codes):,} training pictures are of one class, {self.names[codes[0]]!r}; two are needed to tell apart"
            )

    def predictions(self, chances: NDArray[Any]) -> NDArray[np.float64]:
        """Return probabilities (n, classes) as a submission has them: of two classes the second's alone (n,)."""
        import numpy as np

        whole = chances.astype(np.float64)
        whole /= whole.sum(axis=1, keepdims=True)
        return whole[:, 1] if len(self.classes) == 2 else whole

    def chances(self, predictions: NDArray[Any]) -> NDArray[np.float64]:
        """Return what `predictions` gave as probabilities of all classes (n, classes)."""
        import numpy as np

        if predictions.ndim == 1 or predictions.shape[1] == 1:
            second = predictions.reshape(-1).astype(np.float64)
            return np.column_stack((1 - second, second))
        return predictions.astype(np.float64)
