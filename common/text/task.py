"""What is predicted of texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from common.errors import SettingError
from common.target import Target
from common.text.tokens.rules import FLD

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray
    from pandas import DataFrame


@dataclass(frozen=True, kw_only=True)
class TextTask(Target):
    """A target that one or several columns of text decide.

    Models have one output for a number or two classes, the log-odds of the second, else one for each class.
    """

    texts: tuple[str, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.texts:
            raise SettingError("texts is empty; name the columns of text")

    @property
    def outputs(self) -> int:
        """The number of outputs of a model."""
        return len(self.classes) if len(self.classes) > 2 else 1

    def joined(self, frame: DataFrame) -> list[str]:
        """Return the text of each row; each of several columns begins with a mark and its number, as fastai has it."""
        columns: list[list[str]] = [frame[name].tolist() for name in self.texts]
        if len(columns) == 1:
            return columns[0]
        return [
            " ".join(f"{FLD} {number} {text}" for number, text in enumerate(row, 1))
            for row in zip(*columns, strict=True)
        ]

    def matrix(self, frame: DataFrame) -> NDArray[float64]:
        """Return what each output should be: the number, or 1 for the row's class and 0 for the others (n, outputs)."""
        import numpy as np

        classes = np.arange(len(self.classes))[-self.outputs :]
        wanted: Any = self.codes(frame)[:, None] == classes if self.classes else frame[[self.target]].to_numpy()
        return np.asarray(wanted, np.float64)

    def predictions(self, outputs: NDArray[float64]) -> NDArray[float64]:
        """Return what is submitted for log-odds or numbers (n, outputs): (n,) or (n, classes).

        Log-odds of several classes, each against the rest, become probabilities that sum to one as in scikit-learn.
        """
        from scipy.special import expit

        if not self.classes:
            return outputs[:, 0]
        probabilities: NDArray[float64] = expit(outputs.clip(min=-100))  # a sum of nothing but zeros divides nothing
        return probabilities[:, 0] if self.outputs == 1 else probabilities / probabilities.sum(axis=1, keepdims=True)
